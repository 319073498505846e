"""How small a difference a run can find, and how many units a difference needs, from paired standard errors.

A difference `d` whose paired standard error over `G` units is `s` is found with a power of 0.8 where
`d >= (critical + 0.84) s` (Lachin 1981), and `s` shrinks with the root of `G`. The critical value is that of the test:
Student's t for one pair, the max-T quantile where all pairs of several evaluators are compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from harness.statistics.agreement import Array
from harness.statistics.pairs import POWER

MAX_STEPS = 20
"""The number of units and its critical value settle within three or four."""


def equal_critical(evaluators: int, *, level: float, resamples: int, seed: int, degrees: int) -> float:
    """The max-T quantile over all pairs of evaluators that are equally variable and equally correlated.

    Then the largest statistic of a pair is the range of independent normal variables over the root of 2, whatever
    the correlation is (Tukey's studentized range). Drawn, not tabled, and 0 for fewer than two evaluators.

    Args:
        evaluators: how many are compared with each other.
        level: confidence level over all pairs.
        resamples: joint draws.
        seed: of the draws.
        degrees: units less one.
    """
    if evaluators < 2:
        return 0.0
    generator = np.random.Generator(np.random.PCG64(seed))
    low, high = np.full(resamples, np.inf), np.full(resamples, -np.inf)
    for _ in range(evaluators):
        drawn = generator.standard_normal(resamples)
        np.minimum(low, drawn, out=low)
        np.maximum(high, drawn, out=high)
    scale = np.sqrt(generator.chisquare(degrees, resamples) / degrees)
    return float(np.quantile((high - low) / math.sqrt(2) / scale, level))


def covariance_like(errors: Array) -> Array:
    """A covariance of figures whose paired standard errors are these: that of their differences to the first.

    Args:
        errors: evaluators × evaluators, the standard error of every difference.
    """
    squares = np.asarray(errors, dtype=float) ** 2
    found: Array = (squares[:, :1] + squares[:1, :] - squares) / 2
    return found


def units_for(effect: float, error: float, units: int, critical: Callable[[int], float], *, fewest: int) -> int | None:
    """The fewest units with which a difference is found with a power of 0.8; None where no number is enough.

    Args:
        effect: the true difference, above 0.
        error: paired standard error over `units` units.
        units: items, or clusters of them.
        critical: the critical value by degrees of freedom, which are units less one.
        fewest: with fewer there is no test at all.
    """
    wanted, before = max(fewest, units), 0
    for _ in range(MAX_STEPS):
        reach = (critical(wanted - 1) + POWER) * error / effect
        if not math.isfinite(reach):
            return None
        found = max(fewest, math.ceil(units * reach**2))
        if found in (wanted, before):
            return max(found, wanted)
        before, wanted = wanted, found
    return wanted


def chance_to_find(effect: float, error: float, critical: float) -> float:
    """The probability that a true difference is found significant, with the right sign.

    Args:
        effect: the true difference, above 0.
        error: its paired standard error, above 0.
        critical: how many standard errors the test asks for.
    """
    return NormalDist().cdf(effect / error - critical)
