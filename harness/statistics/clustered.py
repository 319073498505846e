"""Intervals of figures and means of clustered items, from their effective number of independent items.

See `harness.statistics.clusters` for the recipe. No interval has zero width, and where every cluster holds one item
it is the interval for independent items.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters, multinomial
from harness.statistics.agreement import Array
from harness.statistics.clusters import Design
from harness.statistics.intervals import normal_quantile, quantiles, turned_cells

RESAMPLES = 2_000
"""Draws for a clustered interval: each figure has draws of its own, since its items are worth a number of their own."""

Value = Callable[[Array], Array]


class ClusteredInterval(NamedTuple):
    """An interval of a figure of items in clusters.

    Attributes:
        low: lower end, None where the design is refused.
        high: upper end, None in the same case.
        reason: why it is refused, "" otherwise.
        design: what the sizes of the clusters allow.
        worth: how many independent items the items are worth.
        design_effect: items over their worth before the correction for few clusters.
        error: clustered (jackknife) standard error, 0 where no cluster differs.
        degrees: of freedom.
    """

    low: float | None
    high: float | None
    reason: str
    design: Design
    worth: float = 0.0
    design_effect: float = 1.0
    error: float = 0.0
    degrees: float = 1.0


def table_interval(
    places: NDArray[np.intp],
    group: NDArray[np.int64],
    shape: tuple[int, ...],
    value: Value,
    influence: Value,
    *,
    prior: Array,
    level: float,
    seed: int,
) -> ClusteredInterval:
    """The smoothed multinomial interval of the table, with the effective number of independent items.

    Args:
        places: flat cell of the table that each item is in.
        group: cluster of each item.
        shape: of the table.
        value: the figure of tables `(..., *shape)`.
        influence: of an item of each cell, of such tables.
        prior: what smoothing adds to each cell.
        level: confidence level.
        seed: of the draws.
    """
    numbers = np.unique(group, return_inverse=True)[1]
    count, size = int(numbers.max(initial=-1)) + 1, int(np.prod(shape))
    counts = np.bincount(numbers * size + places, minlength=count * size).reshape(count, size)
    order = np.lexsort(counts.T)  # by contents alone, so that the order of the items has no influence
    by_cluster = counts[order].astype(float).reshape(count, *shape)
    table, sizes = by_cluster.sum(axis=0), counts[order].sum(axis=1).astype(float)
    design, axes = clusters.design_of(sizes), tuple(range(1, 1 + len(shape)))
    estimate = float(value(table))
    if design.reason or math.isnan(estimate):
        return ClusteredInterval(None, None, design.reason, design)
    n = design.n
    phi = np.where(table > 0, np.nan_to_num(influence(table)), 0.0)
    of_items = n / (n - 1) * float((table * phi**2).sum()) / n**2
    without = table.reshape(size, 1) - np.ascontiguousarray(by_cluster.reshape(count, size).T)  # each cell in one piece
    gaps = np.nan_to_num(value(without.T.reshape(count, *shape)) - estimate)
    clustered = (count - 1) / count * float((gaps**2).sum())
    squares = (by_cluster * phi).sum(axis=axes) ** 2
    powers = np.array([squares.sum()]), np.array([(squares**2).sum()])
    worth = clusters.items_worth(np.array([clustered]), np.array([of_items]), powers, sizes, level)
    drawn = value(smoothed_draws(table, float(worth.items[0]), prior, seed))
    low, high = quantiles(drawn[~np.isnan(drawn)], (1 - level) / 2, (1 + level) / 2)
    return ClusteredInterval(
        min(low, estimate),
        max(high, estimate),
        "",
        design,
        float(worth.items[0]),
        float(worth.design_effect[0]),
        math.sqrt(clustered) if clustered > 1e-24 else 0.0,
        float(worth.degrees[0]),
    )


def smoothed_draws(table: Array, worth: float, prior: Array, seed: int, resamples: int = RESAMPLES) -> Array:
    """Smoothed multinomial draws of a table that is worth so many items; a part of an item is drawn at random."""
    generator = np.random.Generator(np.random.PCG64(seed))
    weights = (table * (worth / table.sum()) + prior).ravel()
    whole = math.floor(worth)
    turn = turned_cells(weights.reshape(table.shape))
    shares = weights[turn] / weights.sum()
    by_cell = np.empty((table.size, resamples))  # `agreement` adds cell to cell: each must lie in one piece
    by_cell[turn] = multinomial.draws(generator, whole, shares, resamples)
    with_part = np.flatnonzero(generator.random(resamples) < worth - whole)
    by_cell[turn[np.searchsorted(np.cumsum(shares[:-1]), generator.random(len(with_part)), "right")], with_part] += 1
    return by_cell.T.reshape(resamples, *table.shape)


def mean_interval(
    values: Array, group: NDArray[np.int64] | None, bounds: tuple[float, float], level: float
) -> ClusteredInterval:
    """An interval for the mean of bounded values with pseudo-items at either end, which has no zero width.

    Means of values in [0, 1] get z²/2 pseudo-items at either end (Agresti and Coull 1998), differences in [-1, 1] one
    at either end (Bonett and Price 2012), both on as many independent items as the items are worth.

    Args:
        values: of each item.
        group: cluster of each item, None where items are independent.
        bounds: the least and the largest value.
        level: confidence level.
    """
    numbers = np.arange(len(values)) if group is None else np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(numbers).astype(float)
    design, n, mean = clusters.design_of(sizes), float(len(values)), float(np.mean(values)) if len(values) else 0.0
    if design.reason:
        return ClusteredInterval(None, None, design.reason, design)
    gaps = values - mean
    sums = np.bincount(numbers, weights=gaps)
    left_out = sums / (n - sizes)
    clustered = (len(sizes) - 1) / len(sizes) * float(left_out @ left_out)
    squares = sums**2
    powers = np.array([squares.sum()]), np.array([(squares**2).sum()])
    of_items = float(gaps @ gaps) / n / (n - 1)
    worth = clusters.items_worth(np.array([clustered]), np.array([of_items]), powers, sizes, level)
    z, items, (least, most) = normal_quantile(level), float(worth.items[0]), bounds
    added = z * z / 2 if least >= 0 else 1.0
    total = items + 2 * added
    centre = (items * mean + added * (least + most)) / total
    second = (items * (float(gaps @ gaps) / n + mean**2) + added * (least**2 + most**2)) / total
    reach = z * math.sqrt(max(0.0, second - centre**2) / total)
    return ClusteredInterval(
        max(least, min(centre - reach, mean)),
        min(most, max(centre + reach, mean)),
        "",
        design,
        items,
        float(worth.design_effect[0]),
        math.sqrt(clustered) if clustered > 1e-24 else 0.0,
        float(worth.degrees[0]),
    )
