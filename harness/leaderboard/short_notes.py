"""The notes of a leaderboard that a terminal shows: those that change what a reader would do.

A stored note that restates what the summary shows, or that describes a method, is left to `--notes`. Every other note
is shown, so that a new kind of note is never hidden by accident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness import registry
from harness.leaderboard.failure_rate import failure_rate
from harness.leaderboard.view import Board, Remarks, Row, datasets
from harness.text import pluralized

_IN_THE_SUMMARY = re.compile(
    "|".join(
        (
            r"^simulated models:",
            r": not distinguishable from the best,",
            r": (?:better than|worse than|not distinguishable from) .* at n = ",
            r"^best of K = ",
            r": \d+ of \d+ (?:judgments|comparisons|rankings) failed ",
            r": flip rate, highest first:",
            r": self-agreement, lowest first:",
            r": intervals are cluster-robust:",
            r" is undefined in up to .* of the resamples",
            r" has standard error 0:",
            r": too many pairs for joint draws:",
            r"^the (?:strategy|evaluator) .* is taken over from ",
            r": in \d+ of \d+ comparisons both drafts are the same",
        )
    )
)
"""Stored notes that a summary leaves out, as they are worded in `harness.leaderboard.wording` and its like."""


def is_in_the_summary(note: str) -> bool:
    """Whether a stored note restates what the summary shows, or describes a method."""
    return _IN_THE_SUMMARY.search(note) is not None


def notes_to_show(board: Board, remarks: Remarks) -> list[str]:
    """The notes of a summary: why figures are undefined, failures, what can be detected, and stored ones.

    Args:
        board: of an evaluation.
        remarks: those of its figures, each with its number.
    """
    groups = datasets(board)
    shown = [*remarks.lines()]
    for dataset, rows in groups:
        head = f"{dataset}: " if len(groups) > 1 else ""
        shown += [head + note for note in _of_rows(rows, board["metric"])]
    return [*shown, *(note for note in board.get("notes", ()) if not is_in_the_summary(note))]


def _of_rows(rows: Sequence[Row], metric: str) -> Iterator[str]:
    if note := failures_note(rows):
        yield note
    found = [row["metrics"][metric].get("difference") for row in rows if row["metrics"][metric].get("rank")]
    if note := detectable_note([one for one in found if one]):
        yield note


def failures_note(rows: Sequence[Row]) -> str:
    """The failures of the judgments of some rows in one line, without juries; "" where there are none."""
    found = failure_rate({"rows": rows})
    if not found.failed:
        return ""
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
    judged = pluralized(found.judged, "judgment")
    metrics = set(rows[0]["metrics"])
    if metrics <= set(registry.names("soft_metrics")):
        return f"{found.failed:,} of {judged} failed ({counts}), left out of the figures"
    is_ranking = bool(metrics & set(registry.names("ranking_metrics")))
    return f"{found.failed:,} of {judged} failed ({counts}), counted as {'0' if is_ranking else 'disagreement'}"


def detectable_note(differences: Sequence[Board], *, plan: bool = True) -> str:
    """What could be detected, where a difference was not; "" where all were, or nothing is known.

    Args:
        differences: to the best or to a baseline, as the schema describes them.
        plan: whether to name the command that plans a larger run.
    """
    close = [one["detectable"] for one in differences if not one["is_distinguishable"] and one["low"] is not None]
    known = sorted(loss for loss in close if loss is not None)
    if not close:
        return ""
    more = "; `harness power` plans a larger run" if plan else ""
    if not known:
        return "no loss could be detected at this n" + more
    low, high = f"{known[0]:.2f}", f"{known[-1]:.2f}"
    span = low if low == high else f"{low} to {high}"
    return f"detectable at this n: a loss of {span}{more}"
