"""F1 of one label: the harmonic mean of its precision and its recall."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from harness.statistics import agreement, classes
from harness.statistics.agreement import Array

SUMMARY = "f1-LABEL: harmonic mean of precision and recall of a label"
RANGE = (0.0, 1.0)
UNDEFINED = "neither labels nor judgments have this label"


@dataclass(frozen=True)
class OfLabel:
    """The metric of one label.

    Attributes:
        at: position of the label.
    """

    at: int
    SUMMARY: str = SUMMARY
    RANGE: tuple[float, float] = RANGE
    UNDEFINED: str = UNDEFINED

    def count(self, tables: ArrayLike) -> Array:
        """Items that the figure rests on."""
        found: Array = agreement.total(tables)
        return found

    def value(self, tables: ArrayLike) -> Array:
        """The figure, NaN where there are no such items."""
        return classes.f1(tables, self.at)

    def influence(self, tables: ArrayLike) -> Array:
        """Influence of an item of each cell of the table."""
        return classes.f1_influence(tables, self.at)


def for_label(position: int) -> OfLabel:
    """The metric of the label at a position of the label set."""
    return OfLabel(position)
