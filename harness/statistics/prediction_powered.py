"""Prediction-powered inference from human labels and judgments (PPI++: Angelopoulos, Duchi, Zrnic, arXiv 2311.01453).

On n labelled items both the human's value Y and the judge's f are known, on N others only the judge's. The estimate is

    theta = mean(Y) - lambda * (mean of f on the labelled items - mean of f on the others)

For every lambda that is fixed beforehand it is unbiased, whatever the error of the judge: the judge's bias is estimated
on the labelled items and subtracted. `lambda = 0` uses the human labels alone. The variance is least at

    lambda = Cov(Y, f) / ((1 + n/N) * Var(f))

with the covariance over the labelled items and the variance over all; it is estimated and clipped to [0, 1], as the
paper does, so that an uninformative judge costs almost no precision.

All this holds only if the labelled items are a random sample of all items, which the data cannot show.

A win rate with ties dropped is a ratio of two sums; its correction takes the judge's influence function for `f`. Then
an item on which the judge failed has the influence 0, as it moves the judge's rate nowhere: no verdict is made up for
it, and the estimate is still one for all items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics import multinomial, win_rate
from harness.statistics.agreement import NEGLIGIBLE, Array
from harness.statistics.intervals import Interval, normal_quantile, percentile_interval
from harness.statistics.win_rate import Ties

JUDGED = 4
"""Columns of a table: win, tie, loss and `failed`."""

PRIOR = win_rate.PRIOR / 3
"""What the smoothed bootstrap adds to each of the 9 cells that hold two verdicts: 1/3 for each of the human's."""


class Corrected(NamedTuple):
    """A mean or a rate of human labels, corrected with the outcomes of a judge.

    Attributes:
        value: the estimate. It may lie a little outside the range of what is estimated.
        error: its standard error; NaN where there are too few units for one.
        power: lambda, the weight of the judge, 0 to 1.
        human: the estimate from the labelled items alone.
        human_error: its standard error, from the same units.
        units: items that were labelled, or the clusters that hold any.
    """

    value: float
    error: float
    power: float
    human: float
    human_error: float
    units: int

    @property
    def gain(self) -> float | None:
        """The factor by which labels would have to grow for the same precision without the judge; None if unknown.

        Lambda is chosen on the labelled items, which makes the error look smaller than it is, so each variance is
        divided by its own degrees of freedom. A judge that carries no information has a gain of 1 on average; one
        sample may be a little below 1.
        """
        if not (self.error > 0 and self.human_error > 0) or self.units <= 2:
            return None
        chosen = (self.units - 2) / (self.units - 1) if self.power > 0 else 1.0
        return chosen * (self.human_error / self.error) ** 2


def tuned_power(labelled: Array, predicted: Array, others: Array) -> float:
    """The lambda of least variance for independent items, clipped to [0, 1]; 0 if the judge is constant.

    Args:
        labelled: human values of the labelled items.
        predicted: the judge's values of these items.
        others: the judge's values of the items without label.
    """
    n, rest = len(labelled), len(others)
    if not n or not rest:
        return 0.0
    covariance = float(np.mean((labelled - labelled.mean()) * (predicted - predicted.mean())))
    variance = float(np.var(np.concatenate([predicted, others]), ddof=1))
    return min(1.0, max(0.0, covariance / ((1 + n / rest) * variance))) if variance > NEGLIGIBLE else 0.0


