"""`harness score`: verdicts in a table, without a spec."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from harness.cli import main

TABLE = """\
id,prompt,gpt4,claude,ann,bob,topic
1,p1,A,A,A,A,x
2,p2,B,A,B,B,x
3,p3,A,B,tie,B,y
4,p1,tie,,A,A,y
5,p5,A,A,B,,y
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "My verdicts.csv").write_text(TABLE)
    return tmp_path


def score(folder: Path, *arguments: str) -> Result:
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, ["score", *arguments])


def frame(folder: Path, name: str) -> pl.DataFrame:
    (file,) = folder.glob(f"results/*/*/{name}")
    return pl.read_parquet(file)


def outcomes(folder: Path) -> dict[str, list[str]]:
    found = frame(folder, "judgments.parquet").with_columns(pl.coalesce("verdict", "failure").alias("outcome"))
    return {
        key[0].rpartition(":")[2]: part["outcome"].to_list()
        for key, part in found.group_by("cell", maintain_order=True)
    }


def test_judges_and_people_are_columns(folder):
    done = score(folder, "My verdicts.csv", "--judge", "gpt4", "--judge", "claude", "--human", "ann", "--by", "topic")
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"gpt4": ["a", "b", "a", "tie", "a"], "claude": ["a", "a", "b", "unparsed", "a"]}
    scores = {
        row["models"][0]: row["value"] for row in frame(folder, "scores.parquet").filter(metric="accuracy").to_dicts()
    }
    assert scores == {"gpt4": 2 / 5, "claude": 1 / 5}
    items = frame(folder, "items.parquet")
    assert items["category"].to_list() == ["x", "x", "y", "y", "y"]
    assert items["item"].to_list() == ["1", "2", "3", "4", "5"]
    assert sorted(file.name for file in folder.iterdir()) == ["My verdicts.csv", "results"]


def test_several_annotators_and_clusters(folder):
    arguments = ["--judge", "gpt4", "--human", "ann", "--human", "bob", "--cluster", "prompt", "--name", "mine"]
    assert score(folder, "My verdicts.csv", *arguments).exit_code == 0
    items = frame(folder, "items.parquet")
    assert items["labels"].to_list()[2] == ["tie", "b"]
    assert items["cluster"].to_list() == ["p1", "p2", "p3", "p1", "p5"]
    assert (folder / "results" / "mine").is_dir()


def test_every_command_takes_the_run(folder):
    assert score(folder, "My verdicts.csv", "--judge", "gpt4", "--judge", "claude", "--human", "ann").exit_code == 0
    (run,) = (folder / "results" / "my-verdicts").iterdir()
    for command in (["audit", str(run)], ["leaderboard", str(run)], ["compare", str(run), str(run)]):
        with contextlib.chdir(folder):
            done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, (command, done.output)


def test_files_are_joined_by_the_ids_of_items(folder):
    rows = [{"pair": str(n), "gold": gold} for n, gold in [(5, 1), (2, 2), (1, 1), (4, 0)]]
    (folder / "labels.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / "v.csv").write_text("pair,judge one\n1,1\n2,1\n3,2\n4,0\n5,2\n")
    arguments = [
        "--judge",
        "judge one",
        "--human",
        "gold",
        "--item",
        "pair",
        "--values",
        "1=a,2=b",
        "--values",
        "0=tie",
    ]
    done = score(folder, "v.csv", "labels.jsonl", *arguments)
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"judge-one": ["b", "a", "a", "tie"]}
    assert frame(folder, "items.parquet")["reference"].to_list() == ["a", "b", "a", "tie"]


def test_rows_without_ids_are_numbered_and_repeated_ids_are_no_ids(folder):
    (folder / "v.json").write_text(json.dumps([{"j": "a", "h": "a"}, {"j": "refused", "h": "b"}]))
    assert score(folder, "v.json", "--judge", "j", "--human", "h").exit_code == 0
    assert outcomes(folder) == {"j": ["a", "refused"]}
    (folder / "w.csv").write_text("id,j,h\n1,a,a\n1,b,b\n")
    assert score(folder, "w.csv", "--judge", "j", "--human", "h", "--results", "other").exit_code == 0


