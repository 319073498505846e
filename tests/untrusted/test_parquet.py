"""Small Parquet files that would take all memory: each is refused, in words and quickly."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.data import parquet_bounds
from harness.errors import RunFolderError
from harness.report.items.run_rows import draft_rows, drafts_with
from harness.runner.run_check import CHECKSUMS, checksums_json
from support.parquet_files import Page, write_column
from support.paths import ROOT
from untrusted.test_bombs import SPEC, seconds

HUGE = 1_900_000_000
"""Bytes."""


def parquet_bomb(path: Path, columns: dict[str, str], rows: int, *, nested: bool = False) -> None:
    """A file of a few kilobytes in which one text of a mebibyte recurs in every row."""
    long = pl.Series(["x" * 2**20]).new_from_index(0, rows)
    others = {name: pl.Series([value]).new_from_index(0, rows) for name, value in columns.items()}
    frame = pl.DataFrame({"id": [str(at) for at in range(rows)], **others, "response_b": long})
    if nested:
        frame = frame.with_columns(pl.struct(pl.concat_list("response_b").alias("x")).alias("response_b"))
    frame.write_parquet(path)
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("verb", ["validate", "plan", "run"])
def test_a_dataset_in_parquet_that_unpacks_to_far_more_is_refused(tmp_path: Path, verb: str, nested: bool) -> None:
    columns = {"prompt": "p", "response_a": "a", "label": "a"}
    parquet_bomb(tmp_path / "pairs.parquet", columns, 300, nested=nested)
    (tmp_path / "spec.yaml").write_text(SPEC.replace("pairs.jsonl", "pairs.parquet"))
    places = [] if verb == "validate" else ["--cache", str(tmp_path / "c"), "--results", str(tmp_path / "r")]
    with seconds(10):
        shown = CliRunner().invoke(main, [verb, str(tmp_path / "spec.yaml"), *places])
    assert shown.exit_code == 2
    found = "bytes or more, over" if nested else "bytes of text, more than"  # in a list polars repeats the text itself
    assert re.search(rf"pairs\.parquet: unpacks to 314,\d+,\d+ {found} 400 times its \d", shown.output)


def test_votes_in_parquet_that_unpack_to_far_more_are_refused(tmp_path: Path) -> None:
    parquet_bomb(tmp_path / "votes.parquet", {"prompt": "p", "response_a": "a", "label": "a"}, 300)
    words = ["score", str(tmp_path / "votes.parquet"), "--judge", "response_b", "--human", "label"]
    with seconds(10):
        shown = CliRunner().invoke(main, [*words, "--results", str(tmp_path)])
    assert shown.exit_code == 2
    assert "votes.parquet: unpacks to 314," in shown.output, shown.output


WITH_PEAK = """\
import atexit
from pathlib import Path
from harness.cli import main
atexit.register(lambda: print(Path("/proc/self/status").read_text()))
main(prog_name="harness")
"""
"""The command line, which prints its peak memory at the end."""


def huge_page(path: Path) -> None:
    """A file of 60 kB with one text of 1.9 GB."""
    write_column(path, [Page(HUGE.to_bytes(4, "little"), 1, zeros=HUGE)], 1)
    assert path.stat().st_size < 200_000


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_a_huge_page_is_not_unpacked(tmp_path: Path) -> None:
    huge_page(tmp_path / "pairs.parquet")
    (tmp_path / "spec.yaml").write_text(SPEC.replace("pairs.jsonl", "pairs.parquet"))
    words = [sys.executable, "-c", WITH_PEAK, "validate", "spec.yaml"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert re.search(r"pairs\.parquet: unpacks to 1,900,000,004 bytes or more, over 400 times its \d", ended.stderr)
    assert "Traceback" not in ended.stderr
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+) kB", ended.stdout)
    assert int(peak_kb) < 400_000


@pytest.mark.parametrize(
    ("verb", "file"),
    [
        ("compare", "judgments.parquet"),
        ("audit", "items.parquet"),
        ("report", "scores.parquet"),
        ("leaderboard", "prompts.parquet"),
        ("export", "judgments.parquet"),
    ],
)
def test_a_huge_page_in_a_run_folder_is_not_unpacked(tmp_path: Path, verb: str, file: str) -> None:
    (run,) = (ROOT / "results" / "quickstart").iterdir()
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    huge_page(folder / file)
    (folder / CHECKSUMS).write_text(json.dumps(checksums_json(folder)))
    with seconds(20):
        shown = invoked(verb, folder, tmp_path)
    assert shown.exit_code == 2, shown.output
    assert f"{file}: unpacks to 1,900,000,004 bytes or more" in shown.output
    assert len(shown.output) < 2_000


def invoked(verb: str, folder: Path, out: Path) -> Result:
    """A verb on a run folder."""
    more = {"report": ["--out", str(out / "page.html")], "export": ["--format", "dpo", "--out", str(out / "out")]}
    return CliRunner().invoke(main, [verb, *([str(folder)] * (1 + (verb == "compare"))), *more.get(verb, [])])


def test_text_that_recurs_as_often_as_in_a_dataset_is_read(tmp_path: Path) -> None:
    prompts = pl.Series(["p" * 20_000]).new_from_index(0, 1000)
    ids = pl.Series([str(at) for at in range(1000)])
    pl.DataFrame({"id": ids, "prompt": prompts, "response_a": ids, "response_b": ids}).write_parquet(
        tmp_path / "pairs.parquet"
    )
    (tmp_path / "spec.yaml").write_text(SPEC.replace("pairs.jsonl", "pairs.parquet"))
    assert CliRunner().invoke(main, ["validate", str(tmp_path / "spec.yaml")]).exit_code == 0


@pytest.mark.parametrize("is_long", [True, False], ids=["a long text", "many rows"])
@pytest.mark.parametrize("verb", ["compare", "audit", "report", "leaderboard", "export"])
def test_a_run_folder_that_unpacks_to_far_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, is_long: bool
) -> None:
    monkeypatch.setattr(parquet_bounds, "FREE_ROWS", 10_000)
    monkeypatch.setattr(parquet_bounds, "ROWS_A_BYTE", 1)
    (run,) = (ROOT / "results" / "quickstart").iterdir()
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    file = folder / "judgments.parquet"
    frame = pl.read_parquet(file)
    if is_long:
        frame = frame.with_columns(failure=pl.Series(["x" * 2**18]).new_from_index(0, len(frame)))
    else:
        frame = frame[:1].select(pl.all().gather(pl.repeat(0, 1_000_000, dtype=pl.UInt32)))
    frame.write_parquet(file)
    assert file.stat().st_size < 200_000
    (folder / CHECKSUMS).write_text(json.dumps(checksums_json(folder)))
    with seconds(20):
        shown = invoked(verb, folder, tmp_path)
    if verb in ("leaderboard", "export") and is_long:
        assert shown.exit_code in (0, 2), "it reads no such text"
        return
    assert shown.exit_code == 2, shown.output
    assert len(shown.output) < 2_000
    if verb == "report" and is_long:
        assert "a Parquet file in" in shown.output
    else:
        message = " unpacks to 377," if is_long else ": says that it has 1,000,000 rows, in"
        assert f"judgments.parquet{message}" in shown.output


def test_no_text_of_any_type_is_left_out_of_the_sum() -> None:
    texts = pl.Series(["ab", "ä", None])
    frame = pl.DataFrame(
        {
            "text": texts,
            "bytes": texts.cast(pl.Binary),
            "category": texts.cast(pl.Categorical),
            "list": [["ab", "c"], [], None],
            "structs": [[{"a": "abc", "b": 1}], None, [{"a": "d", "b": 2}]],
            "number": [1, 2, 3],
        }
    )
    sums = [parquet_bounds._text_bytes(column) for column in frame.iter_columns()]
    assert sums == [4, 4, 4, 3 + 2 * 8, 4 + 2 * 8, 0]


def test_a_text_that_recurs_is_not_copied_for_each_row_of_a_search(tmp_path: Path) -> None:
    file = tmp_path / "trajectories.parquet"
    rows = {"system": "s", "item": "1", "is_picked": True, "round": 1}
    frame = pl.DataFrame({name: pl.Series([value]).new_from_index(0, 300) for name, value in rows.items()})
    frame.with_columns(text=pl.Series(["x" * 2**20]).new_from_index(0, 300)).write_parquet(file)
    pl.DataFrame({"prompts": ["p"], "item": ["1"], "prompt": ["q"]}).write_parquet(tmp_path / "prompts.parquet")
    with pytest.raises(RunFolderError, match="unpacks to 314,"):
        drafts_with(tmp_path, {"first": "s", "second": "s"}, "p", "needle")
    with pytest.raises(RunFolderError, match="unpacks to 314,"):
        draft_rows(tmp_path, "s", "1")
