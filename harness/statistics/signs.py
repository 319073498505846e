"""The exact sign test over units, with an interval and a detectable effect that never contradict it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.win_rate import sign_test

POWER = 0.8
"""How often the detectable effect is found."""


class Lean(NamedTuple):
    """How many more units lean to one side than to the other.

    Attributes:
        value: the difference as a share of all units, −1 to 1.
        low: lower end of its interval; it excludes 0 exactly where `p_value` is below 1 - level.
        high: upper end.
        p_value: two-sided exact sign test of the units that lean (Dixon and Mood 1946).
        detectable: the smallest share that a sample like this one finds with power 0.8; None where not even all units
            would be enough.
        leaning: units that lean to either side.
        units: all units.
    """

    value: float
    low: float
    high: float
    p_value: float
    detectable: float | None
    leaning: int
    units: int


def lean_of(leans: Array, clusters: NDArray[np.int64], level: float) -> Lean | None:
    """How clusters lean, an item being a cluster of its own where items are independent; None without items.

    A cluster leans to the side that its sum says, whatever its size, so that it counts once (Datta and Satten 2008).
    The interval is Clopper and Pearson's of the share that leans to the first side among those that lean, times the
    share that leans, at the end of the latter's interval that makes the product wider, which is conservative.

    Args:
        leans: of each item, above 0 for the first side, below 0 for the second; NaN where unknown.
        clusters: of each item.
        level: confidence level.
    """
    known = ~np.isnan(leans)
    if not known.any():
        return None
    group = np.unique(clusters[known], return_inverse=True)[1]
    order = np.argsort(leans[known], kind="stable")  # so that the order of the items does not change rounding
    sums = np.round(np.bincount(group[order], weights=leans[known][order]), 9)
    first, second, units = int((sums > 0).sum()), int((sums < 0).sum()), len(sums)
    leaning = first + second
    tail = (1 - level) / 2
    lower, upper = 2 * _least_share(first, leaning, tail) - 1, 1 - 2 * _least_share(second, leaning, tail)
    fewest, most = exact_interval(leaning, units, level)
    return Lean(
        (first - second) / units,
        lower * (most if lower < 0 else fewest),
        upper * (most if upper > 0 else fewest),
        1.0 if (p_value := sign_test(first, second)) is None else p_value,
        _detectable(min(_balanced(first, second), units), units, level),
        leaning,
        units,
    )


def exact_interval(count: int, n: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval (1934) of a share; (0, 1) without units."""
    tail = (1 - level) / 2
    return _least_share(count, n, tail), 1 - _least_share(n - count, n, tail)


def _least_share(count: int, n: int, tail: float) -> float:
    """The share of which so many or more of n units are seen with that chance."""
    from scipy.special import betaincinv  # not at the top: only this needs scipy

    return float(betaincinv(count, n - count + 1, tail)) if count else 0.0


def _balanced(first: int, second: int) -> int:
    """Units that lean by chance: those that lean evenly, and twice the error of their difference without an effect.

    One more, so that a sample in which none leans does not promise that none ever does. †Tuned on simulations, not a
    standard of the literature; the simulation is `tests/simulations/probes.py`.
    """
    leaning, gap = first + second, abs(first - second)
    even = leaning - gap
    return min(leaning, even + round(2 * math.sqrt(even))) + 1


def _detectable(balanced: int, units: int, level: float) -> float | None:
    """The smallest effect that is found with power 0.8, at the alternative: it adds leaning units on one side.

    Args:
        balanced: units that lean without an effect, half of them to either side.
        units: all units.
        level: confidence level.
    """
    fewest, most = 0, units - balanced
    if _power(balanced, most, level) < POWER:
        return None
    while most - fewest > 1:
        middle = (fewest + most) // 2
        fewest, most = (fewest, middle) if _power(balanced, middle, level) >= POWER else (middle, most)
    return most / units


def _power(balanced: int, added: int, level: float) -> float:
    """Chance that the sign test rejects where so many leaning units were added on one side."""
    from scipy.special import bdtr, bdtrik  # not at the top: only this needs scipy

    leaning, tail = balanced + added, (1 - level) / 2
    if not leaning or 0.5**leaning > tail:
        return 0.0
    largest = int(np.floor(float(bdtrik(tail, leaning, 0.5)) + 1e-9))  # rejected with so many or fewer on a side
    share = (balanced / 2 + added) / leaning
    return float(bdtr(largest, leaning, 1 - share)) if share < 1 else 1.0
