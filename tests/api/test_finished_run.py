"""What a notebook sees of a run."""

from __future__ import annotations

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
