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
    return _sum(_flat(tables))


def accuracy(tables: ArrayLike) -> Array:
    """Share of the items on which the judge gives the reference verdict."""
    flat = _flat(tables)
    return _ratio(flat @ identity_weights().ravel(), _sum(flat))


def accuracy_influence(tables: ArrayLike) -> Array:
    """Influence of an item on `accuracy`, for each cell of the table."""
    shift: Array = identity_weights() - accuracy(tables)[..., None, None]
    return shift


def kappa(tables: ArrayLike, weights: Array) -> Array:
    """Cohen's kappa with weights of agreement; undefined where agreement by chance is certain."""
    flat = _flat(tables)
    human, judge = _marginals(flat)
    n = _sum(flat)
    agreed = flat @ weights.ravel()
    by_chance = np.einsum("...j,...j->...", human @ weights, judge)
    return _ratio(n * agreed - by_chance, n * n - by_chance)


def kappa_influence(tables: ArrayLike, weights: Array) -> Array:
    """Influence of an item on `kappa`, for each cell of the table (Fleiss, Cohen and Everitt 1969)."""
    flat = _flat(tables)
    n = _sum(flat)[..., None]
    human, judge = (_ratio(margin, n) for margin in _marginals(flat))
    observed = (flat @ weights.ravel() / np.maximum(n[..., 0], 1))[..., None, None]
    expected = np.einsum("...j,...j->...", human @ weights, judge)[..., None, None]
    expected_shift = (judge @ weights.T)[..., :, None] + (human @ weights)[..., None, :] - 2 * expected
    return _corrected_influence(weights - observed, expected_shift, observed, expected)


def ac1(tables: ArrayLike) -> Array:
    """Gwet's AC1 over the three verdicts.

    Chance agreement is `sum(pi * (1 - pi)) / 2` with `pi` the mean of both marginals. A failure is a disagreement
    and belongs to no verdict, so it adds nothing to chance agreement: counting it as a fourth category would make
    one failure among a thousand items raise the figure.
    """
    flat = _flat(tables)
    n = _sum(flat)
    used = flat @ _uses()
    by_chance = 2 * n * used.sum(axis=-1) - np.einsum("...k,...k->...", used, used)  # 8 n² times chance agreement
    return _ratio(8 * n * (flat @ identity_weights().ravel()) - by_chance, 8 * n * n - by_chance)


def ac1_influence(tables: ArrayLike) -> Array:
    """Influence of an item on `ac1`, for each cell of the table."""
    flat = _flat(tables)
    observed = accuracy(tables)[..., None, None]
    shares = _ratio(flat @ _uses(), 2 * _sum(flat)[..., None])
    expected = (shares * (1 - shares)).sum(axis=-1)[..., None, None] / 2
    slope = (1 - 2 * shares) / 2
    item = _uses().reshape(*SHAPE, 3) / 2  # what an item of each cell adds to the shares
    expected_shift = np.einsum("ijk,...k->...ij", item, slope) - (slope * shares).sum(axis=-1)[..., None, None]
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


def _flat(tables: ArrayLike) -> Array:
    counts = np.asarray(tables, dtype=float)
    return counts.reshape(*counts.shape[:-2], SHAPE[0] * SHAPE[1])


def _marginals(flat: Array) -> tuple[Array, Array]:
    """Counts of the reference verdicts and of the judge's outcomes."""
    rows, columns = SHAPE
    return flat @ np.kron(np.eye(rows), np.ones((columns, 1))), flat @ np.kron(np.ones((rows, 1)), np.eye(columns))


def _uses() -> Array:
    """How often labels and judgment of an item of each cell (flat) name each verdict."""
    rows, columns = SHAPE
    return np.kron(np.eye(rows), np.ones((columns, 1))) + np.kron(np.ones((rows, 1)), np.eye(columns, rows))


def _sum(flat: Array) -> Array:
    """Sum over the cells; a product is faster than the sum of a short axis."""
    counts: Array = flat @ np.ones(flat.shape[-1])
    return counts


def _corrected_influence(observed_shift: Array, expected_shift: Array, observed: Array, expected: Array) -> Array:
    """Influence on `(observed - expected) / (1 - expected)` from those on its two parts."""
    return _ratio(observed_shift * (1 - expected) - expected_shift * (1 - observed), (1 - expected) ** 2)


def _ratio(above: Array, below: Array) -> Array:
    """Quotient, NaN where the divisor is 0."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
