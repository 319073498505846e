"""Prediction-powered inference where items were drawn for labelling with known, unequal probabilities.

With w the inverse inclusion probabilities, scaled to a sum of N over the labelled items L (Hájek 1971), Y the human's
values and f the judge's values on all N items:

    theta = (1/N) Σ_L w Y + lambda * ((1/N) Σ_all f - (1/N) Σ_L w f)

This is the estimator of active statistical inference (Zrnic and Candès 2024, arXiv 2403.03208) with the power of PPI++,
and the difference estimator of survey sampling (Särndal, Swensson and Wretman 1992, section 6.3). Its expectation over
the draw is the mean of Y for every lambda, up to the ratio bias of Hájek's scaling. It is theta plus the mean of

    u_i = (m_h - m) + xi_i w_i (y_i - m_h) + lambda (f_i - mean f)        y = Y - lambda f

with xi_i = 1 for a labelled item, m_h the weighted mean of y over the labelled items of the stratum h of item i, and m
that of all; without strata m_h = m. Items are a sample of all items that might be judged, so the variance is
`Σ u² / N²`; where they lie in clusters, u is summed over each cluster before it is squared. Deviations from the mean of
a stratum are scaled by `sqrt(n_h / (n_h - 1))`, with n_h its labelled items, or its labelled clusters where whole ones
were drawn. Lambda is the one of least such variance. What is reported is the weight of the judge in the notation of
`prediction_powered`, `lambda * M / N` with M items without a label, clipped to [0, 1]: with equal probabilities the
estimate is that of PPI++, and so is its variance as n grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics import win_rate
from harness.statistics.agreement import NEGLIGIBLE, Array
from harness.statistics.intervals import Interval
from harness.statistics.prediction_powered import JUDGED, Corrected, clustered_interval, judge_values
from harness.statistics.sampling import effective_size
from harness.statistics.win_rate import Ties

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """How the labelled items were drawn.

    Attributes:
        probabilities: of being drawn, of every item that has a label; NaN is allowed for the others.
        strata: of every item, where labelled items are a simple random sample within each; None where that is not so.
        clusters: of every item, where whole clusters were drawn, which lie within strata; None where items were.
    """

    probabilities: Array
    strata: Ints | None = None
    clusters: Ints | None = None

    def is_equal(self, labelled: NDArray[np.bool_]) -> bool:
        """Whether all labelled items had the same probability, up to rounding."""
        known = self.probabilities[labelled]
        return bool(len(known) == 0 or np.ptp(known) <= 1e-9 * known.max())

    def part(self, rows: NDArray[np.intp]) -> Design:
        """The design of some of the items."""
        strata, clusters = (None if of is None else of[rows] for of in (self.strata, self.clusters))
        return Design(self.probabilities[rows], strata, clusters)

    def of_labelled(self, labelled: NDArray[np.bool_]) -> tuple[Array, Ints]:
        """The weights of the labelled items, with a sum of N, and the stratum of every item.

        Within strata that hold two labels each at least (two labelled clusters, where these were drawn), a weight is
        N_h / n_h; else it is the inverse of the probability, and all items are one stratum.

        Args:
            labelled: which of all items have a label.
        """
        n = len(labelled)
        if self.strata is not None and labelled.any():
            strata = np.unique(self.strata, return_inverse=True)[1].astype(np.int64)
            sizes = np.bincount(strata)
            counts = np.bincount(strata[labelled], minlength=len(sizes))
            units, there = self.drawn(labelled, strata), self.drawn(np.ones(n, dtype=bool), strata)
            if (units >= np.minimum(2, there)).all():
                return (sizes / counts)[strata[labelled]], strata
        weights = 1 / self.probabilities[labelled]
        return weights * (n / weights.sum()), np.zeros(n, dtype=np.int64)

    def drawn(self, labelled: NDArray[np.bool_], strata: Ints) -> Ints:
        """How many units, items or whole clusters, with a label there are in each stratum.

        Args:
            labelled: which of all items have a label.
            strata: of every item.
        """
        size = int(strata.max(initial=0)) + 1
        if self.clusters is None:
            return np.bincount(strata[labelled], minlength=size)
        first = np.unique(self.clusters[labelled], return_index=True)[1]
        return np.bincount(strata[labelled][first], minlength=size)


def weighted_mean(
    human: Array,
    judge: Array,
    labelled: NDArray[np.bool_],
    design: Design,
    *,
    power: float | None = None,
    clusters: Ints | None = None,
) -> Corrected:
    """The mean of the human values over all items.

    Args:
        human: human values of the labelled items, `(n,)`.
        judge: the judge's values of all items, `(N,)`.
        labelled: which of all items have a label, `(N,)`.
        design: how these were drawn.
        power: the weight of the judge, `lambda * M / N`; None to choose it.
        clusters: of all items; None where items are independent.
    """
    items, n = len(judge), len(human)
    if not n:
        return Corrected(math.nan, math.nan, 0.0, math.nan, math.nan, 0)
    said, moved, mean, weighted = _parts(human, judge, labelled, design)
    gap = float(judge.mean()) - weighted
    units = n
    if clusters is not None:
        _, group = np.unique(clusters, return_inverse=True)
        said, moved = (np.bincount(group, part).astype(float) for part in (said, moved))
        units = len(np.unique(clusters[labelled]))
    most = items / max(1, items - n)
    if power is None:
        spread = float(moved @ moved)
        best = -float(said @ moved) / spread if spread > NEGLIGIBLE**2 else 0.0
        chosen = min(most, max(0.0, best))
    else:
        chosen = power * most
    chosen = chosen if items > n else 0.0
    scale = 1.0 if clusters is None or design.clusters is not None else units / max(1, units - 1)
    error = _root(scale, said + chosen * moved, items, units)
    alone = _root(scale, said, items, units)
    return Corrected(mean + chosen * gap, error, chosen / most, mean, alone, units)


def _parts(
    human: Array, judge: Array, labelled: NDArray[np.bool_], design: Design
) -> tuple[Array, Array, float, float]:
    """What each item adds to N times the labels' mean and to N times the judge's mean less its weighted one; both."""
    weights, strata = design.of_labelled(labelled)
    counts = design.drawn(labelled, strata)
    said, mean = _influence(human, labelled, weights, strata, counts)
    seen, weighted = _influence(judge[labelled], labelled, weights, strata, counts)
    every = _stratum_means(judge, np.ones(len(judge)), strata)
    means = _stratum_means(judge[labelled], weights, strata[labelled])
    return said, (judge - every[strata]) - (seen - (means[strata] - weighted)), mean, weighted


def mean_influence(human: Array, judge: Array, labelled: NDArray[np.bool_], design: Design, power: float) -> Array:
    """What each item adds to a corrected mean: its variance is the sum of squares, over clusters of the sums.

    Args:
        human: as `weighted_mean` takes them.
        judge: as there.
        labelled: as there.
        design: as there.
        power: the weight of the judge.

    Returns:
        `(N,)`.
    """
    said, moved, _, _ = _parts(human, judge, labelled, design)
    items = len(judge)
    return np.asarray((said + power * items / max(1, items - len(human)) * moved) / items)


def weighted_rate(
    outcomes: NDArray[np.int8],
    labels: NDArray[np.int8],
    design: Design,
    ties: Ties = "half",
    *,
    power: float | None = None,
    clusters: Ints | None = None,
) -> Corrected:
    """The win rate by human labels over all items; as `prediction_powered.corrected_rate`.

    Args:
        outcomes: the judge's outcome of each item: 0 won, 1 tied, 2 lost, failures from 3 on.
        labels: the human outcome of each item; below 0 without a label.
        design: how the labelled items were drawn.
        ties: what a tie counts as.
        power: the weight of the judge; None to choose it.
        clusters: the cluster of each item; None where items are independent.
    """
    values = _rate_values(outcomes, labels, design, ties)
    if values is None:
        return Corrected(math.nan, math.nan, 0.0, math.nan, math.nan, int((labels >= 0).sum()))
    return weighted_mean(*values, labels >= 0, design, power=power, clusters=clusters)


def rate_influence(
    outcomes: NDArray[np.int8], labels: NDArray[np.int8], design: Design, power: float, ties: Ties = "half"
) -> Array:
    """What each item adds to a corrected rate: its variance is the sum of squares, over clusters of the sums.

    Args:
        outcomes: as `weighted_rate` takes them.
        labels: as there.
        design: as there.
        power: the weight of the judge.
        ties: what a tie counts as.

    Returns:
        `(N,)`; all 0 where there is no rate.
    """
    values, items, labelled = _rate_values(outcomes, labels, design, ties), len(labels), labels >= 0
    if values is None:
        return np.zeros(items)
    return mean_influence(*values, labelled, design, power)


def _rate_values(
    outcomes: NDArray[np.int8], labels: NDArray[np.int8], design: Design, ties: Ties
) -> tuple[Array, Array] | None:
    """The human values of the labelled items, whose mean is the rate, and the judge's of all; None without a rate."""
    judged, labelled = np.minimum(outcomes, JUDGED - 1).astype(np.intp), labels >= 0
    human = labels[labelled].astype(np.intp)
    weights = design.of_labelled(labelled)[0] if len(human) else np.zeros(0)
    counts = np.bincount(human, weights, minlength=3).astype(float)
    rate = float(win_rate.win_rate(counts, ties))
    if math.isnan(rate):
        return None
    influence = rate + win_rate.influence(counts, ties)[human]
    return influence, judge_values(np.bincount(judged, minlength=JUDGED).astype(float), counts, ties)[judged]


