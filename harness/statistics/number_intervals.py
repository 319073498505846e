"""Intervals of correlations, and of means of numbers that have no bounds, from the influence of each item.

Clusters count by the effective number of independent items, see `harness.statistics.clusters`. The degrees of freedom
of every error are no more than those of Satterthwaite for the kurtosis of its influences (`tail_degrees`): a few items
with much influence say little about the variance. †The recipe was chosen on simulations, and measured on others
(`tests/simulations/numbers.py`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval
from harness.statistics.clusters import Design

PRIOR = 10
"""Items with the variance that normal numbers have, which are added to the estimate of the variance of a correlation.

†Chosen on simulations: the variance of an influence is estimated badly by few items.
"""
DOMINANT = 0.5
"""Share of the sum of squares in one item above which the logarithm of its root is of no use without that item."""


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


def tail_degrees(influence: Array) -> float:
    """Degrees of freedom of a sum of squares of independent influences, from their kurtosis (Satterthwaite 1946).

    With k = (Σ ψ²)² / Σ ψ⁴, how many of the n items carry the variance, they are 2 k / (1 - k / n): about n where the
    influences are normal, 2 where one item carries all, and infinite where none varies.
    """
    squares = np.sort(influence**2)
    fourths = float((squares**2).sum())
    if fourths <= 0:
        return math.inf
    carrying = float(squares.sum()) ** 2 / fourths
    rest = 1 - carrying / len(influence)
    return 2 * carrying / rest if rest > 0 else math.inf


def correlation_interval(
    value: float,
    influence: Array,
    group: NDArray[np.int64] | None,
    level: float,
    *,
    without: Array | None = None,
) -> ClusteredInterval:
    """An interval on Fisher's z scale, by the jackknife where the values without each item are given.

    The variance on that scale is averaged with that of `PRIOR` items of normal numbers, 1 / (n - 3), so that no
    interval has zero width; where the average is smaller than the estimate, the estimate is used.

    Args:
        value: a correlation, or another coefficient between −1 and 1.
        influence: of each item on it.
        group: cluster of each item; None where items are independent.
        level: confidence level.
        without: the coefficient without each item, NaN where it is then undefined; None for an error from the
            influence.
    """
    found = error_of(influence, group, level)
    if found.design.reason:
        return ClusteredInterval(None, None, found.design.reason, found.design)
    inside = _inside(value, found.worth)
    moved = influence / (1 - inside**2) if without is None else _jackknifed(value, without)
    error = error_of(moved, group, level)
    n = error.worth
    averaged = (n * error.value**2 + PRIOR / max(1.0, n - 3)) / (n + PRIOR)
    spread = math.sqrt(max(error.value**2, averaged) * n / max(1.0, n - 3))
    reach, centre = _quantile(level, n, moved) * spread, math.atanh(inside)
    low, high = min(math.tanh(centre - reach), value), max(math.tanh(centre + reach), value)
    return _found(low, high, found)


def _inside(value: float, n: float) -> float:
    """A coefficient that is not nearer to ±1 than 1 / n, so that Fisher's z is finite."""
    return min(max(value, 1 / n - 1), 1 - 1 / n)


def _jackknifed(value: float, without: Array) -> Array:
    """The influence of each item on Fisher's z of a coefficient, from the coefficients without it."""
    n = len(without)
    limit = 1 - 1 / n
    lacking = np.clip(np.nan_to_num(without, nan=0.0), -limit, limit)
    moved: Array = (n - 1) / n * (math.atanh(_inside(value, n)) - np.arctanh(lacking))
    moved -= moved.mean()
    return moved


def _quantile(level: float, worth: float, influence: Array) -> float:
    """Student's t at the end of an interval, with the degrees of freedom of the items or of their tails."""
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    return float(stdtrit(max(1.0, min(worth - 1, tail_degrees(influence))), (1 + level) / 2))


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
    reach = _quantile(level, n, influence) * spread
    if not is_positive:
        return _found(value - reach, value + reach, error)
    if value <= reach:  # the log of a figure near 0 is of no use
        return _found(max(0.0, value - reach), value + reach, error)
    return _found(value * math.exp(-reach / value), value * math.exp(reach / value), error)


def root_interval(values: Array, group: NDArray[np.int64] | None, level: float, *, unit: float) -> ClusteredInterval:
    """An interval of the root of a mean square: a t interval of its logarithm, with the jackknife's error.

    Where one item has more than half of the sum, its square counts as in `mean_interval`.

    Args:
        values: of the items.
        group: cluster of each item; None where items are independent.
        level: confidence level.
        unit: the error of one added item, which keeps the interval above zero width.
    """
    squares, n = values**2, len(values)
    total = float(np.sort(squares).sum())
    value = math.sqrt(total / n)
    influence = (squares - total / n) / (2 * value * n) if value > 0 else np.zeros(n)
    if value == 0 or float(squares.max()) > DOMINANT * total:
        return mean_interval(value, influence, group, level, unit=unit, is_positive=True)
    moved = (n - 1) / n * -np.log1p(-squares / total) / 2
    moved -= moved.mean()
    error = error_of(moved, group, level)
    if error.design.reason:
        return ClusteredInterval(None, None, error.design.reason, error.design)
    worth = error.worth
    spread = math.hypot(error.value * math.sqrt(worth / max(1.0, worth - 3)), unit / worth / value)
    reach = _quantile(level, worth, moved) * spread
    return _found(value * math.exp(-reach), value * math.exp(reach), error)


def _found(low: float, high: float, error: Error) -> ClusteredInterval:
    is_still = error.value < 1e-12
    value = 0.0 if is_still else error.value
    return ClusteredInterval(low, high, "", error.design, error.worth, error.effect, value, error.degrees)
