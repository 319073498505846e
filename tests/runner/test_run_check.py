"""A run folder is compared with its checksums."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from harness.data.parquet_bounds import ParquetBomb
from harness.errors import RunFolderError
from harness.runner import run_check
from harness.runner.run_check import CHECKSUMS, check_run, checksums_json
from support.paths import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (run,) = (ROOT / "results" / "quickstart").iterdir()
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_a_run_as_it_was_written_is_sound_also_without_checksums(folder: Path) -> None:
    check_run(folder)
    assert json.loads((folder / CHECKSUMS).read_text())["files"].items() <= checksums_json(folder)["files"].items()
    (folder / CHECKSUMS).unlink()
    check_run(folder)


def test_every_changed_or_missing_file_is_named(folder: Path) -> None:
    (folder / "leaderboard.json").write_bytes((folder / "leaderboard.json").read_bytes() + b" ")
    (folder / "scores.parquet").unlink()
    with pytest.raises(RunFolderError, match="is not as the run wrote it") as raised:
        check_run(folder)
    assert "scores.parquet: is missing" in str(raised.value)
    assert len(raised.value.problems) == 2


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"files": {}}', '{"files": {"a": 1}}', '{"files": {"../a": "x"}}'])
def test_checksums_that_are_none_are_an_error(folder: Path, text: str) -> None:
    (folder / CHECKSUMS).write_text(text)
    with pytest.raises(RunFolderError, match="does not list the digests of files"):
        check_run(folder)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for which small files are large."""
    monkeypatch.setattr(run_check, "MAX_JSON_BYTES", 100)
    monkeypatch.setattr(run_check, "FREE_JSON_BYTES", 20)
    monkeypatch.setattr(run_check, "MAX_JSON_VALUES", 15)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", b" " * 100, ""),
        ("a.json", b" " * 101, "has 101 bytes, more than the file of a run can have"),
        ("a.txt", b" " * 101, ""),
        ("a.json", b"," * 20, ""),  # its values are not counted
        ("a.json", b"," * 15 + b" " * 6, ""),
        ("a.json", b"," * 16 + b" " * 6, "has 16 values, more than the file of a run can have"),
        ("a.json", b",[{" * 6 + b" " * 6, "has 18 values, more than the file of a run can have"),
        ("a.json", b" " * 30 + b"{" * 16, "has 16 values, more than the file of a run can have"),
        ("a.txt", b"," * 21, ""),
    ],
)
def test_a_file_of_an_impossible_size_is_refused(small: Path, name: str, text: bytes, reason: str) -> None:
    (small / name).write_bytes(text)
    found = list(run_check._odd_files(small))
    assert [(one.file, one.message) for one in found] == ([(str(small / name), reason)] if reason else [])


@pytest.mark.parametrize(("name", "is_fault"), [("a.json", True), ("a.parquet", True), ("a.txt", False)])
def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path, name: str, is_fault: bool) -> None:
    (tmp_path / name).mkdir()
    assert [one.message for one in run_check._odd_files(tmp_path)] == ["is no regular file"] * is_fault


def test_a_file_that_cannot_be_examined_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.json").mkdir()
    messages = [one.message for one in run_check._odd_files(tmp_path)]
    assert messages == ["cannot be read: no such file or directory", "is no regular file"]


@pytest.mark.parametrize("error", [OSError("gone"), pl.exceptions.ComputeError("odd"), ParquetBomb("is huge")])
def test_an_error_of_a_parquet_file_names_the_file(tmp_path: Path, error: Exception) -> None:
    said = r"a\.parquet (cannot be read: (gone|odd)|is huge)"
    with pytest.raises(RunFolderError, match=said), run_check.reading(tmp_path / "a.parquet"):
        raise error


def test_any_other_error_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_check.reading(tmp_path / "a.parquet"):
        raise ZeroDivisionError


def test_a_file_that_says_it_has_more_rows_than_a_run_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(path: Path) -> None:
        if path.stem == "many":
            raise ParquetBomb("has too many rows")
        raise OSError("whoever reads it reports that")

    monkeypatch.setattr(run_check, "check_rows", check)
    for name in ("many.parquet", "broken.parquet", "many.json"):
        (small / name).write_bytes(b"x")
    assert [(one.file, one.message) for one in run_check._odd_files(small)] == [
        (str(small / "many.parquet"), "has too many rows")
    ]
