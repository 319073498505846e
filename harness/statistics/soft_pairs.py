"""Standard errors of paired differences of figures of soft verdicts, from the influence of each item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.pairs import PairedErrors


def influence_errors(
    values: Array,
    influence: Array,
    group: NDArray[np.int64] | None,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    *,
    unit_error: float,
    level: float,
) -> PairedErrors:
    """The errors of the differences between some pairs of evaluators, one added item for each evaluator.

    The added item keeps an error above 0 where two evaluators do not differ.

    Args:
        values: the figure of each evaluator.
        influence: items × evaluators; the sum of squares of a column is the variance of its figure. 0 for an item that
            an evaluator's figure does not rest on.
        group: cluster of each item; None where items are independent.
        first: position of one evaluator of each pair.
        second: position of the other.
        unit_error: error that the added item has, times the number of items.
        level: confidence level, which decides what clusters are worth.
    """
    n = len(influence)
    numbers = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    order = np.lexsort((numbers, *influence.T))  # by contents, so that the order of the items has no influence
    numbers, influence = np.unique(numbers[order], return_inverse=True)[1], influence[order]
    sizes = np.bincount(numbers).astype(float)
    count = len(sizes)
    sums = influence if count == n else np.array([np.bincount(numbers, weights=one) for one in influence.T]).T
    covariance = count / (count - 1) * (sums.T @ sums)
    of_items = _squares(influence, first, second) * n / (n - 1)
    clustered = of_items if count == n else _squares(sums, first, second) * count / (count - 1)
    powers = (n * n * _squares(sums, first, second), n**4 * _fourths(sums, first, second))
    worth = clusters.items_worth(clustered, of_items, powers, sizes, level)
    errors = np.sqrt(of_items * n / worth.items + 2 * (unit_error / worth.items) ** 2)
    typical = float(np.median(worth.items)) if len(first) else float(n)
    np.einsum("ii->i", covariance)[...] += (unit_error / typical) ** 2
    return PairedErrors(values, covariance, errors, None, worth.items)


def _squares(sums: Array, first: NDArray[np.intp], second: NDArray[np.intp]) -> Array:
    return np.array([((sums[:, x] - sums[:, y]) ** 2).sum() for x, y in zip(first, second, strict=True)])


def _fourths(sums: Array, first: NDArray[np.intp], second: NDArray[np.intp]) -> Array:
    return np.array([((sums[:, x] - sums[:, y]) ** 4).sum() for x, y in zip(first, second, strict=True)])
