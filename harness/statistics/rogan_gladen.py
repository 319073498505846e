"""Rogan and Gladen's estimate of a rate from a judge whose sensitivity and specificity are known from labelled items.

With p the share of all items to which the judge gives the label, Se the share of labelled items with the label on which
the judge agrees, and Sp that of labelled items without it (Rogan and Gladen 1978):

    theta = (p + Sp - 1) / (Se + Sp - 1)

It holds only if the judge is right as often on the items in question as on the labelled ones of the same label: that Se
and Sp transport. It leaves [0, 1] where p lies outside [1 - Sp, Se], and its error grows without bound as Se + Sp nears
1. The interval is Fieller's (1954) for a ratio of two means, with half a success and half a failure added to Se and to
Sp: all theta for which `p + Sp - 1 - theta (Se + Sp - 1)` is within t standard errors of 0, the errors over clusters
where items lie in them. It shows the second failure: where Se + Sp is not distinguishable from 1, every rate is
possible. In simulated worlds (`tests/simulations/labelling.py`) it covers as claimed, and is narrower than the interval
of Lang and Reiczigel (2014), which takes Se, Sp and p for independent samples.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import NEGLIGIBLE, Array
from harness.statistics.clusters import t_quantile
from harness.statistics.intervals import NO_INTERVAL, Interval

PRIOR = 0.5
"""Successes, and failures, added to Se and to Sp of an interval."""
FEWEST = 2
"""Labelled items of either kind, with fewer of which there is no estimate."""


class RoganGladen(NamedTuple):
    """The estimate.

    Attributes:
        rate: share of the items in question to which the judge gives the label.
        sensitivity: share of labelled items with the label that the judge gives it; NaN without any.
        specificity: share of labelled items without it to which the judge does not give it; NaN without any.
        value: the estimate, which may lie outside [0, 1]; NaN where it is undefined.
        interval: within [0, 1]; without ends where the estimate is undefined.
        with_label: labelled items with the label.
        without_label: labelled items without it.
    """

    rate: float
    sensitivity: float
    specificity: float
    value: float
    interval: Interval
    with_label: int
    without_label: int

    @property
    def youden(self) -> float:
        """Se + Sp - 1, by which the estimate divides."""
        return self.sensitivity + self.specificity - 1

    @property
    def is_outside(self) -> bool:
        """Whether the estimate leaves [0, 1]."""
        return not math.isnan(self.value) and not 0 <= self.value <= 1

    @property
    def is_unbounded(self) -> bool:
        """Whether every rate is possible: Se + Sp is not distinguishable from 1."""
        return self.interval.low == 0 and self.interval.high == 1


def rogan_gladen(
    judged: Array,
    human: Array,
    weights: Array,
    level: float,
    *,
    target: NDArray[np.bool_] | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> RoganGladen:
    """Rogan and Gladen's estimate.

    Args:
        judged: 1 where the judge gives the label, 0 where it gives another, NaN where it failed; `(N,)`.
        human: the same of people, NaN without a label.
        weights: of the labelled items, inverse to their probabilities; 0 for the others.
        level: confidence level of the interval.
        target: the items whose rate it is, None for all; Se and Sp come from all labelled ones.
        clusters: of the items; None where they are independent.
    """
    known = ~np.isnan(judged)
    here = known if target is None else known & target
    has_label = known & ~np.isnan(human)
    count = int(has_label.sum())
    scaled = np.where(has_label, weights, 0.0)
    scaled = scaled * (count / scaled.sum()) if scaled.sum() > 0 else scaled
    filled = np.nan_to_num(judged)
    positive, negative = scaled * (np.nan_to_num(human) == 1), scaled * (np.nan_to_num(human, nan=1.0) == 0)
    kinds = (int((positive > 0).sum()), int((negative > 0).sum()))
    rate = float(filled[here].mean()) if here.any() else math.nan
    se, sp = _share(positive, filled), _share(negative, 1 - filled)
    undefined = min(kinds) < FEWEST or math.isnan(rate) or abs(se + sp - 1) < NEGLIGIBLE
    value = math.nan if undefined else (rate + sp - 1) / (se + sp - 1)
    if min(kinds) < FEWEST or math.isnan(rate):
        return RoganGladen(rate, se, sp, value, NO_INTERVAL, *kinds)
    smooth_se, smooth_sp = _share(positive, filled, PRIOR), _share(negative, 1 - filled, PRIOR)
    parts = np.stack(
        [
            here * (filled - rate) / max(1, int(here.sum())),
            _deviation(positive, filled, smooth_se),
            _deviation(negative, 1 - filled, smooth_sp),
        ]
    )
    covariance = _covariance(parts, clusters)
    covariance[1, 1] = max(covariance[1, 1], smooth_se * (1 - smooth_se) / (positive.sum() + 2 * PRIOR))
    covariance[2, 2] = max(covariance[2, 2], smooth_sp * (1 - smooth_sp) / (negative.sum() + 2 * PRIOR))
    degrees = max(1, count - 2 if clusters is None else len(np.unique(clusters[has_label])) - 2)
    interval = _fieller(rate, smooth_se, smooth_sp, covariance, t_quantile(level, degrees))
    return RoganGladen(rate, se, sp, value, interval, *kinds)


def _share(weights: Array, values: Array, prior: float = 0.0) -> float:
    total = float(weights.sum()) + 2 * prior
    return (float(weights @ values) + prior) / total if total > 0 else math.nan


def _deviation(weights: Array, values: Array, share: float) -> Array:
    return np.asarray(weights * (values - share) / (weights.sum() + 2 * PRIOR))


def _covariance(parts: Array, clusters: NDArray[np.int64] | None) -> Array:
    """The covariance of the three shares, from what each item adds to each."""
    sums = parts
    if clusters is not None:
        group = np.unique(clusters, return_inverse=True)[1]
        sums = np.array([np.bincount(group, part) for part in parts], dtype=float)
    return np.asarray(sums @ sums.T)


def _fieller(rate: float, se: float, sp: float, covariance: Array, reach: float) -> Interval:
    """All theta in [0, 1] within so many errors of `above - theta below = 0`; all of [0, 1] if unbounded."""
    above, below = rate + sp - 1, se + sp - 1
    to_above, to_below = np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])
    v_above, v_below, both = (
        float(one @ covariance @ other)
        for one, other in ((to_above, to_above), (to_below, to_below), (to_above, to_below))
    )
    a = below**2 - reach**2 * v_below
    b = above * below - reach**2 * both
    c = above**2 - reach**2 * v_above
    if a <= 0:
        return Interval(0.0, 1.0)
    root = math.sqrt(max(0.0, b**2 - a * c))
    low, high = (b - root) / a, (b + root) / a
    return Interval(min(1.0, max(0.0, low)), max(0.0, min(1.0, high)))
