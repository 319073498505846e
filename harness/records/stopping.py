"""When a run ends early: what a spec asks for, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class StopSpec:
    """When judging ends before all items are judged.

    Attributes:
        when: `ranked`: the best cell of each dataset is separated from all others; `width`: all intervals of the first
            metric are narrower than `width`.
        width: None unless `when` is `width`.
        looks: the largest number of looks, at equal shares of the items, the last one at all of them.
        spending: how the error is divided among the looks: `obrien-fleming` (late) or `pocock` (evenly).
    """

    when: Literal["ranked", "width"]
    width: float | None = None
    looks: int = 5
    spending: Literal["obrien-fleming", "pocock"] = "obrien-fleming"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the judgments so far.

    Attributes:
        share: share of the items that were judged at it.
        level: confidence level of its intervals and tests, which hold at all looks together with the level of the spec.
        is_answered: whether the question was answered.
    """

    share: float
    level: float
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """When a run ended, and why.

    Attributes:
        asked: what the spec asks for.
        metric: the metric that decides.
        level: confidence level of the spec, which all looks have together.
        planned: looks that the run could have taken.
        looks: those that it took, in order.
        judged: items judged, by dataset.
        items: all items, by dataset.
    """

    asked: StopSpec
    metric: str
    level: float
    planned: int
    looks: tuple[Look, ...]
    judged: Mapping[str, int]
    items: Mapping[str, int]

    @property
    def is_answered(self) -> bool:
        """Whether the question was answered at the last look."""
        return self.looks[-1].is_answered

    @property
    def is_early(self) -> bool:
        """Whether items are left that were not judged."""
        return len(self.looks) < self.planned
