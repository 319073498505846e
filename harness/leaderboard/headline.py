"""The result of a run in one sentence for each of its boards, from the JSON document of a leaderboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from harness.leaderboard.numbers import with_interval
from harness.scoring.soft_metric import direction_of
from harness.text import pluralized, with_minus_signs

Document = Mapping[str, Any]

ORDERS = {"given": "", "swapped": ", opponent first", "both": ", both orders"}
"""The orders of a comparison of drafts, in words."""


class Headline(NamedTuple):
    """The result of a board.

    Attributes:
        about: name of the dataset; for a generation the prompts, the opponent and the evaluator.
        sentence: the best cell or system, its figure, the correction for its choice, and the number of the others
            that cannot be excluded as the best.
    """

    about: str
    sentence: str


def headlines(board: Document) -> list[Headline]:
    """The result of each board of a run, in their order: one for each dataset, or for each board of win rates.

    Args:
        board: a leaderboard by `schemas/output/leaderboard.schema.json` or `schemas/output/win-rates.schema.json`.
    """
    return list(_generation(board) if board.get("kind") == "generation" else _evaluation(board))


def board_title(one: Document) -> str:
    """What a board of win rates is about: prompts, opponent, evaluator, orders and repeats."""
    repeats = f", {one['repeats']} repeats" if one.get("repeats", 1) > 1 else ""
    evaluator = f"{one['strategy']}/{one['evaluator']}{ORDERS[one['order']]}{repeats}"
    return f"{one['prompts']}: win rate over {one['opponent']}, by {evaluator}"


def _evaluation(board: Document) -> Iterator[Headline]:
    metric = board["metric"]
    winners = {one["dataset"]: one for one in board.get("winners", ()) if one["metric"] == metric}
    for dataset, group in groupby(board["rows"], key=lambda row: str(row["dataset"])):
        rows = list(group)
        names = [row["cell"].removeprefix(f"{dataset}/") for row in rows]
        figures = [row["metrics"][metric] for row in rows]
        yield Headline(dataset, _sentence("cell", metric, names, figures, rows, winners.get(dataset)))


def _generation(board: Document) -> Iterator[Headline]:
    ties = board["score"]["ties"]
    for one in board["boards"]:
        rows = one["rows"]
        names = [row["system"] for row in rows]
        figures = [row["win_rates"][ties] for row in rows]
        yield Headline(board_title(one), _sentence("system", "win rate", names, figures, rows, one.get("winner")))


def _sentence(
    noun: str,
    metric: str,
    names: Sequence[str],
    figures: Sequence[Document],
    rows: Sequence[Document],
    winner: Document | None,
) -> str:
    """The sentence on rows that are ordered best first, undefined figures last."""
    figure = figures[0]
    if figure["value"] is None:
        return f"no best {noun}: {metric} is undefined in every {noun}: {figure['reason']}"
    value = with_interval(figure["value"], figure["low"], figure["high"], ".2f")
    if len(rows) == 1:
        return f"{names[0]}: {metric} {value}; the only {noun}"
    if rows[0]["rank"] is None:
        direction = direction_of(metric)
        end = "lowest" if direction == "lower" else "highest"
        why = "not ranked: no value is better" if direction == "none" else f"not compared with {_others(len(rows) - 1)}"
        return f"{end} {metric}: {names[0]}, {value}, n = {figure['n']}; {why}"
    parts = [f"best: {names[0]}, {metric} {value}", *_corrected(winner, names[0])]
    return f"{', '.join(parts)}; {_doubt(rows)}"


def _corrected(winner: Document | None, name: str) -> Iterator[str]:
    """The figure corrected for the choice of the best, where the board is ordered by what the choice was made by."""
    if winner is None or winner["tried"] < 2 or not _is_about(winner, name):
        return
    if winner["corrected"] is None:
        yield f"not corrected for choosing the best of {winner['tried']}"
    else:
        yield with_minus_signs(f"corrected for choosing the best of {winner['tried']}: {winner['corrected']:.2f}")


def _is_about(winner: Document, name: str) -> bool:
    """Whether a winner is the cell or the system of that name."""
    found = winner["system"] if "system" in winner else (winner["cell"] or "").removeprefix(f"{winner['dataset']}/")
    return bool(found == name)


def _doubt(rows: Sequence[Document]) -> str:
    """How many others may be the best as well, by their rank ranges."""
    could_be = sum(row["rank"] is not None and row["rank"]["best"] == 1 for row in rows[1:])
    unranked = sum(row["rank"] is None for row in rows[1:])
    compared = len(rows) - 1 - unranked
    parts = []
    if could_be:
        parts.append(f"{_others(could_be)} cannot be excluded")
    elif compared:
        parts.append(f"distinguishable from {'the other' if compared == 1 else f'all {compared} others'}")
    if unranked:
        parts.append(f"{pluralized(unranked, 'other')} not compared")
    return ", ".join(parts)


def _others(count: int) -> str:
    return pluralized(count, "other")
