"""Standard errors of paired differences between evaluators that judged the same items.

The error of a difference is the larger of two, so that it is valid both for evaluators that differ in how often they
give each class and for evaluators that do not:

    own     from the influences at each evaluator's own table (the delta method);
    pooled  from the influences at the sum of the two tables. Exchanging the two verdicts of an item leaves that sum as
            it is, so for exchangeable evaluators the difference is a sum of random signs of known scale: McNemar's
            argument, for any figure of a table.

Both count one added item for each evaluator, so an error is never 0 and never rounding. †The added item is tuned on
simulations and is no standard of the literature; the simulations are `tests/simulations/comparisons.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters
from harness.statistics.agreement import Array

BLOCK = 1 << 22
"""Numbers in memory at once in a blocked computation."""

Value = Callable[[Array], Array]


class Statistic(NamedTuple):
    """A figure of a table of counts.

    Attributes:
        value: of tables `(..., rows, columns)`, NaN where undefined; larger is better.
        influence: of an item of each cell of such tables, in the shape of the tables.
        shape: rows and columns. With one row the columns are wins, ties, losses and what is left out of the rate;
            otherwise the rows are reference classes and the columns the judge's classes and `failed`.
    """

    value: Value
    influence: Value
    shape: tuple[int, int]

    def influences(self, tables: Array) -> Array:
        """The influences, 0 where the figure is undefined or the cell is empty by the figure's own rule."""
        return np.nan_to_num(self.influence(tables))


@dataclass(frozen=True, slots=True, eq=False)
class Judgments:
    """The judgments of several evaluators on the same items.

    Attributes:
        rows: the row of the table that each item is in.
        columns: items × evaluators, the column of the table.
        clusters: the cluster of each item; None where items are independent.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    clusters: NDArray[np.int64] | None = None

    def tables(self, shape: tuple[int, int]) -> Array:
        """Counts, evaluators × rows × columns."""
        size, evaluators = shape[0] * shape[1], self.columns.shape[1]
        counts = np.array([np.bincount(self.rows * shape[1] + one, minlength=size) for one in self.columns.T], float)
        return counts.reshape(evaluators, *shape)

    def of_clusters(self) -> tuple[NDArray[np.intp], int]:
        """The number of each item's cluster, from 0, and how many there are."""
        assert self.clusters is not None
        numbers = np.unique(self.clusters, return_inverse=True)[1].astype(np.intp)
        return numbers, int(numbers.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True, eq=False)
class PairedErrors:
    """Standard errors of paired differences.

    Attributes:
        values: the figure of each evaluator.
        covariance: of these figures, evaluators × evaluators, one added item each.
        errors: of the difference of each pair; 0 where no item can differ, as of `f1-LABEL` without that label.
        degrees: of freedom of each pair, None where the normal distribution serves.
        worth: how many independent items each pair's items are worth.
    """

    values: Array
    covariance: Array
    errors: Array
    degrees: Array | None
    worth: Array


def paired_errors(
    statistic: Statistic, judgments: Judgments, first: NDArray[np.intp], second: NDArray[np.intp], level: float
) -> PairedErrors:
    """The errors of the differences between some pairs of evaluators.

    Args:
        statistic: the figure.
        judgments: of all evaluators; every one has a value.
        first: position of one evaluator of each pair.
        second: position of the other.
        level: confidence level, which decides what clusters are worth.
    """
    if judgments.clusters is None:
        return _independent(statistic, judgments, first, second)
    numbers, count = judgments.of_clusters()
    if count == len(numbers):
        return _independent(statistic, judgments, first, second)
    return _clustered(statistic, judgments, first, second, level)


