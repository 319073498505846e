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
        (["My verdicts.csv", "--judge", "x=verdict:"], "the judge `x` has a field without a column"),
        (["wide.csv", "--judge", "zzzz"], "`c08`, `c09` and 2 more"),
        (["wide.csv", "--judge", "s=score_a:c00,score_b:c01", "--scale", "1,5"],
         "the scores in `c00` are from 2 to 7, outside --scale 1,5; name the least and the greatest score"),
        (["a.csv", "--judge", "j", "--spec", "sub/mine.yaml"], "--spec sub/mine.yaml: `a.csv` lies outside the folder"),
        (["wide.csv", "--judge", "p=p_a:c00", "--spec", "mine.yaml"], "wide.csv:2: `p_a` is 7, it must be from 0 to 1"),
        (["My verdicts.csv"], "no judge is named; --judge COLUMN, or --judge-column COLUMN"),
        (["empty.csv", "--judge", "j"], "holds no rows"),
        (["uneven.csv", "--judge", "j"], "uneven.csv:2: 1 field where the header has 2"),
        (["broken.json", "--judge", "j"], "broken.json: is not valid JSON"),
        (["a.csv", "b.csv", "--judge", "j", "--human", "h"], "has no ids of items to join rows or files by"),
        (["a.csv", "b.csv", "--judge", "j", "--human", "h", "--item", "j"], "b.csv: there is no column `j` with ids"),
    ],
)  # fmt: skip
def test_mistakes(folder, arguments, message):
    (folder / "data.xlsx").touch()
    (folder / "empty.csv").write_text("j\n")
    (folder / "uneven.csv").write_text("j,h\na\n")
    (folder / "broken.json").write_text("[{")
    (folder / "a.csv").write_text("j\na\n")
    (folder / "b.csv").write_text("h\na\n")
    rows = [[f"c{number:02}" for number in range(12)], ["7", *["1"] * 11], ["2", *["nan"] * 11]]
    (folder / "wide.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    done = score(folder, *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert not (folder / "results").exists()
    assert not list(folder.rglob("*.yaml"))


def test_the_board_in_another_format(folder):
    done = score(
        folder, "My verdicts.csv", "--judge", "gpt4", "--human", "ann", "--metric", "accuracy", "--format", "json"
    )
    assert done.exit_code == 0
    assert '"accuracy"' in done.stdout


# --- rows of judges, orders and repeats; scores, preferences; votes and shares -------------------------------

ROWS = """\
id,judge,shown,run,winner,label,topic
1,x,AB,1,A,a,s
1,x,BA,1,B,a,s
1,y,AB,1,B,a,s
1,y,BA,1,A,a,s
2,x,AB,1,B,b,t
2,x,BA,1,B,b,t
2,y,AB,1,B,b,t
2,y,BA,1,,b,t
"""


def test_rows_of_judges_and_orders_are_one_item(folder):
    (folder / "rows.csv").write_text(ROWS)
    arguments = ["--judge-column", "judge", "--order", "shown", "--human", "label"]
    done = score(folder, "rows.csv", *arguments, "--by", "topic", "--spec", "mine.yaml", "--report", "r.html")
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"x/both": ["a", "tie"], "y/both": ["b", "unparsed"]}
    assert frame(folder, "items.parquet")["reference"].to_list() == ["a", "b"]
    assert "audit\nrows, 2 items, 2 cells" in done.stdout
    assert "wrote r.html" in done.stderr
    assert (folder / "mine.items.jsonl").read_text().count("\n") == 2
    with contextlib.chdir(folder):
        again = CliRunner().invoke(main, ["run", "mine.yaml", "--offline"])
    assert again.exit_code == 0, again.output
    assert len(list(folder.glob("results/rows/*"))) == 1  # the same run
    refused = score(folder, "rows.csv", *arguments, "--spec", "mine.yaml")
    assert "`mine.items.jsonl`, `mine.yaml` exists already" in refused.output


def test_scores_preferences_and_shares_have_their_values(folder):
    rows = [("1", 9, 2, 1.1, 3, 1), ("2", 4, 4, 1.9, 0, 2), ("3", 1, 8, 1.5, 1, 1)]
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "v.csv").write_text("id,rm_score_a,rm_score_b,pref,va,vb\n" + "\n".join(lines) + "\n")
    arguments = ["--judge", "rm", "--judge", "soft=preference:pref", "--human", "a:va,b:vb", "--scale", "1,10"]
    done = score(folder, "v.csv", *arguments)
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"rm": ["a", "tie", "b"], "soft": ["a", "b", "tie"]}
    judged = frame(folder, "judgments.parquet")
    assert judged.filter(pl.col("cell").str.ends_with("soft"))["preference"].to_list() == pytest.approx([0.9, 0.1, 0.5])
    assert judged.filter(pl.col("cell").str.ends_with("rm"))["score_a"].to_list() == [9, 4, 1]
    assert frame(folder, "items.parquet")["soft_label"].to_list() == [0.75, 0, 0.5]


