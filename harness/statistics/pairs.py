"""Paired comparison of evaluators that judged the same items.

Everything follows from one matrix, the covariance of the figures: the influences of all evaluators, item by item,
multiplied with themselves. It is built in blocks of items, so memory does not grow with their number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

BLOCK = 1 << 21
"""Influences held at once (items × evaluators)."""

POWER = 0.84
"""Standard errors beyond what a test asks for that a true difference must have to be found in 4 of 5 runs."""


def figure_covariance(
    influences: Array, human: NDArray[np.int8], judged: NDArray[np.int8], clusters: NDArray[np.int64] | None = None
) -> Array:
    """Covariance of the figures of all evaluators: `G/(G-1) · S' S / n²` with `S` the influences summed over clusters.

    Where items are independent each is a cluster of its own, `n/(n-1) · Phi' Phi / n²`: without the factor, and with
    normal quantiles, ten equal evaluators at n = 40 would differ significantly in 1 of 10 worlds instead of 1 of 20.

    Args:
        influences: evaluators × rows × columns of the table, finite where there are items.
        human: the row of each item: its reference verdict.
        judged: items × evaluators, the column of the table: a verdict or a failure.
        clusters: the cluster of each item; None where items are independent.
    """
    evaluators, n = len(influences), len(human)
    columns = influences.shape[-1]
    flat = np.ascontiguousarray(influences.reshape(evaluators, -1).T)
    order, starts, correction = _units(clusters, n)
    covariance: Array = np.zeros((evaluators, evaluators))
    step = max(1, BLOCK // max(1, evaluators))
    first = 0
    while first < len(starts):
        begin = starts[first]
        last = max(first + 1, int(np.searchsorted(starts, begin + step)))  # whole units, at least one
        end = starts[last] if last < len(starts) else n
        rows = slice(begin, end) if order is None else order[begin:end]
        cells = human[rows].astype(np.intp)[:, None] * columns + judged[rows]
        phi = flat[cells, np.arange(evaluators)]
        if order is not None:
            phi = np.add.reduceat(phi, starts[first:last] - begin, axis=0)
        covariance += phi.T @ phi
        first = last
    scaled: Array = correction * covariance / max(1, n) ** 2
    return scaled


def paired_errors(covariance: Array) -> Array:
    """Standard error of every difference of two figures; exactly 0 where nothing but rounding is left."""
    variances = np.diag(covariance)
    both = variances[:, None] + variances[None, :]
    squares = both - 2 * covariance
    return np.sqrt(np.where(squares > 1e-12 * both, squares, 0.0))


def detectable(error: float, critical: float) -> float:
    """The difference that a run like this one detects with a power of 0.8.

    It is 2.80 standard errors for one difference tested at level 0.95, where `critical` is 1.96, and more where
    several evaluators are compared with each other.
    """
    return (critical + POWER) * error


def _units(clusters: NDArray[np.int64] | None, n: int) -> tuple[NDArray[np.intp] | None, NDArray[np.intp], float]:
    """Rows in the order of their units (None: as they are), where each unit starts, and the small-sample factor."""
    if clusters is None:
        return None, np.arange(n), n / max(1, n - 1)
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=clusters[order[:1]] - 1))
    return order, starts, len(starts) / max(1, len(starts) - 1)
