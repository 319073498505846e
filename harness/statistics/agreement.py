"""Agreement between reference labels and judgments, from counts.

A table counts items: 3 rows (the reference verdict, in the order `a`, `tie`, `b`) by 4 columns (the judge's
verdict in the same order, then `failed`, a class that only the judge uses). Every function takes an array of
tables `(..., 3, 4)`, so that ten thousand resamples cost one call, and gives NaN where a figure is undefined.

Sums are taken over counts and divided once at the end, so that what is exactly 0 or 1 comes out exactly so.

An influence says how far one more item of each cell of the table would move the figure: with `phi` the influence
of each item, `sqrt(sum(phi**2)) / n` is the standard error, the paired standard error of a difference comes from
`phi_x - phi_y`, and sums of `phi` over clusters give the clustered one.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

SHAPE = (3, 4)
"""Verdicts of the reference by verdicts of the judge and `failed`."""

NEGLIGIBLE = 1e-12
"""A standard error below this is rounding, and is 0."""


def identity_weights() -> Array:
    """Full credit for the same verdict, none for another; a failure earns nothing."""
    return np.eye(*SHAPE)


def linear_weights() -> Array:
    """Half credit for a verdict one step away in the order `a`, `tie`, `b`; a failure earns nothing."""
    return np.array([[1.0, 0.5, 0.0, 0.0], [0.5, 1.0, 0.5, 0.0], [0.0, 0.5, 1.0, 0.0]])


def total(tables: ArrayLike) -> Array:
    """Number of items in each table."""
    return _summed(_by_cell(tables), 2)


def accuracy(tables: ArrayLike) -> Array:
    """Share of the items on which the judge gives the reference verdict."""
    cells = _by_cell(tables)
    return _ratio(_weighted(identity_weights(), cells), _summed(cells, 2))


def accuracy_influence(tables: ArrayLike) -> Array:
    """Influence of an item on `accuracy`, for each cell of the table."""
    shift: Array = identity_weights() - accuracy(tables)[..., None, None]
    return shift


def kappa(tables: ArrayLike, weights: Array) -> Array:
    """Cohen's kappa with weights of agreement; undefined where agreement by chance is certain."""
    cells = _by_cell(tables)
    human, judge = cells.sum(axis=1), cells.sum(axis=0)
    n = _summed(human, 1)
    by_chance: Array = np.zeros_like(n)
    for row, column in np.argwhere(weights):
        by_chance = by_chance + weights[row, column] * human[row] * judge[column]
    return _ratio(n * _weighted(weights, cells) - by_chance, n * n - by_chance)


def kappa_influence(tables: ArrayLike, weights: Array) -> Array:
    """Influence of an item on `kappa`, for each cell of the table (Fleiss, Cohen and Everitt 1969)."""
    shares = _shares(tables)
    human, judge = shares.sum(axis=-1), shares.sum(axis=-2)
    observed = (weights * shares).sum(axis=(-2, -1), keepdims=True)
    judge_credit = (judge[..., None, :] * weights).sum(axis=-1)[..., :, None]  # expected for a row of the table
    human_credit = (human[..., :, None] * weights).sum(axis=-2)[..., None, :]  # expected for a column
    expected = (human[..., :, None] * judge_credit).sum(axis=(-2, -1), keepdims=True)
    return _corrected_influence(weights - observed, judge_credit + human_credit - 2 * expected, observed, expected)


def ac1(tables: ArrayLike) -> Array:
    """Gwet's AC1 over the three verdicts.

    Chance agreement is `sum(pi * (1 - pi)) / 2` with `pi` the mean of both marginals. A failure is a disagreement
    and belongs to no verdict, so it adds nothing to chance agreement: counting it as a fourth category would make
    one failure among a thousand items raise the figure.
    """
    cells = _by_cell(tables)
    n = _summed(cells, 2)
    named = cells.sum(axis=1) + cells.sum(axis=0)[:3]  # how often either side names each verdict: 2 n pi
    by_chance = _summed(named * (2 * n - named), 1)  # 8 n² times chance agreement
    return _ratio(8 * n * _weighted(identity_weights(), cells) - by_chance, 8 * n * n - by_chance)


def ac1_influence(tables: ArrayLike) -> Array:
    """Influence of an item on `ac1`, for each cell of the table."""
    shares = _shares(tables)
    observed = (identity_weights() * shares).sum(axis=(-2, -1), keepdims=True)
    pi = (shares.sum(axis=-1) + shares.sum(axis=-2)[..., :3]) / 2
    expected = (pi * (1 - pi)).sum(axis=-1)[..., None, None] / 2
    slope = (1 - 2 * pi) / 2
    by_column = np.concatenate([slope, np.zeros_like(slope[..., :1])], axis=-1)  # a failure names no verdict
    named = (slope[..., :, None] + by_column[..., None, :]) / 2
    expected_shift = named - (slope * pi).sum(axis=-1)[..., None, None]
    return _corrected_influence(identity_weights() - observed, expected_shift, observed, expected)


def among(tables: ArrayLike, mask: Array) -> Array:
    """The tables with the cells outside a mask emptied."""
    return np.asarray(tables, dtype=float) * mask


def influence_among(influence: Array, tables: ArrayLike, mask: Array) -> Array:
    """Influence on a figure of `among(tables, mask)`, as an influence of an item of the whole table."""
    share = _ratio(total(among(tables, mask)), total(tables))
    return _ratio(influence * mask, share[..., None, None])


def standard_error(tables: ArrayLike, influence: Array) -> Array:
    """Analytic standard error for independent items; exactly 0 where nothing but rounding is left."""
    counts = np.asarray(tables, dtype=float)
    squares = (counts * np.where(counts > 0, influence, 0.0) ** 2).sum(axis=(-2, -1))
    errors = _ratio(np.sqrt(squares), counts.sum(axis=(-2, -1)))
    return np.where(errors < NEGLIGIBLE, 0.0, errors)


def _by_cell(tables: ArrayLike) -> Array:
    """Counts with the cells of the table first, so that the resamples of one cell lie side by side."""
    return np.moveaxis(np.asarray(tables, dtype=float), (-2, -1), (0, 1))


def _weighted(weights: Array, cells: Array) -> Array:
    """Weighted sum over the cells. A product of matrices would say the same, and keep every processor spinning."""
    parts: Array = np.zeros(cells.shape[2:])
    for row, column in np.argwhere(weights):
        parts = parts + weights[row, column] * cells[row, column]
    return parts


def _summed(cells: Array, axes: int) -> Array:
    """Sum over the leading axes."""
    return np.asarray(cells.sum(axis=tuple(range(axes))))


def _shares(tables: ArrayLike) -> Array:
    counts = np.asarray(tables, dtype=float)
    return _ratio(counts, counts.sum(axis=(-2, -1), keepdims=True))


def _corrected_influence(observed_shift: Array, expected_shift: Array, observed: Array, expected: Array) -> Array:
    """Influence on `(observed - expected) / (1 - expected)` from those on its two parts."""
    return _ratio(observed_shift * (1 - expected) - expected_shift * (1 - observed), (1 - expected) ** 2)


def _ratio(above: Array, below: Array) -> Array:
    """Quotient, NaN where the divisor is 0."""
    above, below = np.broadcast_arrays(above, below)
    quotient: Array = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient
