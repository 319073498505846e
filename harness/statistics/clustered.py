"""Intervals of figures and means of clustered items, from their effective number of independent items.

See `harness.statistics.clusters` for the recipe. No interval has zero width, and where every cluster holds one item
it is the interval for independent items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters, multinomial
from harness.statistics.agreement import Array
from harness.statistics.clusters import Design, Worth
from harness.statistics.intervals import normal_quantile, quantiles, turned_cells

RESAMPLES = 2_000
"""Draws for a clustered interval: each figure has draws of its own, since its items are worth a number of their own."""

MOST_COUNTS = 2_000_000
"""Counts of clusters in cells that are held at once."""

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


class TableWorths(NamedTuple):
    """What the items of some tables are worth, all of the same clusters.

    Attributes:
        tables: counts of each, `(k, *shape)`.
        estimates: the figure of each, NaN where it is undefined.
        worth: what the items of each are worth; None where the design is refused.
        variances: clustered (jackknife) variance of each figure.
        design: what the sizes of the clusters allow.
    """

    tables: Array
    estimates: Array
    worth: Worth | None
    variances: Array
    design: Design


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
    worths = table_worths(places[:, None], group, shape, value, influence, level=level)
    return drawn_intervals(worths, [0], value, prior=prior, level=level, seeds=[seed])[0]


def table_worths(
    places: NDArray[np.intp],
    group: NDArray[np.int64],
    shape: tuple[int, ...],
    value: Value,
    influence: Value,
    *,
    level: float,
) -> TableWorths:
    """What the items of several tables are worth; a table's figures do not depend on which others there are.

    Args:
        places: items × tables, the flat cell of the table that each item is in.
        group: cluster of each item.
        shape: of a table.
        value: the figure of tables `(..., *shape)`.
        influence: of an item of each cell, of such tables.
        level: confidence level.
    """
    numbers = np.unique(group, return_inverse=True)[1]
    sizes = np.sort(np.bincount(numbers)).astype(float)
    design, count, size = clusters.design_of(sizes), len(sizes), int(np.prod(shape))
    step = max(2, MOST_COUNTS // max(1, count * size))
    parts = [
        _parts(_counts(places[:, at : at + step], numbers, (size, count)), shape, value, influence, bool(design.reason))
        for at in range(0, places.shape[1], step)
    ]
    tables, estimates, variances, of_items, squares, fourths = map(np.concatenate, zip(*parts, strict=True))
    worth = None if design.reason else clusters.items_worth(variances, of_items, (squares, fourths), sizes, level)
    return TableWorths(tables, estimates, worth, variances, design)


def _counts(places: NDArray[np.intp], numbers: NDArray[np.intp], each: tuple[int, int]) -> Array:
    """How many items of each cluster are in each cell: cells × tables × clusters.

    Args:
        places: items × tables.
        numbers: of the cluster of each item.
        each: how many cells a table has, and how many clusters there are.
    """
    size, count = each
    tables = places.shape[1]
    flat = (places * tables + np.arange(tables)) * count + numbers[:, None]
    found = np.bincount(flat.ravel(), minlength=size * tables * count).astype(float)
    return found.reshape(size, tables, count)


def _parts(
    counts: Array, shape: tuple[int, ...], value: Value, influence: Value, is_refused: bool
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Tables, figures, their clustered variance, that of independent items, and the sums of `items_worth`.

    Sums over clusters are taken in the order of their summands, so that the order of the items has no influence.

    Args:
        counts: cells × tables × clusters.
        shape: of a table.
        value: the figure of tables.
        influence: of an item of each cell.
        is_refused: whether the design allows no interval, so that nothing more is needed.
    """
    size, width, count = counts.shape
    if width == 1:  # numpy adds the cells of a single table in another order than those of several
        return tuple(part[:1] for part in _parts(np.repeat(counts, 2, axis=1), shape, value, influence, is_refused))  # type: ignore[return-value] # as many
    cells = counts.sum(axis=2)
    tables = cells.T.reshape(width, *shape)
    estimates, nothing = value(tables), np.zeros(width)
    if is_refused:
        return tables, estimates, nothing, nothing, nothing, nothing
    n = float(cells[:, 0].sum())
    phi = np.where(cells > 0, np.nan_to_num(influence(tables).reshape(width, size).T), 0.0)
    of_items = n / (n - 1) * (cells * phi**2).sum(axis=0) / n**2
    without = (cells[:, :, None] - counts).reshape(size, -1)  # each cell in one piece
    gaps = np.nan_to_num(value(without.T.reshape(-1, *shape)).reshape(width, count) - estimates[:, None])
    variances = (count - 1) / count * np.sort(gaps**2, axis=1).sum(axis=1)
    squares = np.sort((counts * phi[:, :, None]).sum(axis=0) ** 2, axis=1)
    return tables, estimates, variances, of_items, squares.sum(axis=1), (squares**2).sum(axis=1)


def drawn_intervals(
    worths: TableWorths, chosen: Sequence[int], value: Value, *, prior: Array, level: float, seeds: Sequence[int]
) -> list[ClusteredInterval]:
    """The intervals of some of the tables, from draws of as many independent items as their items are worth.

    Args:
        worths: of the tables.
        chosen: positions of the tables.
        value: the figure of tables.
        prior: what smoothing adds to each cell.
        level: confidence level.
        seeds: of the draws of each table.
    """
    worth, design = worths.worth, worths.design
    if worth is None:
        return [ClusteredInterval(None, None, design.reason, design)] * len(chosen)
    shape = worths.tables.shape[1:]
    by_cell = np.empty((math.prod(shape), len(chosen), RESAMPLES))  # each cell in one piece
    for place, (at, seed) in enumerate(zip(chosen, seeds, strict=True)):
        smoothed_draws(worths.tables[at], float(worth.items[at]), prior, seed, by_cell[:, place])
    drawn = value(by_cell.reshape(len(by_cell), -1).T.reshape(-1, *shape)).reshape(len(chosen), RESAMPLES)
    found = []
    for at, estimates in zip(chosen, drawn, strict=True):
        estimate, variance = float(worths.estimates[at]), float(worths.variances[at])
        low, high = None, None
        if not math.isnan(estimate):
            ends = quantiles(estimates[~np.isnan(estimates)], (1 - level) / 2, (1 + level) / 2)
            low, high = min(ends[0], estimate), max(ends[1], estimate)
        one = ClusteredInterval(
            low,
            high,
            "",
            design,
            float(worth.items[at]),
            float(worth.design_effect[at]),
            math.sqrt(variance) if variance > 1e-24 else 0.0,
            float(worth.degrees[at]),
        )
        found.append(one if low is not None else ClusteredInterval(None, None, "", design))
    return found


def smoothed_draws(table: Array, worth: float, prior: Array, seed: int, out: Array) -> None:
    """Smoothed multinomial draws of a table that is worth so many items; a part of an item is drawn at random.

    Args:
        table: counts.
        worth: how many independent items they are worth.
        prior: what smoothing adds to each cell.
        seed: of the draws.
        out: where to write them, cells × draws.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    weights = (table * (worth / table.sum()) + prior).ravel()
    whole, resamples = math.floor(worth), out.shape[1]
    turn = turned_cells(weights.reshape(table.shape))
    shares = weights / weights[turn].sum()
    multinomial.draws(generator, whole, shares, resamples, turn, out)
    with_part = np.flatnonzero(generator.random(resamples) < worth - whole)
    extra = np.searchsorted(np.cumsum(shares[turn[:-1]]), generator.random(len(with_part)), "right")
    out[turn[extra], with_part] += 1


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
