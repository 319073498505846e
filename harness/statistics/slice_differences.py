"""A figure of one evaluator on slices of the items against all other items, with simultaneous intervals.

Any figure of a table of counts: unlike accuracy, kappa depends on how often each label occurs, so that exchanging items
between slices does not test it. The error of a difference is the larger of the errors from the influences at the two
tables and at their sum, each with one added item, as for two evaluators (`harness.statistics.pairs`). The critical
value is the quantile of the largest standardised difference over the slices (max-T).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.multiplicity import triangular_factor
from harness.statistics.pairs import Statistic, added_item

DRAWS = 10_000


class SliceDifferences(NamedTuple):
    """Each of some slices compared with all other items.

    Attributes:
        values: the figure in each slice minus that outside it.
        reach: half the width of the simultaneous interval.
        p_values: adjusted for the slices; at most 1 - level exactly where the interval leaves out 0.
    """

    values: Array
    reach: Array
    p_values: Array


def slice_differences(
    statistic: Statistic,
    places: NDArray[np.intp],
    slices: NDArray[np.intp],
    tested: int,
    group: NDArray[np.int64] | None,
    *,
    level: float,
    seed: int,
) -> SliceDifferences:
    """Compare a figure on each of some slices with that on all other items.

    Args:
        statistic: the figure; it must be defined on each slice and outside it.
        places: the cell (flat index) of the table that each item is in.
        slices: the slice of each item; those from `tested` on are not tested and belong to the rest.
        tested: how many slices are tested.
        group: the cluster of each item; None where items are independent.
        level: confidence level of all intervals together.
        seed: of the draws.
    """
    n, size = len(places), statistic.shape[0] * statistic.shape[1]
    counts = np.bincount(slices * size + places, minlength=(int(slices.max(initial=0)) + 1) * size).reshape(-1, size)
    inside = counts[:tested].astype(float)
    tables = np.stack([inside, counts.sum(axis=0) - inside]).reshape(2, tested, *statistic.shape)
    sizes = tables.sum(axis=(2, 3))
    values = statistic.value(tables[0]) - statistic.value(tables[1])
    pooled = np.repeat(statistic.influences(tables.sum(axis=0))[None], 2, axis=0)
    own = statistic.influences(tables)
    numbers = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    is_in = slices[:, None] == np.arange(tested)
    moved = [_moved(found, tables, sizes, places, is_in) for found in (own, pooled)]
    errors, covariance = _errors(moved, numbers, level)
    added = [_added(found, tables, sizes) for found in (own, pooled)]
    variances = [error + extra for error, extra in zip(errors, added, strict=True)]
    spread = np.sqrt(np.maximum(*variances))
    largest = _largest(covariance, spread, seed)
    scores = np.abs(values) / spread
    p_values = (1 + len(largest) - np.searchsorted(largest, scores, side="left")) / (len(largest) + 1)
    above = int(np.floor((1 - level) * (len(largest) + 1) + 1e-9))
    critical = float(largest[len(largest) - above]) if above else np.inf
    return SliceDifferences(values, critical * spread, p_values)


def _moved(influence: Array, tables: Array, sizes: Array, places: NDArray[np.intp], is_in: NDArray[np.bool_]) -> Array:
    """How far each item moves each difference, items × slices."""
    shares = tables / sizes[:, :, None, None]
    centred = influence - (influence * shares).sum(axis=(2, 3), keepdims=True)
    scaled = (centred / sizes[:, :, None, None]).reshape(2, influence.shape[1], -1)
    moved: Array = np.where(is_in, scaled[0][:, places].T, -scaled[1][:, places].T)
    return moved


def _errors(moved: list[Array], numbers: NDArray[np.intp], level: float) -> tuple[list[Array], Array]:
    """The variances of the differences by each kind of influence, and the covariance by the first kind."""
    n, count = len(numbers), int(numbers.max(initial=-1)) + 1
    sizes = np.bincount(numbers).astype(float)
    variances, covariance = [], np.empty((0, 0))
    for one in moved:
        sums = one if count == n else np.array([np.bincount(numbers, weights=column) for column in one.T]).T
        of_items = n / (n - 1) * (one**2).sum(axis=0)
        clustered = count / (count - 1) * (sums**2).sum(axis=0)
        powers = n**2 * (sums**2).sum(axis=0), n**4 * (sums**4).sum(axis=0)
        worth = clusters.items_worth(clustered, of_items, powers, sizes, level)
        variances.append(of_items * n / worth.items)
        if not covariance.size:
            covariance = sums.T @ sums
    return variances, covariance


def _added(influence: Array, tables: Array, sizes: Array) -> Array:
    """The variance of one added item in the slice and one outside it."""
    shares = tables.sum(axis=3) / sizes[:, :, None]
    added: Array = (added_item(influence, shares) / sizes**2).sum(axis=0)
    return added


def _largest(covariance: Array, spread: Array, seed: int) -> Array:
    """Sorted draws of the largest standardised difference; errors beyond the covariance are independent."""
    beyond = np.maximum(spread**2 - np.diag(covariance), 0.0)
    scale = np.sqrt(np.diag(covariance) + beyond)
    factor = triangular_factor((covariance + np.diag(beyond)) / scale[:, None] / scale)
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.sort(np.abs(factor @ generator.standard_normal((len(factor), DRAWS))).max(axis=0))
