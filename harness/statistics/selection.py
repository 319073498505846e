"""Correction of the best of many for its selection: hybrid inference on the winner.

Given everything that is independent of the figure of the winner, that figure is normal, truncated where another would
have won, and to c standard errors of its true value (Andrews, Kitagawa and McCloskey 2024). †Two changes to the
textbook are tuned on simulations (`tests/simulations/winners.py`): a floor on the gap to the runner-up, since figures
are made of counts and ties are common; and standard errors that are read in units of the winner's own interval, which
is not normal. The upper end of that interval is never lowered: the winner's error is biased upwards.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile
from harness.statistics.pairs import Statistic

BETA = 0.005
"""Share of the error rate spent on the hybrid's bound; a tenth of 0.05, as the paper has it."""
GRID = 4_001
"""Points of the law of the winner's figure."""
SAME = 1e-6
"""A perfectly correlated copy of the winner has no influence on the choice."""
MANY_TIED = 3
"""With so many at the top, no continuous law describes the tie."""


class Correction(NamedTuple):
    """The corrected figure of the best.

    Attributes:
        corrected: median-unbiased, no more than the figure.
        low: lower end of its interval.
        high: upper end, that of the winner's own interval.
    """

    corrected: float
    low: float
    high: float


class Own(NamedTuple):
    """The winner's own interval.

    Attributes:
        low: lower end.
        high: upper end.
        worth: how many independent items its items are worth.
        degrees: of freedom.
        level: confidence level.
        is_clustered: whether items lie in clusters.
    """

    low: float
    high: float
    worth: float
    degrees: float
    level: float
    is_clustered: bool = False


def correct_winner(
    statistic: Statistic,
    places: NDArray[np.intp],
    clusters: NDArray[np.int64] | None,
    best: int,
    own: Own,
    prior: Array,
) -> Correction:
    """The figure of the best of several evaluators that judged the same items, corrected for the choice.

    Args:
        statistic: the figure, defined for every evaluator.
        places: items × evaluators, the cell (flat index) of the table that each judgment is in.
        clusters: the cluster of each item; None where items are independent.
        best: position of the evaluator with the highest figure.
        own: its interval.
        prior: what smoothing adds to each cell of a table.
    """
    n, size = len(places), int(np.prod(statistic.shape))
    tables = np.array([np.bincount(one, minlength=size) for one in places.T], float).reshape(-1, *statistic.shape)
    values = statistic.value(tables)
    covariances = _with_the_winner(statistic.influences(tables), places, clusters, best)
    smoothed = tables[best] + prior
    influence = statistic.influences(smoothed)
    possible = influence[..., prior.reshape(statistic.shape).any(axis=0)] if prior.any() else influence
    least = float((smoothed * influence**2).sum() / smoothed.sum()) / own.worth
    variance = max(float(covariances[best]), least)
    step = float(possible.max() - possible.min()) / n  # the most that one item moves the figure by
    return _corrected(values, covariances, variance, step, best, own)


def correct_mean_winner(
    scores: Array, clusters: NDArray[np.int64] | None, best: int, own: Own, bounds: tuple[float, float]
) -> Correction:
    """The mean of the best of several evaluators, each with a number for every item, corrected for the choice.

    Args:
        scores: items × evaluators, without NaN.
        clusters: the cluster of each item; None where items are independent.
        best: position of the evaluator with the highest mean.
        own: its interval.
        bounds: the least and the largest number of an item.
    """
    n = len(scores)
    values = scores.mean(axis=0)
    covariances = _with_the_best_mean(scores - values, clusters, best)
    ends = np.array([*bounds, *scores[:, best]])  # an item at either end, so that the variance is above 0
    variance = max(float(covariances[best]), float(ends.var()) / own.worth)
    return _corrected(values, covariances, variance, (bounds[1] - bounds[0]) / n, best, own)


def correct_figure_winner(
    values: Array, influences: Array, clusters: NDArray[np.int64] | None, best: int, own: Own, unit_error: float
) -> Correction:
    """The figure of the best of several evaluators, known by the influence of the items, corrected for the choice.

    Args:
        values: of the evaluators, higher ones better.
        influences: items × evaluators; the sum of squares of a column is the variance of its figure.
        clusters: the cluster of each item; None where items are independent.
        best: position of the evaluator with the highest figure.
        own: its interval.
        unit_error: error that one added item has, times the number of items, which keeps the variance above 0.
    """
    n = len(influences)
    covariances = _with_the_best_mean(n * influences, clusters, best)
    variance = max(float(covariances[best]), (unit_error / own.worth) ** 2)
    return _corrected(values, covariances, variance, 2 * math.sqrt(variance / n), best, own)


