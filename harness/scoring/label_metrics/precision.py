"""Precision of one label: the share of the items to which the judge gives it that have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import classes
from harness.statistics.agreement import Array

SUMMARY = "precision-LABEL: share of the items to which the judge gives a label that have it"
RANGE = (0.0, 1.0)
UNDEFINED = "the judge never gives this label"


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
        found: Array = np.asarray(tables, dtype=float)[..., :, self.at].sum(axis=-1)
        return found

    def value(self, tables: ArrayLike) -> Array:
        """The figure, NaN where there are no such items."""
        return classes.precision(tables, self.at)

    def influence(self, tables: ArrayLike) -> Array:
        """Influence of an item of each cell of the table."""
        return classes.precision_influence(tables, self.at)


def for_label(position: int) -> OfLabel:
    """The metric of the label at a position of the label set."""
    return OfLabel(position)
