"""Differences between the corrected rates of several systems, with simultaneous intervals.

Systems may have answered the same prompts: then their rates are correlated, and what each item adds to each rate
(`inverse_probability.rate_influence`), summed over clusters, gives the covariance. The critical value is that of the
largest standardised difference over all pairs (`multiplicity.CriticalLaw`). An interval is not d ± reach, which covers
too seldom where few items are labelled and rates are near 0 or 1, but is recovered from the intervals of both rates at
that critical value (MOVER: Zou and Donner 2008), with their correlation:

    lower = d - sqrt((x - l_x)² + (u_y - y)² - 2 r (x - l_x)(u_y - y))
    upper = d + sqrt((u_x - x)² + (y - l_y)² - 2 r (u_x - x)(y - l_y))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.intervals import Interval
from harness.statistics.multiplicity import CriticalLaw, all_pairs

IntervalAt: TypeAlias = Callable[[int, float], Interval]
"""The interval of a system's rate at a confidence level."""


class RateDifference(NamedTuple):
    """The rate of one system less that of another.

    Attributes:
        first: position of the one.
        second: position of the other.
        value: the difference.
        low: lower end of the simultaneous interval; None where one of the two rates has no interval.
        high: upper end.
    """

    first: int
    second: int
    value: float
    low: float | None
    high: float | None

    @property
    def is_distinguishable(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def rate_differences(
    rates: Array,
    influences: Array,
    clusters: NDArray[np.int64] | None,
    interval: IntervalAt,
    law: tuple[float, int, int],
    *,
    widest: float = 1.0,
) -> list[RateDifference]:
    """The differences of all pairs.

    Args:
        rates: of the systems, all defined.
        influences: systems × items, 0 on items of other systems.
        clusters: of the items; None where they are independent.
        interval: of the rate of a system at a level; without ends where it has none.
        law: confidence level of all intervals together, resamples and seed of the critical value.
        widest: the largest difference that there can be, at which intervals are cut off.
    """
    level, resamples, seed = law
    sums = influences
    if clusters is not None:
        group = np.unique(clusters, return_inverse=True)[1]
        sums = np.array([np.bincount(group, part) for part in influences], dtype=float)
    covariance = sums @ sums.T
    first, second = all_pairs(len(rates))
    found = CriticalLaw.of(covariance, first, second, resamples=resamples, seed=seed)
    critical = found.critical(level)
    each = math.erf(critical / math.sqrt(2)) if math.isfinite(critical) else 1 - (1 - level) / max(1, len(first))
    ends = [interval(at, each) for at in range(len(rates))]
    errors = np.sqrt(np.diag(covariance))
    differences = []
    for x, y in zip(first.tolist(), second.tolist(), strict=True):
        scale = errors[x] * errors[y]
        correlation = float(np.clip(covariance[x, y] / scale, -1, 1)) if scale > 0 else 0.0
        low, high = _mover((rates[x], ends[x]), (rates[y], ends[y]), correlation)
        if low is not None and high is not None:
            low, high = max(-widest, low), min(widest, high)
        differences.append(RateDifference(x, y, float(rates[x] - rates[y]), low, high))
    return differences


def _mover(
    one: tuple[float, Interval], other: tuple[float, Interval], correlation: float
) -> tuple[float | None, float | None]:
    """The ends of the interval of a difference."""
    (x, of_x), (y, of_y) = one, other
    if of_x.low is None or of_x.high is None or of_y.low is None or of_y.high is None:
        return None, None
    difference = float(x - y)
    below = _reach(x - of_x.low, of_y.high - y, correlation)
    above = _reach(of_x.high - x, y - of_y.low, correlation)
    return difference - below, difference + above


def _reach(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one**2 + other**2 - 2 * correlation * one * other))
