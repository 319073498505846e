"""Gwet's AC1: agreement beyond chance that stays meaningful where one verdict is rare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics import agreement
from harness.statistics.agreement import Array

SUMMARY = "Gwet's AC1: agreement beyond chance, robust where one verdict prevails"
RANGE = (-1.0, 1.0)
UNDEFINED = "no items"

count = agreement.total
value = agreement.ac1
influence = agreement.ac1_influence


@dataclass(frozen=True)
class OfClasses:
    """AC1 over some of the classes.

    Attributes:
        classes: which of them.
    """

    classes: tuple[bool, ...]
    SUMMARY: str = SUMMARY
    RANGE: tuple[float, float] = RANGE
    UNDEFINED: str = UNDEFINED

    def count(self, tables: ArrayLike) -> Array:
        """Items that the figure rests on."""
        return agreement.total(tables)

    def value(self, tables: ArrayLike) -> Array:
        """Gwet's AC1 over these classes."""
        return agreement.ac1(tables, np.array(self.classes))

    def influence(self, tables: ArrayLike) -> Array:
        """Influence of an item of each cell of the table."""
        return agreement.ac1_influence(tables, np.array(self.classes))


def for_labels(occurring: NDArray[np.bool_]) -> OfClasses | None:
    """AC1 over the classes that occur among the labels; None where all do, or fewer than two.

    Labels without a tie say that ties cannot occur. The verdicts of one judge do not: two judges must be measured
    alike.
    """
    if occurring.all() or occurring.sum() < 2:
        return None
    return OfClasses(tuple(occurring.tolist()))