def joint_counts(judgments: Judgments, shape: tuple[int, int]) -> Array:
    """How often each row met each column of one evaluator with each column of another.

    Returns:
        `(rows, evaluators, columns, evaluators, columns)`.
    """
    evaluators, columns = judgments.columns.shape[1], shape[1]
    size = evaluators * columns
    counts: Array = np.zeros((shape[0], size, size))
    for row in range(shape[0]):
        words = _places_as_bits(judgments.columns[judgments.rows == row], columns)
        step = max(1, BLOCK // max(1, words.shape[1]))
        for one in range(size):
            for begin in range(one, size, step):
                others = slice(begin, begin + step)
                both = np.bitwise_count(words[one] & words[others]).sum(axis=-1, dtype=np.int64)
                counts[row, one, others] = counts[row, others, one] = both
    return counts.reshape(shape[0], evaluators, columns, evaluators, columns)


def _places_as_bits(judged: NDArray[np.intp], columns: int) -> NDArray[np.uint64]:
    """A bit for each item, set where an evaluator gave a column: evaluators · columns × words of 64 items."""
    is_there = judged.T[:, None, :] == np.arange(columns)[:, None]
    packed = np.packbits(is_there, axis=-1).reshape(judged.shape[1] * columns, -1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view(np.uint64)


def added_item(influences: Array, shares: Array) -> Array:
    """Mean square of how far one right verdict that turns wrong moves a figure.

    Labels and wrong verdicts are as frequent as in the reference. With one row (a win rate) it is a win that turns
    into a loss.

    Args:
        influences: `(..., rows, columns)`.
        shares: of the rows, `(..., rows)`.
    """
    rows = influences.shape[-2]
    if rows == 1:
        return np.asarray((influences[..., 0, 0] - influences[..., 0, 2]) ** 2)
    classes = influences[..., :, :rows]
    squares = (np.diagonal(classes, axis1=-2, axis2=-1)[..., None] - classes) ** 2
    weights = np.where(np.eye(rows, dtype=bool), 0.0, shares[..., None, :])
    rest = weights.sum(axis=-1, keepdims=True)
    weights = np.where(rest > 0, weights / np.where(rest > 0, rest, 1.0), (1 - np.eye(rows)) / (rows - 1))
    return np.asarray((shares[..., None] * weights * squares).sum(axis=(-2, -1)))


def _independent(
    statistic: Statistic, judgments: Judgments, first: NDArray[np.intp], second: NDArray[np.intp]
) -> PairedErrors:
    """Everything from the joint counts: whole numbers, so that the order of the items changes nothing."""
    n, evaluators = judgments.columns.shape
    joint = joint_counts(judgments, statistic.shape)
    tables = judgments.tables(statistic.shape)
    shares = tables[0].sum(axis=-1) / n
    influences = statistic.influences(tables)
    influences = influences - (influences * tables).sum(axis=(1, 2), keepdims=True) / n
    covariance: Array = np.zeros((evaluators, evaluators))
    for row, counts in enumerate(joint):
        weighted = (influences[:, row, :, None, None] * counts).sum(axis=1)
        covariance += (weighted * influences[:, row]).sum(axis=-1)
    covariance /= n * max(1, n - 1)
    covariance = (covariance + covariance.T) / 2
    np.einsum("ii->i", covariance)[...] += added_item(influences, shares) / n**2
    pooled = np.empty(len(first))
    for part in _blocks(len(first), joint.shape[0] * joint.shape[2] ** 2):
        one, other = first[part], second[part]
        found = statistic.influences(tables[one] + tables[other])
        squares = 2 * added_item(found, shares)
        for row, counts in enumerate(joint):
            steps = found[:, row, :, None] - found[:, row, None, :]
            squares = squares + (counts[one, :, other, :] * steps * steps).sum(axis=(1, 2))
        pooled[part] = squares / n**2
    own = _of_differences(covariance, first, second)
    errors = np.sqrt(np.maximum(own, pooled))
    return PairedErrors(statistic.value(tables), covariance, errors, None, np.full(len(first), float(n)))


def _clustered(
    statistic: Statistic, judgments: Judgments, first: NDArray[np.intp], second: NDArray[np.intp], level: float
) -> PairedErrors:
    """The same with clusters as the units; the added items are as many of the independent items that all are worth.

    The own variance is the delete-one-cluster jackknife (CR3); each pair has the degrees of freedom of its own
    effective number of clusters.
    """
    by_cluster, sizes = _cluster_tables(judgments, statistic.shape)
    groups, evaluators = by_cluster.shape[:2]
    tables, n = by_cluster.sum(axis=0), float(sizes.sum())
    values, shares = statistic.value(tables), tables[0].sum(axis=-1) / n
    influences = np.where(tables > 0, statistic.influences(tables), 0.0)
    gaps: Array = np.zeros((groups, evaluators))
    by_cell = np.ascontiguousarray(np.moveaxis(by_cluster, (2, 3), (0, 1)))  # each cell in one piece
    whole = np.ascontiguousarray(np.moveaxis(tables, (1, 2), (0, 1)))[:, :, None]
    for part in _blocks(groups, evaluators * tables[0].size):
        without = np.moveaxis(whole - by_cell[:, :, part], (0, 1), (2, 3))
        gaps[part] = np.nan_to_num(statistic.value(without) - values)
    covariance = (groups - 1) / groups * (gaps.T @ gaps)
    sums = np.einsum("gkrc,krc->gk", by_cluster, influences)
    joint = joint_counts(judgments, statistic.shape)
    items = sum(
        ((influences[:, row, :, None, None] * counts).sum(axis=1) * influences[:, row]).sum(axis=-1)
        for row, counts in enumerate(joint)
    )
    of_items = _of_differences(np.asarray(items), first, second)
    clustered = _of_differences(covariance, first, second)
    worth = clusters.items_worth(
        clustered, of_items / (n * (n - 1)), _powers_of_differences(sums, first, second), sizes, level
    )
    added, both = np.empty(len(first)), np.empty((len(first), tables[0].size))
    for part in _blocks(len(first), tables[0].size):
        found = statistic.influences(tables[first[part]] + tables[second[part]])
        both[part], added[part] = found.reshape(len(found), -1), added_item(found, shares)
    pooled = _pooled_squares(by_cell.reshape(-1, groups, evaluators), both, first, second) / n**2
    own_added = added_item(statistic.influences(tables), shares)
    own = clustered + (own_added[first] + own_added[second]) / worth.items**2
    pooled = pooled + 2 * added / worth.items**2
    variances = np.maximum(own, pooled)
    if worth.is_worst_case:
        variances = np.maximum(variances, of_items / n / worth.items)
    np.einsum("ii->i", covariance)[...] += own_added / float(np.median(worth.items, axis=0) if len(first) else n) ** 2
    return PairedErrors(values, covariance, np.sqrt(variances), worth.degrees, worth.items)


def _cluster_tables(judgments: Judgments, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Counts by cluster, clusters × evaluators × rows × columns, and their sizes, in an order made of contents alone.

    So the order of the items, and the names of the clusters, change not even the rounding of a sum.
    """
    numbers, count = judgments.of_clusters()
    evaluators, size = judgments.columns.shape[1], shape[0] * shape[1]
    places = (numbers[:, None] * evaluators + np.arange(evaluators)) * size
    places += judgments.rows[:, None] * shape[1] + judgments.columns
    counts = np.bincount(places.ravel(), minlength=count * evaluators * size).reshape(count, -1)
    factors = np.random.Generator(np.random.PCG64(0)).integers(1, 1 << 62, counts.shape[1], dtype=np.uint64)
    order = np.argsort((counts.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64), kind="stable")
    return counts[order].astype(float).reshape(count, evaluators, *shape), np.bincount(numbers)[order].astype(float)


def _of_differences(products: Array, first: NDArray[np.intp], second: NDArray[np.intp]) -> Array:
    """Squares of differences of pairs from a matrix of products."""
    found = products[first, first] + products[second, second] - 2 * products[first, second]
    return np.maximum(found, 0.0)


def _powers_of_differences(sums: Array, first: NDArray[np.intp], second: NDArray[np.intp]) -> tuple[Array, Array]:
    """Σ (s_x - s_y)² and Σ (s_x - s_y)⁴ over clusters, for each pair; `sums` are clusters × evaluators."""
    squares, fourths = np.empty(len(first)), np.empty(len(first))
    for part, one, others in by_first(first, second):
        steps = np.square(sums[:, [one]] - sums[:, others])
        squares[part], fourths[part] = steps.sum(axis=0), np.square(steps).sum(axis=0)
    return squares, fourths


def _pooled_squares(by_cell: Array, influences: Array, first: NDArray[np.intp], second: NDArray[np.intp]) -> Array:
    """Σ over clusters of the square of what a pair's pooled influences say of their difference, for each pair.

    Args:
        by_cell: counts, cells × clusters × evaluators.
        influences: pairs × cells.
        first: position of one evaluator of each pair.
        second: position of the other.
    """
    squares = np.empty(len(first))
    occurring = np.flatnonzero(by_cell.any(axis=(1, 2)))
    for part, one, others in by_first(first, second):
        steps: Array = np.zeros((by_cell.shape[1], len(part)))
        for cell in occurring:
            gaps = by_cell[cell][:, [one]] - by_cell[cell][:, others]
            gaps *= influences[part, cell]
            steps += gaps
        squares[part] = np.square(steps, out=steps).sum(axis=0)
    return squares


def by_first(
    first: NDArray[np.intp], second: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], int, NDArray[np.intp] | slice]]:
    """Which pairs each evaluator is the first of, that evaluator, and the others of these pairs.

    Consecutive others are a slice, which copies nothing.
    """
    for one in np.unique(first).tolist():
        part = np.flatnonzero(first == one)
        others = second[part]
        is_run = bool((np.diff(others) == 1).all())
        yield part, one, slice(int(others[0]), int(others[-1]) + 1) if is_run else others


def _blocks(count: int, each: int) -> Iterator[slice]:
    """Slices that hold `BLOCK` numbers at most, at least one element each."""
    step = max(1, BLOCK // max(1, each))
    return (slice(begin, begin + step) for begin in range(0, count, step))
