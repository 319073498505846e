"""What a notebook sees of a run."""

from __future__ import annotations

import pytest

import harness
from support.paths import ROOT


def test_the_leaderboard_frame_has_what_one_wants_to_see() -> None:
    run = harness.open_run("quickstart", ROOT / "results")
    frame = run.leaderboard_frame()
    assert frame.columns == ["cell", "strategy", "evaluator", "kappa", "low", "high", "rank", "n", "failed"]
    best, last = frame.row(0, named=True), frame.row(-1, named=True)
    row = run.leaderboard["rows"][0]
    assert best["cell"] == row["cell"]
    assert best["kappa"] == row["metrics"]["kappa"]["value"]
    assert best["rank"].partition("–")[0] == str(row["metrics"]["kappa"]["rank"]["best"])
    assert last["kappa"] < best["kappa"]
    assert frame["failed"].sum() == 4
    assert {"kappa_low", "accuracy", "kappa.complete-case"} <= set(run.leaderboard_frame(wide=True).columns)


def test_a_notebook_shows_the_leaderboard_of_a_run() -> None:
    shown = harness.open_run("quickstart", ROOT / "results")._repr_html_()
    assert "<table" in shown
    assert "judge:master" in shown
    assert "<script" not in shown


def test_reprs_are_short() -> None:
    run = harness.open_run("quickstart", ROOT / "results")
    assert repr(run) == f"<FinishedRun quickstart {run.id}>"
    assert repr(run.leaderboard) == f"<Leaderboard quickstart {run.id}>"


@pytest.mark.parametrize("spec", ["quickstart", "feedback-loops"])
def test_specs_plans_and_runs_have_a_view_in_a_notebook(spec: str) -> None:
    loaded = harness.load_spec(ROOT / f"specs/{spec}.yaml")
    for shown in (loaded, harness.make_plan(loaded), harness.open_run(loaded, ROOT / "results")):
        html = shown._repr_html_()  # type: ignore[union-attr]
        assert html.startswith("<table")
        assert spec in html or isinstance(shown, harness.FinishedRun)


def test_text_of_a_run_is_escaped_in_a_notebook() -> None:
    from harness.api.finished_run import Leaderboard

    board = Leaderboard(harness.open_run("quickstart", ROOT / "results").leaderboard)
    hostile = "<img src=x onerror=alert(1)>\x1b[2J\u202e"
    board["rows"] = [{**row, "strategy": hostile} for row in board["rows"]]
    board["notes"] = [hostile]
    html = board._repr_html_()
    assert "<img" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("&lt;img") == 1 + len(board["rows"])