def test_votes_in_rows_are_labels_of_annotators(folder):
    votes = [("1", "ann", "B"), ("1", "bob", "A"), ("1", "cy", "A"), ("3", "bob", "tie"), ("9", "ann", "A")]
    (folder / "votes.csv").write_text("id,who,vote\n" + "".join(f"{','.join(vote)}\n" for vote in votes))
    done = score(folder, "My verdicts.csv", "votes.csv", "--judge", "gpt4", "--human", "vote", "--annotator", "who")
    assert done.exit_code == 0, done.output
    assert frame(folder, "items.parquet")["labels"].to_list()[0] == ["b", "a", "a"]
    assert frame(folder, "items.parquet")["reference"].to_list() == ["a", None, "tie", None, None]


def test_objects_in_a_column_are_judgments_and_what_is_not_used_is_said(folder):
    rows = [
        {"id": n, "j": {"winner": word, "cost_usd": 0.5}, "h": word or "A"} for n, word in enumerate(("A", "B", ""))
    ]
    (folder / "v.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = score(folder, "v.jsonl", "--judge", "j", "--human", "h", "--values", "draw=tie")
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"j": ["a", "b", "unparsed"]}
    assert "USD" in done.stdout
    assert "--values `draw`: no verdict and no label has this value" in done.stderr


def test_a_table_of_preferences_alone_has_the_texts_and_writers_that_are_named(folder):
    rows = [{"q": f"q{n}", "left": "x", "right": "y", "one": "m1", "two": "m2", "pref": 1.25} for n in range(3)]
    (folder / "v.json").write_text(json.dumps(rows))
    assert score(folder, "v.json", "--judge", "j=preference:pref", "--results", "bare").exit_code == 0
    texts = ["prompt=q", "response_a=left", "response_b=right", "model_a=one", "model_b=two"]
    arguments = [word for text in texts for word in ("--column", text)]
    done = score(folder, "v.json", "--judge", "j=preference:pref", *arguments)
    assert done.exit_code == 0, done.output
    assert outcomes(folder) == {"j": ["a"] * 3}
    items = frame(folder, "items.parquet")
    assert items.select("model_a", "model_b").row(0) == ("m1", "m2")
    assert items["cluster"].to_list() == ["1", "2", "3"]
    wrong = score(folder, "v.json", "--judge", "j=preference:pref", "--column", "question=q")
    assert "'question' is not NAME=COLUMN with one of prompt" in wrong.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rows.csv", "--judge-column", "judge"], "`x` judges item `1` in 2 rows, and 1 other item in several; name"),
        (["rows.csv", "--judge-column", "judge", "--judge", "z"], "`judge` has no judge `z`"),
        (["rows.csv", "--judge-column", "judge", "--order", "topic"], '--order-values "s=?,t=?"'),
        (["rows.csv", "--judge-column", "judge", "--verdict", "run", "--order", "shown"], "`1` (8 times) has no mean"),
        (["rows.csv", "--judge-column", "run", "--order", "shown", "--human", "label"], "judges item `1` in 2 rows"),
        (["rows.csv", "--judge", "winner", "--order", "shown", "--human", "topic"], '--values "s=?,t=?"'),
        (["rows.csv", "--judge", "winner", "--verdict", "winner"], "--verdict needs --judge-column"),
        (["rows.csv", "--judge", "winner", "--order-values", "AB=given"], "--order-values needs --order"),
        (["rows.csv", "--judge", "winner", "--scale", "1"], "is not MIN,MAX"),
        (["rows.csv", "--judge", "winner", "--scale", "3,3"], "MIN must be less than MAX"),
        (["p.csv", "--judge", "p"], "`--judge p=preference:p`, the probability of a `--judge p=p_a:p`"),
        (["p.csv", "--judge", "j=score_a:p"], "`j` has `score_a` and no `score_b`"),
        (["p.csv", "--judge", "j=cost_usd:p"], "`j` has no column with a result"),
        (["p.csv", "--judge", "h", "--human", "p"], "the share of annotators who prefer a is `--human p_a:p`"),
        (["p.csv", "--judge", "h", "--human", "b:p"], "shares of labels need a column for a"),
        (["p.csv", "--judge", "h", "--human", "a:p", "--human", "h"], "labels are both shares and verdicts"),
        (["p.csv", "--judge", "h", "--human", "h", "--human", "p", "--annotator", "h"], "needs one column of labels"),
        (["p.csv", "rows.csv", "--judge", "h", "--human", "id"], "`id` is a column of p.csv and rows.csv; name the"),
        (["rows.csv", "--judge", "winner", "--human", "topic", "--annotator", "run"], '--values "s=?,t=?"'),
        (["d.jsonl", "--judge", "j"], "holds objects with the keys `x`, none of which is a verdict"),
        (["d.jsonl", "--judge", "j.y"], "the path `j.y` leads nowhere in every row"),
    ],
)  # fmt: skip
def test_mistakes_in_rows_and_fields(folder, arguments, message):
    (folder / "rows.csv").write_text(ROWS)
    (folder / "p.csv").write_text("id,p,h\n1,0.5,a\n")
    (folder / "d.jsonl").write_text('{"j": {"x": 1}}\n')
    done = score(folder, *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert not (folder / "results").exists()
