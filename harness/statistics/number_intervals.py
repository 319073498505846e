"""Intervals of correlations, and of means of numbers that have no bounds, from the influence of each item.

Clusters count by the effective number of independent items, see `harness.statistics.clusters`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval
from harness.statistics.clusters import Design

PRIOR = 10
"""Items with the variance that normal numbers have, which are added to the estimate of the variance of a correlation.

†Tuned on simulations (`tests/simulations/numbers.py`): the variance of an influence is estimated badly by few items.
"""


class Error(NamedTuple):
    """The standard error of a figure.

    Attributes:
        value: the error.
        worth: how many independent items the items are worth.
        effect: the design effect.
        degrees: of freedom.
        design: what the sizes of the clusters allow; where it has a reason, the other fields mean nothing.
    """

    value: float
    worth: float
    effect: float
    degrees: float
    design: Design


def error_of(influence: Array, group: NDArray[np.int64] | None, level: float) -> Error:
    """The standard error of a figure from the influence of its items.

    Args:
        influence: of each item; the sum of squares is the variance where items are independent.
        group: cluster of each item; None where items are independent.
        level: confidence level, which decides what clusters are worth.
    """
    n = len(influence)
    numbers = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(numbers).astype(float)
    design = clusters.design_of(sizes)
    if design.reason:
        return Error(math.nan, 0.0, 1.0, 1.0, design)
    sums = np.sort(np.bincount(numbers, weights=influence))  # sorted, so that the order of the items has no influence
    of_items = float(np.sort(influence**2).sum()) * n / (n - 1)
    clustered = float(sums @ sums) * len(sizes) / (len(sizes) - 1)
    powers = np.array([n * n * float(sums @ sums)]), np.array([n**4 * float((sums**4).sum())])
    worth = clusters.items_worth(np.array([clustered]), np.array([of_items]), powers, sizes, level)
    items = float(worth.items[0])
    error = math.sqrt(of_items * n / items)
    return Error(error, items, float(worth.design_effect[0]), float(worth.degrees[0]), design)


def correlation_interval(
    value: float, influence: Array, group: NDArray[np.int64] | None, level: float
) -> ClusteredInterval:
    """An interval on Fisher's z scale, with the error from the influence and never less than it.

    The variance on that scale is averaged with that of `PRIOR` items of normal numbers, 1 / (n - 3), so that no
    interval has zero width; where the average is smaller than the estimate, the estimate is used.

    Args:
        value: a correlation, or another coefficient between −1 and 1.
        influence: of each item on it.
        group: cluster of each item; None where items are independent.
        level: confidence level.
    """
    error = error_of(influence, group, level)
    if error.design.reason:
        return ClusteredInterval(None, None, error.design.reason, error.design)
    n = error.worth
    inside = value * (1 - 1 / n)
    of_items = (error.value / (1 - inside**2)) ** 2
    averaged = (n * of_items + PRIOR / max(1.0, n - 3)) / (n + PRIOR)
    spread = math.sqrt(max(of_items, averaged) * n / max(1.0, n - 3))
    reach, centre = float(student.ppf((1 + level) / 2, max(1.0, n - 1))) * spread, math.atanh(inside)
    low, high = min(math.tanh(centre - reach), value), max(math.tanh(centre + reach), value)
    return _found(low, high, error)


def mean_interval(
    value: float,
    influence: Array,
    group: NDArray[np.int64] | None,
    level: float,
    *,
    unit: float,
    is_positive: bool,
) -> ClusteredInterval:
    """A t interval of a mean, or of a figure that is like one; on a log scale where the figure cannot be negative.

    The variance is divided by n - 3 in place of n, as on Fisher's z scale: influences of skewed numbers vary too
    little.

    Args:
        value: the figure.
        influence: of each item on it.
        group: cluster of each item; None where items are independent.
        level: confidence level.
        unit: the error of one added item, which keeps the interval above zero width.
        is_positive: whether the figure cannot be negative.
    """
    error = error_of(influence, group, level)
    if error.design.reason:
        return ClusteredInterval(None, None, error.design.reason, error.design)
    n = error.worth
    spread = math.hypot(error.value * math.sqrt(n / max(1.0, n - 3)), unit / n)
    reach = float(student.ppf((1 + level) / 2, max(1.0, n - 1))) * spread
    if not is_positive:
        return _found(value - reach, value + reach, error)
    if value <= reach:  # the log of a figure near 0 is of no use
        return _found(max(0.0, value - reach), value + reach, error)
    return _found(value * math.exp(-reach / value), value * math.exp(reach / value), error)


def _found(low: float, high: float, error: Error) -> ClusteredInterval:
    is_still = error.value < 1e-12
    value = 0.0 if is_still else error.value
    return ClusteredInterval(low, high, "", error.design, error.worth, error.effect, value, error.degrees)
