"""Numbers and lists as leaderboard sentences write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.records.figures import Figure

UNDEFINED = "–"
"""Stands for a figure without a value."""


MAX_NAMED = 5
"""How many evaluators a sentence names before it counts the rest."""


MAX_SHOWN = 3
"""How many evaluators a sentence tells of, where it tells much of each, before it counts the rest."""


SIMULATED = "simulated models: these figures describe the simulated world, not any language model"


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    interval = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{value:.2f}{interval}".replace("-", "−")


def _count(share: Figure) -> int:
    return round((share.value or 0.0) * share.n)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def _listed(names: Sequence[str], between: str = ", ", most: int = MAX_NAMED) -> str:
    rest = len(names) - most
    return between.join([*names[:most], *([f"and {rest} more"] if rest > 0 else [])])


def rank_range(ranks: Mapping[str, int] | None) -> str:
    """The ranks that cannot be excluded, such as `2` or `1–3`."""
    if ranks is None:
        return UNDEFINED
    return str(ranks["best"]) if ranks["best"] == ranks["worst"] else f"{ranks['best']}–{ranks['worst']}"
