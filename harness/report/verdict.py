"""The verdict on a dataset: the headline of the leaderboard, the others that can be the best, and detectable losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.leaderboard.headline import headlines
from harness.leaderboard.numbers import shortlist
from harness.leaderboard.view import Board, Row

MOST_NAMED = 4
"""Other cells that are named."""


class Verdict(NamedTuple):
    """The verdict on a board.

    Attributes:
        sentence: the best, its figure, the correction, and how many others cannot be excluded.
        remarks: sentences that follow.
    """

    sentence: str
    remarks: Sequence[str]


def verdict_of(board: Board, dataset: str, rows: Sequence[Row]) -> Verdict:
    """The verdict on a dataset.

    Args:
        board: the leaderboard.
        dataset: its name.
        rows: its rows, best first.
    """
    sentence = next(one.sentence for one in headlines(board) if one.about == dataset)
    return Verdict(f"{sentence}.", list(_remarks(board["metric"], rows)))


def _remarks(metric: str, rows: Sequence[Row]) -> Iterator[str]:
    others = [row for row in rows[1:] if row["rank"] is not None and row["rank"]["best"] == 1]
    if not others or rows[0]["rank"] is None:
        return
    names = [str(row["cell"]).partition("/")[2] for row in others]
    yield f"Cannot be excluded as the best: {shortlist(names, most=MOST_NAMED)}."
    yield from _detectable(others[0]["metrics"][metric].get("difference"))


def _detectable(difference: Mapping[str, Any] | None) -> Iterator[str]:
    if difference and difference["detectable"] is not None:
        yield f"Against the next best, this run could detect a loss of {difference['detectable']:.2f}."