def _with_the_best_mean(gaps: Array, clusters: NDArray[np.int64] | None, best: int) -> Array:
    """Covariance of each mean with that of the winner, the same bytes for any order of the items."""
    n = len(gaps)
    order = np.lexsort(gaps.T)
    ordered = gaps[order]
    if clusters is not None:
        group = np.unique(clusters, return_inverse=True)[1][order]
        sums: Array = np.stack([np.bincount(group, weights=column) for column in ordered.T], axis=1).astype(float)
        ordered = sums[np.lexsort(sums.T)]
    count = len(ordered)
    return np.asarray(count / max(1, count - 1) * (ordered * ordered[:, [best]]).sum(axis=0) / n**2)


def _corrected(values: Array, covariances: Array, variance: float, step: float, best: int, own: Own) -> Correction:
    """The correction from the joint law of the figures.

    Args:
        values: of all evaluators.
        covariances: of each figure with that of the winner.
        variance: of the winner's figure.
        step: the most that one item moves a figure by.
        best: position of the winner.
        own: its interval.
    """
    value = float(values[best])
    tied = int(np.count_nonzero(values > value - step / 2))
    low, middle, _ = _deltas(values, best, variance, covariances, step / (tied + 1), 1 - own.level)
    arm = value - own.low if value > own.low else normal_quantile(own.level) * math.sqrt(variance)
    corrected = value - middle * arm / normal_quantile(own.level)
    if tied >= MANY_TIED:
        corrected = max(corrected, float(values.mean()))  # no less than full shrinkage says
    corrected = min(value, corrected)
    return Correction(corrected, min(own.low, corrected, value - _tail(low, own) * arm), own.high)


def _with_the_winner(
    influences: Array, places: NDArray[np.intp], clusters: NDArray[np.int64] | None, best: int
) -> Array:
    """Covariance of each figure with that of the winner, the same bytes for any order of the items."""
    n, evaluators = places.shape
    flat = influences.reshape(evaluators, -1)
    if clusters is None:
        size = flat.shape[1]
        with_best = places[:, best] * size
        counts = np.array([np.bincount(with_best + one, minlength=size * size) for one in places.T], float)
        products = (counts.reshape(evaluators, size, size) * flat[best][:, None] * flat[:, None, :]).sum(axis=(1, 2))
        return np.asarray(n / max(1, n - 1) * products / n**2)
    order = np.lexsort(places.T)
    phi = flat[np.arange(evaluators), places[order]]
    group = np.unique(clusters, return_inverse=True)[1][order]
    sums = np.stack([np.bincount(group, weights=column) for column in phi.T], axis=1)
    sums = sums[np.lexsort(sums.T)]
    return np.asarray(len(sums) / max(1, len(sums) - 1) * (sums * sums[:, [best]]).sum(axis=0) / n**2)


def _deltas(
    values: Array, best: int, variance: float, covariances: Array, floor: float, alpha: float
) -> tuple[float, float, float]:
    """Standard errors from the winner's figure down to its lower end, its median-unbiased value and its upper end."""
    spread, moves = math.sqrt(variance), 1 - covariances / variance
    gaps = np.maximum(values[best] - values, floor)
    others = np.arange(len(values)) != best
    above, below = others & (moves > SAME), others & (moves < -SAME)
    least = float((-gaps[above] / (moves[above] * spread)).max()) if above.any() else -math.inf
    most = float((gaps[below] / (-moves[below] * spread)).min()) if below.any() else math.inf
    bound = normal_quantile((1 - BETA) ** (1 / len(values)))
    deltas = np.linspace(-bound, bound, GRID)[1:-1]
    lower, upper = np.maximum(deltas + least, -bound), np.minimum(deltas + most, bound)
    start = _normal(-lower)
    mass = start - _normal(-upper)
    known = mass > 1e-300
    law = np.maximum.accumulate((start - _normal(-deltas))[known] / mass[known])
    share = (alpha - BETA) / (1 - BETA)
    low, middle, high = (float(np.interp(p, law, deltas[known])) for p in (1 - share / 2, 0.5, share / 2))
    return low, middle, high


def _tail(delta: float, own: Own) -> float:
    """So many standard errors down, as a multiple of the lower arm of the winner's own interval."""
    if not own.is_clustered:
        return _student(delta, own.degrees) / _student(normal_quantile(own.level), own.degrees)
    from scipy.special import ndtr, stdtrit  # not at the top: only clusters need scipy

    return float(stdtrit(own.degrees, ndtr(delta)) / stdtrit(own.degrees, (1 + own.level) / 2))


def _normal(values: Array) -> Array:
    """The normal distribution function."""
    return np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in values])


def _student(z: float, degrees: float) -> float:
    """Student's t at the probability of a normal quantile, by Cornish and Fisher's expansion: for 19 degrees and up."""
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
