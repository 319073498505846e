"""Probabilities against outcomes: Brier score, log loss, calibration error and area under the ROC curve.

A probability `p` in [0, 1] says that response a is better. An outcome `y` in [0, 1] is the share of the annotators who
prefer it, half of the ties included; with one annotator it is 0, one half or 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit, xlogy

from harness.statistics.agreement import Array

LEAST = 1e-6
"""Probabilities below it, and above 1 less it, count as it in the log loss, which is infinite for 0 and 1."""
BINS = 10
RESAMPLES = 2_000
CHUNK = 4_000_000


class Interval(NamedTuple):
    """An interval, both ends None where there is none."""

    low: float | None
    high: float | None


def brier(p: Array, y: Array) -> Array:
    """The squared error of each item (Brier 1950); its mean is the Brier score."""
    squares: Array = (p - y) ** 2
    return squares


def log_losses(p: Array, y: Array) -> Array:
    """The negative log likelihood of each item in nats; its mean is the log loss."""
    inside = np.clip(p, LEAST, 1 - LEAST)
    losses: Array = -(xlogy(y, inside) + xlogy(1 - y, 1 - inside))
    return losses


def mean_t_interval(values: Array, group: NDArray[np.int64] | None, level: float) -> Interval:
    """A t interval of a mean over clusters, from their sums (ratio estimator, CR1)."""
    numbers = np.arange(len(values)) if group is None else np.unique(group, return_inverse=True)[1]
    count = int(numbers.max(initial=-1)) + 1
    if count < 2:
        return Interval(None, None)
    gaps = np.bincount(numbers, weights=values - values.mean(), minlength=count)
    error = math.sqrt(count / (count - 1) * float(gaps @ gaps)) / len(values)
    if error < 1e-12:
        return Interval(None, None)
    reach, mean = float(stdtrit(count - 1, (1 + level) / 2)) * error, float(values.mean())
    return Interval(mean - reach, mean + reach)


def bin_of(p: Array, bins: int = BINS) -> NDArray[np.intp]:
    """The bin of equal width of each probability, as `sklearn.calibration.calibration_curve` makes them."""
    return np.clip(np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p), 0, bins - 1)


def calibration_error(p: Array, y: Array, bins: int = BINS) -> float:
    """Expected calibration error: the mean over items of the distance of the means of p and y in the item's bin."""
    gaps = np.bincount(bin_of(p, bins), weights=p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))


class CalibrationInterval(NamedTuple):
    """What the calibration error of a sample says of the true one.

    Attributes:
        low: lower end of its interval.
        high: upper end of its interval.
        by_chance: the error that a sample of this size shows on average where the true one is 0.
    """

    low: float
    high: float
    by_chance: float


def calibration_error_interval(
    p: Array, y: Array, group: NDArray[np.int64] | None, level: float, seed: int, bins: int = BINS
) -> CalibrationInterval:
    """An interval of the calibration error from a bootstrap of the gaps of all bins, over clusters.

    The error is a sum of absolute values, so that its estimate is too high, most of all where the truth is near 0, and
    percentiles of resampled errors miss it. By the triangle inequality it differs from the truth by no more than the
    sum of the absolute errors of the gaps, whose quantile the bootstrap gives; the interval is conservative.
    """
    numbers = np.arange(len(p)) if group is None else np.unique(group, return_inverse=True)[1]
    count = int(numbers.max(initial=-1)) + 1
    gaps = np.bincount(numbers * bins + bin_of(p, bins), weights=p - y, minlength=count * bins).reshape(count, bins)
    both = np.column_stack([gaps, np.bincount(numbers, minlength=count)])
    both = both[np.lexsort(both.T)]  # the order of the items has no influence
    generator = np.random.Generator(np.random.PCG64(seed))
    distances = np.empty(RESAMPLES)
    step = max(1, CHUNK // count)
    means = gaps.sum(axis=0) / len(p)
    for start in range(0, RESAMPLES, step):
        stop = min(RESAMPLES, start + step)
        weights = generator.multinomial(count, np.full(count, 1 / count), size=stop - start)
        sums = weights @ both
        distances[start:stop] = np.abs(sums[:, :-1] / sums[:, -1:] - means).sum(axis=1)
    distances *= math.sqrt(count / max(1, count - bins))  # a resample of a bin with few clusters varies too little
    value, reach = calibration_error(p, y, bins), float(np.quantile(distances, level))
    return CalibrationInterval(max(0.0, value - reach), min(1.0, value + reach), min(1.0, float(distances.mean())))


def auc(p: Array, is_a: NDArray[np.bool_]) -> tuple[float, Array]:
    """Area under the ROC curve, and the influence of each item on it (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        p: of each item; equal ones count one half.
        is_a: whether response a is better; both must occur.
    """
    from scipy.stats import rankdata  # not at the top: it takes a second

    ones, zeros = int(is_a.sum()), int((~is_a).sum())
    ranks = rankdata(p)
    placed = np.empty(len(p))
    placed[is_a] = (ranks[is_a] - rankdata(p[is_a])) / zeros
    placed[~is_a] = 1 - (ranks[~is_a] - rankdata(p[~is_a])) / ones
    value = float(placed[is_a].mean())
    influence: Array = np.where(is_a, (placed - value) / ones, (placed - value) / zeros)
    return value, influence


def auc_interval(
    value: float, influence: Array, is_a: NDArray[np.bool_], group: NDArray[np.int64] | None, level: float
) -> Interval:
    """A logit interval of the area with the clustered standard error (Obuchowski 1997).

    Where no item differs (a perfect separation) the interval is that of as many binomial trials as the rarer outcome
    has items, which is conservative.
    """
    numbers = np.arange(len(influence)) if group is None else np.unique(group, return_inverse=True)[1]
    sums = np.bincount(numbers, weights=influence)
    count = len(sums)
    error = math.sqrt(count / max(1, count - 1) * float(sums @ sums))
    if value in (0.0, 1.0) or error < 1e-12:
        from scipy.stats import beta  # not at the top: it takes a second

        fewest = min(len(np.unique(numbers[is_a])), len(np.unique(numbers[~is_a])))
        right = value * fewest
        low = float(beta.ppf((1 - level) / 2, right, fewest - right + 1)) if right > 0 else 0.0
        high = float(beta.ppf((1 + level) / 2, right + 1, fewest - right)) if right < fewest else 1.0
        return Interval(low, high)
    odds = math.log(value / (1 - value))
    reach = float(ndtri((1 + level) / 2)) * error / (value * (1 - value))
    return Interval(1 / (1 + math.exp(reach - odds)), 1 / (1 + math.exp(-odds - reach)))