def weighted_interval(
    value: float, error: float, weights: Array, clusters: Ints | None, level: float
) -> tuple[Interval, float]:
    """The interval of a weighted rate, and how many independent items its labels are worth (Kish 1965).

    Args:
        value: the rate, in [0, 1].
        error: its standard error.
        weights: of the labelled items.
        clusters: of these items; None where they are independent.
        level: confidence level.
    """
    sums = weights
    if clusters is not None:
        sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights).astype(float)
    worth = effective_size(sums)
    if worth <= 1:
        return Interval(None, None), worth
    return clustered_interval(value, error, sums, level), worth


def _influence(
    values: Array, labelled: NDArray[np.bool_], weights: Array, strata: Ints, counts: Ints
) -> tuple[Array, float]:
    """What each of all items adds to the weighted mean of the labelled items, with mean 0, and that mean."""
    items, own = len(labelled), strata[labelled]
    means = _stratum_means(values, weights, own)
    mean = float(values @ weights) / items
    scale = np.sqrt(counts / np.maximum(1, counts - 1))
    found = means[strata] - mean
    found[labelled] += weights * (values - means[own]) * scale[own]
    return found, mean


def _stratum_means(values: Array, weights: Array, strata: Ints) -> Array:
    size = int(strata.max(initial=0)) + 1
    sums = np.bincount(strata, weights, minlength=size)
    return np.asarray(np.bincount(strata, weights * values, minlength=size) / np.where(sums > 0, sums, 1.0))


def _root(scale: float, parts: Array, items: int, units: int) -> float:
    """A standard error; NaN with fewer than two units, exactly 0 where only rounding is left."""
    if units < 2:
        return math.nan
    error = math.sqrt(scale * float(parts @ parts)) / items
    return 0.0 if error < NEGLIGIBLE else error
