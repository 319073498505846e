"""The leaderboard of a generation in every leaderboard format, those of plug-ins included."""

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness import registry
from harness.api import board_tables
from harness.cli import main
from harness.errors import InputError
from harness.leaderboard.tables import BoardTables
from support.loops import laid_out

RESULTS = Path(__file__).parents[2] / "results"
EVIL = "=HYPERLINK()\x07|[bold]\u202e"


@pytest.fixture
def board() -> dict[str, Any]:
    (folder,) = (RESULTS / "feedback-loops").iterdir()
    loaded: dict[str, Any] = json.loads((folder / "leaderboard.json").read_bytes())
    return loaded


def rendered(board: dict[str, Any], name: str, **terminal: Any) -> str:
    text: str = registry.find("leaderboard_formats", name).render(board_tables(board), **terminal)
    return text


def test_a_narrow_terminal_cuts_no_table_in_two(board: dict[str, Any]) -> None:
    narrow, whole = (rendered(board, "table", width=width, wide=True) for width in (60, None))
    assert narrow.count("system") == whole.count("system") == 4
    assert {"interval", "dropped"} <= set(narrow.split())


def test_texts_of_a_spec_are_escaped_in_every_format(board: dict[str, Any]) -> None:
    board["boards"] = board["boards"][:1]
    board["boards"][0]["rows"] = board["boards"][0]["rows"][:1]
    board["boards"][0]["rows"][0]["system"] = board["systems"][0]["system"] = EVIL
    for name in registry.names("leaderboard_formats"):
        text = rendered(board, name)
        assert not {"\x07", "\u202e"} & set(text), name
    lines = list(csv.DictReader(io.StringIO(rendered(board, "csv"))))
    assert lines[0]["system"].startswith("'=HYPERLINK()")
    assert lines[0]["simulated"] == "true"
    assert "\\|\\[bold\\]" in rendered(board, "markdown")


def test_a_run_gives_its_leaderboard_as_a_frame() -> None:
    (folder,) = (RESULTS / "feedback-loops").iterdir()
    frame = harness.open_run(folder).leaderboard_frame()
    assert frame["system"].to_list()[:2] == ["writer+master", "master"]
    assert frame["win_rate_half"].dtype.is_numeric()


@pytest.mark.parametrize("spec", ["feedback-loops", "quickstart"])
def test_a_new_format_serves_every_kind_of_experiment(monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    def render(board: BoardTables, **_: Any) -> str:
        return f"{len(board.tables)} tables of {board.document['spec']}, {len(board.records)} records\n"

    plug_in = SimpleNamespace(render=render)
    monkeypatch.setattr(registry, "find", lambda kind, name: plug_in)
    shown = CliRunner().invoke(main, ["leaderboard", spec, "--results", str(RESULTS), "--format", "csv"])
    tables, records = {"feedback-loops": (4, 8), "quickstart": (1, 12)}[spec]
    assert shown.stdout == f"{tables} tables of {spec}, {records} records\n"


def test_a_format_that_cannot_be_loaded_is_an_error_before_any_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = registry.find

    def find(kind: str, name: str) -> Any:
        if kind == "leaderboard_formats":
            raise InputError("the leaderboard format `html` cannot be loaded")
        return found(kind, name)

    monkeypatch.setattr(registry, "find", find)
    places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results")]
    shown = CliRunner().invoke(main, ["run", str(laid_out(tmp_path)), *places])
    assert shown.exit_code == 2
    assert "`html` cannot be loaded" in shown.stderr
    assert not (tmp_path / "cache").exists()
