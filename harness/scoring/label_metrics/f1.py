"""F1 of one label: the harmonic mean of its precision and its recall."""

from __future__ import annotations

from numpy.typing import ArrayLike

from harness.statistics import agreement, classes
from harness.statistics.agreement import Array

SUMMARY = "f1-LABEL: harmonic mean of precision and recall of a label"
RANGE = (0.0, 1.0)
UNDEFINED = "neither labels nor judgments have this label"

value = classes.f1
influence = classes.f1_influence


def count(tables: ArrayLike, at: int) -> Array:
    """All items."""
    return agreement.total(tables)
