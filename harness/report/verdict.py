"""The verdict on a dataset in sentences: the best cell, its corrected figure, and which others can be the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.leaderboard.numbers import shortlist, with_interval
from harness.leaderboard.view import Board, Row
from harness.text import pluralized


def verdict_of(board: Board, dataset: str, rows: Sequence[Row]) -> list[str]:
    """The verdict on a dataset.

    Args:
        board: the leaderboard.
        dataset: its name.
        rows: its rows, best first.
    """
    return list(_sentences(board, dataset, rows))


def _sentences(board: Board, dataset: str, rows: Sequence[Row]) -> Iterator[str]:
    metric = board["metric"]
    best = rows[0]
    figure = best["metrics"][metric]
    if figure["value"] is None:
        yield f"No cell has a value of {metric} on {dataset}: {figure['reason'] or 'undefined'}."
        return
    value = with_interval(figure["value"], figure["low"], figure["high"])
    yield f"{_name(best)} has the highest {metric} on {dataset}, {value}{_corrected(board, dataset)}."
    if best["rank"] is None:
        yield "The data do not support ranks."
        return
    others = [row for row in rows[1:] if row["rank"] is not None and row["rank"]["best"] == 1]
    if not others:
        yield "All other cells are excluded as the best." if len(rows) > 1 else ""
        return
    cells = pluralized(len(others), "other cell")
    yield f"{cells} cannot be excluded as the best: {shortlist([_name(row) for row in others], most=3)}."
    yield from _detectable(others[0]["metrics"][metric].get("difference"))


def _name(row: Row) -> str:
    return str(row["cell"]).partition("/")[2]


def _corrected(board: Board, dataset: str) -> str:
    winner = next((one for one in board.get("winners", ()) if one["dataset"] == dataset), None)
    if winner is None or winner["metric"] != board["metric"] or winner["tried"] < 2 or winner["corrected"] is None:
        return ""
    value = with_interval(winner["corrected"], winner["low"], winner["high"], ".2f")
    return f"; corrected for the choice among {winner['tried']} cells {value}"


def _detectable(difference: Mapping[str, Any] | None) -> Iterator[str]:
    if difference and difference["detectable"] is not None:
        yield f"Against the next best, this run could detect a loss of {difference['detectable']:.2f}."
