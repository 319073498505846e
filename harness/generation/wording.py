"""Sentences about feedback loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.leaderboard.numbers import MAX_SHOWN, shortlist
from harness.leaderboard.wording import difference
from harness.records.scores import Difference


def generator_failed(system: str, failed: int, prompts: int, empty: int) -> str:
    """How often a generator gave no further draft."""
    return (
        f"{system}: the generator failed on {failed} of {prompts} prompts; {empty} of them have no draft at all and "
        "count as failures in every comparison, the others go on with the drafts before"
    )


def reviews_left_out(system: str, failed: int, reviews: int) -> str:
    """How many reviews there were not."""
    return f"{system}: {failed} of {reviews} reviews failed and were left out of their rounds"


def drafts_cut_off(system: str, truncated: int, drafts: int) -> str:
    """How many drafts end in the middle."""
    return f"{system}: {truncated} of {drafts} drafts were cut off at the most tokens that a reply may have"


def comparisons_failed(head: str, failed: int, judgments: int) -> str:
    """How many comparisons have no verdict, and what that does to win rates."""
    return (
        f"{head}: {failed} of {judgments} comparisons failed and are left out of the win rates; their bounds, all lost "
        "and all won, stand in the JSON"
    )


def same_drafts(head: str, same: int, judgments: int) -> str:
    """The number of comparisons without a model call."""
    return f"{head}: in {same} of {judgments} comparisons both drafts are the same, which is a tie without asking"


def difference_of(found: Mapping[str, Any]) -> str:
    """A difference to the best that was not found, from its JSON."""
    return difference(Difference(**{**found, "reason": found["reason"] or ""}))


def systems_not_distinguishable(head: str, best: str, others: Sequence[str], n: int, level: float) -> str:
    """The systems that are not distinguishable from the best against an opponent."""
    return (
        f"{head}: not distinguishable from the best, {best}, at n = {n} (level {level:g}, intervals simultaneous over "
        f"all pairs): {shortlist(others, '; ', MAX_SHOWN)}"
    )
