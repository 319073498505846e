"""Damaged run folders, of either kind of experiment."""

import json
import shutil
from pathlib import Path

import pytest

from harness.errors import RunFolderError
from harness.runner.corruption import diagnose_corruption
from harness.runner.run_folder import LEADERBOARD, MANIFEST

RESULTS = Path(__file__).parents[2] / "results"
SHIPPED = {"evaluation": RESULTS / "quickstart", "generation": RESULTS / "feedback-loops"}
DAMAGED_KEY = {"evaluation": "rows", "generation": "boards"}


def folder_with(tmp_path: Path, kind: str, *, manifest: str | None = None, without: str = "") -> Path:
    """A copy of a shipped run whose leaderboard has one wrong value."""
    (shipped,) = SHIPPED[kind].iterdir()
    for name in (LEADERBOARD, MANIFEST):
        shutil.copy(shipped / name, tmp_path / name)
    board = json.loads((tmp_path / LEADERBOARD).read_bytes())
    board[DAMAGED_KEY[kind]] = "none"
    (tmp_path / LEADERBOARD).write_text(json.dumps({k: v for k, v in board.items() if k != without}), encoding="utf-8")
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, encoding="utf-8")
    return tmp_path


def diagnosed(folder: Path) -> str:
    with pytest.raises(RunFolderError, match=r"leaderboard\.json") as caught, diagnose_corruption(folder):
        raise KeyError("cell")
    return str(caught.value)


@pytest.mark.parametrize("kind", list(SHIPPED))
def test_a_leaderboard_is_checked_against_the_schema_of_its_kind(tmp_path: Path, kind: str) -> None:
    message = diagnosed(folder_with(tmp_path, kind))
    assert f"{DAMAGED_KEY[kind]}: " in message
    assert "unknown key" not in message
    assert "make the run again" in message


def test_the_manifest_decides_where_the_leaderboard_lost_its_kind(tmp_path: Path) -> None:
    message = diagnosed(folder_with(tmp_path, "generation", without="kind"))
    assert "boards: " in message
    assert "unknown key" not in message


@pytest.mark.parametrize("manifest", ["", "[]", '{"kind": ["generation"]}', '{"kind": "poem"}'])
def test_a_damaged_manifest_hides_no_damage_of_the_leaderboard(tmp_path: Path, manifest: str) -> None:
    assert "boards: " in diagnosed(folder_with(tmp_path, "generation", manifest=manifest))


@pytest.mark.parametrize("kind", list(SHIPPED))
def test_an_error_in_a_sound_folder_stays_what_it_is(kind: str) -> None:
    (folder,) = SHIPPED[kind].iterdir()
    with pytest.raises(KeyError, match="elsewhere"), diagnose_corruption(folder):
        raise KeyError("elsewhere")
