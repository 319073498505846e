"""For each item, how many others are above or below it in two orders: what Kendall's tau counts, in n log² n steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array


def concordance(x: Array, y: Array) -> tuple[Array, Array]:
    """For each item, how many others are in the same order by both, and how many in opposite orders; ties are neither.

    Args:
        x: of each item.
        y: of each item.
    """
    a, b = _places(x), _places(y)
    same = below_in_both(a, b) + below_in_both(-a, -b)
    opposite = below_in_both(a, -b) + below_in_both(-a, b)
    return same.astype(float), opposite.astype(float)


def below_in_both(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each item, how many others are smaller in both of two whole numbers."""
    order = np.lexsort((-y, x))  # of equal x the largest y comes first, so that none of them counts for another
    found = np.empty(len(x), np.int64)
    found[order] = _smaller_before(y[order])
    return found


def _smaller_before(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each place in a sequence, how many earlier values are smaller."""
    n = len(values)
    counts = np.zeros(n, np.int64)
    place = np.arange(n)
    y = values - values.min(initial=0)
    span = int(y.max(initial=0)) + 1
    size = 1
    while size < n:  # each half of a block is counted against the half before it
        keys = place // (2 * size) * span + y
        is_left = place // size % 2 == 0
        left = np.sort(keys[is_left])
        blocks_before = np.searchsorted(left, place[~is_left] // (2 * size) * span)
        counts[~is_left] += np.searchsorted(left, keys[~is_left]) - blocks_before
        size *= 2
    return counts


def _places(values: Array) -> NDArray[np.int64]:
    """The place of each value among the different ones."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
