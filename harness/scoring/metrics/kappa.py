"""Cohen's kappa: agreement on the verdict beyond what the marginals alone would give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import agreement
from harness.statistics.agreement import Array

SUMMARY = "Cohen's kappa: agreement with the reference labels beyond chance"
RANGE = (-1.0, 1.0)
UNDEFINED = "all reference labels are the same: agreement beyond chance needs two different ones; compare by accuracy"
NEEDS_CLASSES = True

count = agreement.total


def value(tables: ArrayLike) -> Array:
    """Cohen's kappa; a failure is a class of its own that only the judge uses."""
    return agreement.kappa(tables, agreement.identity_weights(np.shape(tables)[-2]))


def influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the table."""
    return agreement.kappa_influence(tables, agreement.identity_weights(np.shape(tables)[-2]))
