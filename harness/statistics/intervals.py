"""Intervals for a figure of independent items, from the counts alone, so that their time does not depend on n."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import multinomial
from harness.statistics.agreement import Array

METHODS = ("bootstrap", "percentile", "bca", "analytic")
"""The names that a spec may use; `bootstrap` is the smoothed one and the default."""

RESAMPLING = ("bootstrap", "percentile", "bca")
"""The methods that need resampled tables."""

PRIOR = 2.0
"""What the smoothed bootstrap adds to a table, in equal parts to all cells that hold verdicts: 2/9 to each of three
verdicts by three."""

Value = Callable[[Array], Array]


class Interval(NamedTuple):
    """Ends of an interval, None where it cannot be given, and the share of resamples without a value."""

    low: float | None
    high: float | None
    undefined_share: float = 0.0


NO_INTERVAL = Interval(None, None)


def resampled_tables(table: Array, *, smoothed: bool, resamples: int, seed: int, out: Array | None = None) -> Array:
    """Tables drawn from a table: multinomial with its n.

    Drawing cell counts is exactly the bootstrap over items, and costs the same for any n.

    Smoothed†: the shares are `(C + 2/9) / (n + 2)` over the 9 cells that hold verdicts, where `C` are the counts.
    Failures keep their raw counts: a judge that never failed is not drawn as failing, and without failures this
    is the nine-cell scheme. †Tuned on simulations, not a standard of the literature; the simulation is the test
    `tests/simulations/intervals.py`: the plain percentile bootstrap covers far below its level where n is small
    or a judge is nearly perfect or nearly constant.

    Args:
        table: counts, 3 × 4.
        smoothed: whether to add `PRIOR` in all.
        resamples: how many tables to draw.
        seed: of the generator.
        out: where to write them, cells of the table × resamples; None for a new array.
    """
    weights = np.array(table, dtype=float)
    if smoothed:
        weights[:, : len(weights)] += PRIOR / len(weights) ** 2
    turn = turned_cells(weights)
    flat = weights.ravel()
    generator = np.random.Generator(np.random.PCG64(seed))
    # `agreement` adds cell by cell: each is in one piece
    by_cell = multinomial.draws(generator, int(np.asarray(table).sum()), flat / flat[turn].sum(), resamples, turn, out)
    return by_cell.T.reshape(resamples, *weights.shape)


def turned_cells(table: Array, classes: int | None = None) -> NDArray[np.intp]:
    """The order in which the cells of a table are drawn: as they are, or with its classes reversed.

    Of a table and its mirror image, in which the responses have exchanged their names, the same one is always drawn, so
    that exchanging the names of the responses mirrors every interval exactly.

    Args:
        table: rows × columns, or rows × columns of one × columns of another, where columns past the classes are
            `failed`; or wins, ties and losses.
        classes: how many columns are classes; None for as many as there are rows.
    """
    classes = table.shape[0] if classes is None else classes
    columns = [*range(classes - 1, -1, -1), *range(classes, table.shape[-1])]
    cells = np.arange(table.size).reshape(table.shape)
    mirrored = cells[np.ix_(range(table.shape[0] - 1, -1, -1), *[columns] * (table.ndim - 1))]
    straight, turned = table.ravel().tolist(), table.ravel()[mirrored.ravel()].tolist()
    return np.asarray((mirrored if turned < straight else cells).ravel(), np.intp)


def percentile_interval(estimates: Array, level: float) -> Interval:
    """The central `level` of the estimates; undefined ones are left out and their share is returned."""
    defined, undefined_share = _defined(estimates)
    if not defined.size:
        return Interval(None, None, undefined_share)
    low, high = quantiles(defined, (1 - level) / 2, (1 + level) / 2)
    return Interval(low, high, undefined_share)


def quantiles(values: Array, *shares: float) -> list[float]:
    """Quantiles by linear interpolation. `numpy.quantile` gives the same, and takes four times as long for a few."""
    ordered = np.sort(values)
    found = []
    for share in shares:
        place = share * (len(values) - 1)
        below = min(int(place), len(values) - 1)
        low, high = float(ordered[below]), float(ordered[min(below + 1, len(values) - 1)])
        found.append(low + (place - below) * (high - low))
    return found


def holding(interval: Interval, estimate: float) -> Interval:
    """The interval, stretched to hold the estimate: percentiles of few items can lie beside it."""
    if interval.low is None or interval.high is None:
        return interval
    return interval._replace(low=min(interval.low, estimate), high=max(interval.high, estimate))


def bca_interval(table: Array, value: Value, estimates: Array, level: float) -> Interval:
    """Bias-corrected and accelerated interval (Efron 1987); the jackknife runs over cells, weighted by their counts.

    Args:
        table: counts, 3 × 4.
        value: the figure as a function of tables.
        estimates: the figure in plain (not smoothed) resamples of the table.
        level: confidence level.
    """
    defined, undefined_share = _defined(estimates)
    acceleration = _acceleration(table, value)
    estimate = float(value(table))
    if not defined.size or math.isnan(acceleration):
        return Interval(None, None, undefined_share)
    below = (np.count_nonzero(defined < estimate) + np.count_nonzero(defined <= estimate)) / (2 * defined.size)
    if not 0 < below < 1:
        return Interval(None, None, undefined_share)
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + normal.inv_cdf(tail)
        shares.append(normal.cdf(bias + shifted / (1 - acceleration * shifted)))
    low, high = quantiles(defined, *shares)
    return Interval(low, high, undefined_share)


def wald_interval(estimate: float, error: float, quantile: float, bounds: tuple[float, float]) -> Interval:
    """Estimate ± quantile × standard error, cut off where no value of the figure can lie."""
    reach = quantile * error
    return Interval(max(bounds[0], estimate - reach), min(bounds[1], estimate + reach))


def normal_quantile(level: float) -> float:
    """How many standard errors reach to either side at a confidence level."""
    return NormalDist().inv_cdf((1 + level) / 2)


def _defined(estimates: Array) -> tuple[Array, float]:
    undefined = np.isnan(estimates)
    count = int(np.count_nonzero(undefined))
    return (estimates[~undefined] if count else estimates), count / max(1, len(estimates))


def _acceleration(table: Array, value: Value) -> float:
    """Skewness of the jackknife; NaN where leaving one item out leaves the figure undefined, or changes nothing."""
    counts: Array = np.asarray(table, dtype=float)
    occupied = np.flatnonzero(counts.ravel())
    without = np.repeat(counts.reshape(1, -1), len(occupied), axis=0)
    without[np.arange(len(occupied)), occupied] -= 1
    weights = counts.ravel()[occupied]
    estimates = value(without.reshape(-1, *counts.shape))
    gaps = np.average(estimates, weights=weights) - estimates
    squares = float(weights @ gaps**2)
    return float(weights @ gaps**3) / (6 * squares**1.5) if squares > 0 else math.nan
