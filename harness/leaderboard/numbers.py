"""Numbers and lists in tables, notes and sentences for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.text import with_minus_signs

if TYPE_CHECKING:
    from harness.records.figures import Figure

UNDEFINED = "–"
"""A figure without a value."""

MAX_NAMED = 5
"""Names in a list; the others are counted."""

MAX_SHOWN = 3
"""Entries in a list of longer entries; the others are counted."""

SIMULATED = "simulated models: these figures describe the simulated world, not any language model"


def with_interval(value: float, low: float | None, high: float | None, form: str = ".3f") -> str:
    """A value with its interval where there is one, such as `0.327 [0.160, 0.486]`.

    Args:
        value: the estimate.
        low: lower end of the interval.
        high: upper end of the interval.
        form: format of all three numbers.
    """
    interval = "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"
    return with_minus_signs(f"{value:{form}}{interval}")


def share_count(share: Figure) -> int:
    """The numerator of a share."""
    return round((share.value or 0.0) * share.n)


def p_text(value: float) -> str:
    """A p-value with its relation, such as `= 0.021` or `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def shortlist(names: Sequence[str], between: str = ", ", most: int = MAX_NAMED) -> str:
    """The first names, and the number of the others."""
    rest = len(names) - most
    return between.join([*names[:most], *([f"and {rest} more"] if rest > 0 else [])])


def rank_range(ranks: Mapping[str, int] | None) -> str:
    """The ranks that the data support, such as `2` or `1–3`."""
    if ranks is None:
        return UNDEFINED
    return str(ranks["best"]) if ranks["best"] == ranks["worst"] else f"{ranks['best']}–{ranks['worst']}"
