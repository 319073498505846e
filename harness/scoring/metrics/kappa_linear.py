"""Linear-weighted kappa: half credit for `tie` where the reference is `a` or `b`, and the other way round."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import agreement
from harness.statistics.agreement import Array

SUMMARY = "linear-weighted kappa: half credit between tie and a decided verdict"
RANGE = (-1.0, 1.0)
UNDEFINED = "all reference labels are the same: agreement beyond chance needs two different ones; compare by accuracy"
LABELS = "ordered"
NEEDS_CLASSES = True

count = agreement.total


def value(tables: ArrayLike) -> Array:
    """Kappa with the labels in their order, of pairs `a`, `tie`, `b`; a failure earns no credit."""
    return agreement.kappa(tables, agreement.linear_weights(np.shape(tables)[-2]))


def influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the table."""
    return agreement.kappa_influence(tables, agreement.linear_weights(np.shape(tables)[-2]))