def test_values_without_a_meaning_are_one_message_with_the_option_to_paste(folder):
    (folder / "v.csv").write_text("j,h\nfirst,A\nfirst,A\nsecond,B\n")
    done = score(folder, "v.csv", "--judge", "j", "--human", "h")
    assert done.exit_code == 2
    assert "`first` (2 times)" in done.output
    assert '--values "first=a,second=b"; the other values keep their meaning' in done.output
    assert not (folder / "results").exists()
    for values in ("first=a,second=b", "first=a,second=b,A=a,B=b"):
        fixed = score(folder, "v.csv", "--judge", "j", "--human", "h", "--values", values)
        assert fixed.exit_code == 0, fixed.output
        assert outcomes(folder) == {"j": ["a", "a", "b"]}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([], ["`Both` (once) has no meaning", '--values "Both=tie"; the other']),
        (["--values", "A=b"], ["`B` (2 times), `Both` (once) have", '--values "A=b,B=?,Both=tie", with a']),
        (["--values", "A=b,Both=tie,B=a"], []),
    ],
)
def test_only_unknown_values_are_named_and_known_ones_keep_their_meaning(folder, values, named):
    (folder / "v.csv").write_text("j,h\nA,A\nB,B\nBoth,A\n")
    done = score(folder, "v.csv", "--judge", "j", "--human", "h", *values)
    assert done.exit_code == (2 if named else 0), done.output
    for text in named:
        assert text in done.output
    assert "`A`" not in done.output


def test_a_placeholder_is_not_accepted_as_a_meaning(folder):
    (folder / "v.csv").write_text("j,h\n1,A\n2,B\n")
    done = score(folder, "v.csv", "--judge", "j", "--human", "h")
    assert '--values "1=?,2=?", with a meaning for each ?' in done.output
    assert score(folder, "v.csv", "--judge", "j", "--human", "h", "--values", "1=?,2=?").exit_code == 2


def test_slices_that_are_too_small_say_why_nothing_is_compared(folder):
    (folder / "v.csv").write_text("j,h,kind\n" + "a,a,x\nb,a,x\nb,b,y\n" * 3)
    done = score(folder, "v.csv", "--judge", "j", "--human", "h", "--by", "kind", "--format", "table")
    assert (
        "no slice can be compared with the rest: fewer than 20 labelled items in each (n is at most 6)" in done.output
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv", "--judge", "j"], "none.csv: cannot be read: no such file or directory"),
        (["My verdicts.csv", "--judge", "gpt5"], "there is no column `gpt5` in My verdicts.csv; did you mean `gpt4`?"),
        (["My verdicts.csv", "--judge", "gpt5", "--human", "nan"], "there is no column `nan`"),
        (["My verdicts.csv", "--judge", "gpt4", "--values", "1"], "is not VALUE=MEANING"),
        (["My verdicts.csv", "--judge", "gpt4", "--values", "1=win"], "is not VALUE=MEANING"),
        (["data.xlsx", "--judge", "gpt4"], "the ending does not say what format it has"),
        (["My verdicts.csv"], "Missing option '--judge'"),
        (["empty.csv", "--judge", "j"], "holds no rows"),
        (["uneven.csv", "--judge", "j"], "uneven.csv:2: 1 fields where the header has 2"),
        (["broken.json", "--judge", "j"], "broken.json: is not valid JSON"),
        (["a.csv", "b.csv", "--judge", "j", "--human", "h"], "has no ids of items to join the files by"),
        (["a.csv", "b.csv", "--judge", "j", "--human", "h", "--human", "j", "--item", "j"], "`j` is not in b.csv"),
    ],
)  # fmt: skip
def test_mistakes(folder, arguments, message):
    (folder / "data.xlsx").touch()
    (folder / "empty.csv").write_text("j\n")
    (folder / "uneven.csv").write_text("j,h\na\n")
    (folder / "broken.json").write_text("[{")
    (folder / "a.csv").write_text("j\na\n")
    (folder / "b.csv").write_text("h\na\n")
    done = score(folder, *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert not (folder / "results").exists()


def test_the_board_in_another_format(folder):
    done = score(
        folder, "My verdicts.csv", "--judge", "gpt4", "--human", "ann", "--metric", "accuracy", "--format", "json"
    )
    assert done.exit_code == 0
    assert '"accuracy"' in done.stdout
