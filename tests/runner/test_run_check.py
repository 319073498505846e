"""A run folder is compared with its checksums."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.errors import RunFolderError
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