def corrected_mean(
    labelled: ArrayLike,
    predicted: ArrayLike,
    others: ArrayLike,
    *,
    power: float | None = None,
    clusters: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> Corrected:
    """The mean of the human values over all items.

    Independent items: `SE² = Var(Y - lambda f) / n + lambda² Var(f) / N`. Clusters: with `u` what each item adds to the
    estimate, summed over the cluster's items with and without label, `SE² = G/(G-1) · Σ u²` with G the clusters that
    hold a label; lambda is then the one of least such variance.

    Args:
        labelled: human values of the labelled items, `(n,)`.
        predicted: the judge's values of these items, `(n,)`.
        others: the judge's values of the items without label, `(N,)`; N = 0 gives the human labels alone.
        power: lambda; None to choose it.
        clusters: the clusters of the labelled items and of the others, numbered alike; None where independent.

    Returns:
        The estimate; every number in it is NaN where nothing is labelled.
    """
    human, judge, rest = (np.asarray(values, dtype=float) for values in (labelled, predicted, others))
    if len(human) != len(judge):
        raise ValueError(f"{len(human)} labels but {len(judge)} predictions for them")
    if not len(human):
        return Corrected(math.nan, math.nan, 0.0, math.nan, math.nan, 0)
    parts = _Parts(_centred(human), _centred(judge), _centred(rest))
    if clusters is not None:
        return _clustered(float(human.mean()), _gap(judge, rest), parts, clusters, power)
    if power is None:
        power = tuned_power(human, judge, rest)
    return _independent(float(human.mean()), _gap(judge, rest), parts, power)


def corrected_rate(
    outcomes: NDArray[np.int8],
    labels: NDArray[np.int8],
    ties: Ties = "half",
    *,
    power: float | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Corrected:
    """The win rate by human labels over all items.

    Args:
        outcomes: the judge's outcome of each item: 0 won, 1 tied, 2 lost, failures from 3 on.
        labels: the human outcome of each item, in the same codes; below 0 without a label.
        ties: what a tie counts as.
        power: lambda; None to choose it.
        clusters: the cluster of each item; None where items are independent.

    Returns:
        The estimate; NaN where no labelled item counts, such as where all are ties and ties are dropped.
    """
    judged = np.minimum(outcomes, JUDGED - 1).astype(np.intp)
    has_label = labels >= 0
    human = labels[has_label].astype(np.intp)
    counts = np.bincount(human, minlength=3).astype(float)
    rate = float(win_rate.win_rate(counts, ties))
    if math.isnan(rate):
        return Corrected(math.nan, math.nan, 0.0, math.nan, math.nan, len(human))
    influence = rate + win_rate.influence(counts, ties)[human]  # its mean is the rate
    predicted = judge_values(np.bincount(judged, minlength=JUDGED).astype(float), counts, ties)[judged]
    units = None if clusters is None else (clusters[has_label], clusters[~has_label])
    return corrected_mean(influence, predicted[has_label], predicted[~has_label], power=power, clusters=units)


def rate_interval(
    table: ArrayLike, others: ArrayLike, ties: Ties = "half", *, resamples: int, level: float, seed: int
) -> Interval:
    """Interval of a corrected win rate for independent items: percentiles of the smoothed multinomial bootstrap.

    Arguments as for `rate_intervals`.
    """
    return rate_intervals(table, others, (ties,), resamples=resamples, level=level, seed=seed)[ties]


def rate_intervals(
    table: ArrayLike,
    others: ArrayLike,
    conventions: Sequence[Ties] = win_rate.TIES,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> dict[Ties, Interval]:
    """Intervals of corrected win rates, by what a tie counts as, all from the same resamples.

    Labelled items and others are drawn anew, and lambda is chosen again in each resample. †1/9 is added to each of the
    9 cells of the labelled items and 1/3 to each of the judge's verdicts on the others, so that with `lambda = 0` this
    is the smoothed bootstrap of the human labels. That was tuned on simulations and is no standard of the literature;
    the simulation is `tests/simulations/win_rates.py`. The normal interval of the paper covers the truth far below its
    level if n is below 100 and one outcome is rare.

    Args:
        table: counts of labelled items, human (won, tied, lost) × judge (won, tied, lost, failed).
        others: counts of the judge's outcomes on the items without label, `(4,)`.
        conventions: what a tie counts as.
        resamples: how many to draw.
        level: confidence level.
        seed: of the generator.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    tables = _drawn(np.asarray(table, dtype=float), PRIOR, resamples, generator)
    rest = _drawn(np.asarray(others, dtype=float), win_rate.PRIOR, resamples, generator)
    return {ties: percentile_interval(rate_of_counts(tables, rest, ties)[0], level) for ties in conventions}


def rate_of_counts(
    tables: ArrayLike, others: ArrayLike, ties: Ties = "half", power: float | None = None
) -> tuple[Array, Array]:
    """`corrected_rate` of independent items from counts: the estimate, cut off at 0 and 1, and lambda.

    Args:
        tables: counts of labelled items `(..., 3, 4)`, human × judge.
        others: counts of the judge's outcomes on the items without label `(..., 4)`.
        ties: what a tie counts as.
        power: lambda; None to choose it.
    """
    labelled, rest = np.asarray(tables, dtype=float), np.asarray(others, dtype=float)
    human, judge = labelled.sum(axis=-1), labelled.sum(axis=-2)
    n, more = human.sum(axis=-1), rest.sum(axis=-1)
    rate = win_rate.win_rate(human, ties)
    y = np.nan_to_num(win_rate.influence(human, ties))  # of mean 0; where it is undefined, so is the rate
    f = judge_values(judge + rest, human, ties)
    with np.errstate(divide="ignore", invalid="ignore"):
        f_labelled, f_rest = (judge * f).sum(axis=-1) / n, (rest * f).sum(axis=-1) / more
        shares = (labelled * y[..., :, None] * f[..., None, :]).sum(axis=(-2, -1)) / n
        pooled = ((judge + rest) * f).sum(axis=-1) / (n + more)
        squares = ((judge + rest) * (f - pooled[..., None]) ** 2).sum(axis=-1) / (n + more - 1)
        best = np.clip(shares / ((1 + n / more) * squares), 0.0, 1.0)
    best = np.where((squares > NEGLIGIBLE) & (more > 0), best, 0.0)
    chosen = best if power is None else np.where(more > 0, power, 0.0)
    moved = rate - chosen * np.where(more > 0, f_labelled - f_rest, 0.0)
    return np.clip(moved, 0.0, 1.0), chosen


def clustered_interval(value: float, error: float, sizes: Array, level: float) -> Interval:
    """Interval of a corrected rate whose labelled items are in clusters; it has no zero width and holds the value.

    The labels are worth as many independent ones as clusters of these sizes are if each moves as one (Kish 1965). They
    get z²/2 pseudo-labels at either end (Agresti and Coull 1998) and Student's t.

    Args:
        value: the rate, in [0, 1].
        error: its standard error over clusters.
        sizes: labelled items of each cluster that holds any.
        level: confidence level.
    """
    from scipy.special import stdtrit  # not at the top: only clusters need scipy

    worth = float(sizes.sum()) ** 2 / float((sizes**2).sum())
    added = normal_quantile(level) ** 2 / 2
    total = worth + 2 * added
    centre = (worth * value + added) / total
    second = (worth * (error**2 * worth + value**2) + added) / total
    reach = float(stdtrit(worth - 1, (1 + level) / 2)) * math.sqrt(max(0.0, second - centre**2) / total)
    return Interval(max(0.0, min(centre - reach, value)), min(1.0, max(centre + reach, value)))


class _Parts(NamedTuple):
    """What each item adds, each part with mean 0: human and judge on the labelled items, judge on the others."""

    human: Array
    judge: Array
    rest: Array


def judge_values(judged: Array, human: Array, ties: Ties) -> Array:
    """The judge's influence of each outcome, `(..., 4)`, in the units of the human's rate; 0 for a failure.

    It is the judge's score of an item less the judge's own rate, over the share of items on which the human's rate
    rests: so a judge that always agrees with the humans has a lambda of `1 / (1 + n/N)`.
    """
    above, below = win_rate.score_of(ties, JUDGED)
    own = np.nan_to_num(win_rate.win_rate(judged, ties))  # any value will do for a judge without a rate
    share = win_rate.rests_on(human, ties) / np.maximum(human.sum(axis=-1), 1)
    scores = above - own[..., None] * below
    return np.asarray(scores / np.where(share > 0, share, 1.0)[..., None])


def _independent(human: float, gap: float, parts: _Parts, power: float) -> Corrected:
    n, more = len(parts.human), len(parts.rest)
    power = power if more else 0.0
    variance = float(np.mean((parts.human - power * parts.judge) ** 2)) / n
    variance += power**2 * float(np.mean(parts.rest**2)) / more if more else 0.0
    alone = float(np.mean(parts.human**2)) / n
    return Corrected(human - power * gap, _root(variance, n), power, human, _root(alone, n), n)


def _clustered(
    human: float,
    gap: float,
    parts: _Parts,
    clusters: tuple[NDArray[np.int64], NDArray[np.int64]],
    power: float | None,
) -> Corrected:
    n, more = len(parts.human), len(parts.rest)
    _, group = np.unique(np.concatenate(clusters), return_inverse=True)
    here, there = group[:n], group[n:]
    count = int(group.max()) + 1
    said = np.bincount(here, parts.human, count) / n
    guessed = np.bincount(here, parts.judge, count) / n - np.bincount(there, parts.rest, count) / max(1, more)
    spread = float(guessed @ guessed)
    if power is None:
        power = min(1.0, max(0.0, float(said @ guessed) / spread)) if spread > NEGLIGIBLE**2 else 0.0
    power = power if more else 0.0
    with_labels = len(np.unique(here))
    added = said - power * guessed
    correction = with_labels / max(1, with_labels - 1)
    error = _root(correction * float(added @ added), with_labels)
    alone = _root(correction * float(said @ said), with_labels)
    return Corrected(human - power * gap, error, power, human, alone, with_labels)


def _root(variance: float, units: int) -> float:
    """A standard error; NaN with fewer than two units, exactly 0 where only rounding is left."""
    if units < 2:
        return math.nan
    error = math.sqrt(variance)
    return 0.0 if error < NEGLIGIBLE else error


def _gap(labelled: Array, others: Array) -> float:
    return float(labelled.mean() - others.mean()) if len(others) else 0.0


def _centred(values: Array) -> Array:
    centred: Array = values - values.mean() if len(values) else values
    return centred


def _drawn(counts: Array, prior: float, resamples: int, generator: np.random.Generator) -> Array:
    """Counts drawn from counts; the prior goes to what holds verdicts, failures keep their counts."""
    n = int(counts.sum())
    weights = counts.copy()
    weights[..., :3] += prior
    flat = weights.ravel()
    if not n:
        return np.zeros((resamples, *counts.shape))
    by_cell = multinomial.draws(generator, n, flat / flat.sum(), resamples)
    return by_cell.T.reshape(resamples, *counts.shape)
