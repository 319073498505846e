"""Quadratic-weighted kappa: credit falls with the square of the distance between two labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import agreement
from harness.statistics.agreement import Array

SUMMARY = "quadratic-weighted kappa: credit falls with the square of the distance between labels"
RANGE = (-1.0, 1.0)
UNDEFINED = "all reference labels are the same: agreement beyond chance needs two different ones; compare by accuracy"
LABELS = "ordered"
NEEDS_CLASSES = True
ON_REQUEST = True

count = agreement.total


def value(tables: ArrayLike) -> Array:
    """Kappa with the labels in their order; a failure earns no credit."""
    return agreement.kappa(tables, agreement.quadratic_weights(np.shape(tables)[-2]))


def influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the table."""
    return agreement.kappa_influence(tables, agreement.quadratic_weights(np.shape(tables)[-2]))
