"""Figures of items that are not independent: the cluster is the unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import NEGLIGIBLE, Array

FEWEST = 8
"""With fewer clusters there is no interval."""
FEW = 30
"""With fewer clusters an interval comes with a warning."""


def clustered_error(influence: Array, clusters: NDArray[np.int64], n: int) -> tuple[float, int]:
    """Standard error of a figure over clusters, and the number of clusters.

    `SE² = G/(G-1) · Σ_g (Σ_{i in g} phi_i)² / n²`. With one item in each cluster it is the error for independent
    items times `sqrt(n/(n-1))`.

    Args:
        influence: `phi` of each item that the figure rests on.
        clusters: the number of the cluster of each of these items.
        n: how many items these are; `phi` is scaled to them.
    """
    _, group = np.unique(clusters, return_inverse=True)
    sums = np.bincount(group, weights=influence)
    count = len(sums)
    if count < 2:
        return math.nan, count
    error = math.sqrt(count / (count - 1) * float(sums @ sums)) / n
    return (0.0 if error < NEGLIGIBLE else error), count


def t_quantile(level: float, degrees: int) -> float:
    """How many standard errors reach to either side at a confidence level, by Student's t."""
    from scipy.special import stdtrit  # not at the top: only clusters need scipy

    return float(stdtrit(degrees, (1 + level) / 2))
