"""Agreement between reference labels and judgments, from counts.

A table counts items: R rows, one for each reference class in its order, by R + 1 columns: the judge's class in the
same order, then `failed`, a class that only the judge uses. Pairwise verdicts are the classes `a`, `tie`, `b`; any
other label set of 2 to 20 classes, nominal or ordered, uses the same functions. Every function takes an array of
tables `(..., R, R + 1)`, so that ten thousand resamples cost one call, and returns NaN where a figure is undefined.

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
"""Pairwise verdicts of the reference by pairwise verdicts of the judge and `failed`."""

NEGLIGIBLE = 1e-12
"""A standard error below this is rounding, and is 0."""


def identity_weights(classes: int = SHAPE[0]) -> Array:
    """Full credit for the same class, none for another; a failure earns nothing. Shape (R, R + 1)."""
    return np.eye(classes, classes + 1)


def linear_weights(classes: int = SHAPE[0]) -> Array:
    """Credit that falls linearly with the distance between ordered classes; a failure earns nothing.

    The weight is `1 - |i - j| / (R - 1)` (Cicchetti and Allison 1971): half credit between `tie` and a decided
    verdict for the three pairwise verdicts. Shape (R, R + 1).
    """
    steps = np.arange(classes)
    credit: Array = np.zeros((classes, classes + 1))
    credit[:, :classes] = 1 - np.abs(steps[:, None] - steps) / max(1, classes - 1)
    return credit


def quadratic_weights(classes: int) -> Array:
    """Credit that falls with the square of the distance between ordered classes; a failure earns nothing.

    The weight is `1 - ((i - j) / (R - 1)) ** 2` (Cohen 1968). Shape (R, R + 1).
    """
    credit = linear_weights(classes)
    credit[:, :classes] = 1 - (1 - credit[:, :classes]) ** 2
    return credit


def total(tables: ArrayLike) -> Array:
    """Number of items in each table."""
    return _summed(_by_cell(tables), 2)


def accuracy(tables: ArrayLike) -> Array:
    """Share of the items on which the judge gives the reference verdict."""
    cells = _by_cell(tables)
    return _ratio(_weighted(identity_weights(len(cells)), cells), _summed(cells, 2))


def accuracy_influence(tables: ArrayLike) -> Array:
    """Influence of an item on `accuracy`, for each cell of the table."""
    shift: Array = identity_weights(np.shape(tables)[-2]) - accuracy(tables)[..., None, None]
    return shift


def kappa(tables: ArrayLike, weights: Array) -> Array:
    """Cohen's kappa with weights of agreement; undefined where the reference has fewer than two classes.

    With one reference class, observed and chance agreement are the same number whatever the judge answers, so the
    quotient is 0 / x for every judge (0 / 0 for a faultless one) and carries no information.
    """
    cells = _by_cell(tables)
    human, judge = cells.sum(axis=1), cells.sum(axis=0)
    n = _summed(human, 1)
    by_chance: Array = np.zeros_like(n)
    for row, column in _places_of(weights):
        credit = human[row] if weights[row, column] == 1 else weights[row, column] * human[row]
        by_chance += credit * judge[column]
    possible = n * n - by_chance
    if (human == n).any():  # seldom
        possible = np.where(human.max(axis=0) < n, possible, 0.0)
    return _ratio(n * _weighted(weights, cells) - by_chance, possible)


def kappa_influence(tables: ArrayLike, weights: Array) -> Array:
    """Influence of an item on `kappa`, for each cell of the table (Fleiss, Cohen and Everitt 1969)."""
    shares = _shares(tables)
    human, judge = shares.sum(axis=-1), shares.sum(axis=-2)
    observed = (weights * shares).sum(axis=(-2, -1), keepdims=True)
    judge_credit = (judge[..., None, :] * weights).sum(axis=-1)[..., :, None]  # expected for a row of the table
    human_credit = (human[..., :, None] * weights).sum(axis=-2)[..., None, :]  # expected for a column
    expected = (human[..., :, None] * judge_credit).sum(axis=(-2, -1), keepdims=True)
    return _corrected_influence(weights - observed, judge_credit + human_credit - 2 * expected, observed, expected)


def ac1(tables: ArrayLike, classes: NDArray[np.bool_] | None = None) -> Array:
    """Gwet's AC1 (2008) over the classes that can occur.

    Chance agreement is `sum(pi * (1 - pi)) / (k - 1)` with `pi` the mean of both marginals and k classes. A class that
    cannot occur must not be among them: it would lower chance agreement, so that a coin on labels without ties scored
    1/3 instead of 0. A failure, or a verdict of another class, is a disagreement and belongs to no class, so it adds
    nothing to chance agreement: counting it as one more would make one failure among a thousand items raise the figure.

    Args:
        tables: `(..., R, R + 1)`.
        classes: which of the R classes can occur; None for all.
    """
    cells = _by_cell(tables)
    used, count = _classes(classes, len(cells))
    n, scale = _summed(cells, 2), 4 * max(1, count - 1)
    named = cells.sum(axis=1) + cells.sum(axis=0)[: len(cells)]  # how often either side names each: 2 n pi
    named = named if count == len(used) else named[used]
    by_chance = _summed(named * (2 * n - named), 1)  # `scale` n² times chance agreement
    agreed = _weighted(identity_weights(len(cells)), cells)
    return _ratio(scale * n * agreed - by_chance, scale * n * n - by_chance)


def ac1_influence(tables: ArrayLike, classes: NDArray[np.bool_] | None = None) -> Array:
    """Influence of an item on `ac1`, for each cell of the table. Arguments as there."""
    shares = _shares(tables)
    used, count = _classes(classes, shares.shape[-2])
    credit = identity_weights(shares.shape[-2])
    observed = (credit * shares).sum(axis=(-2, -1), keepdims=True)
    pi = np.where(used, (shares.sum(axis=-1) + shares.sum(axis=-2)[..., :-1]) / 2, 0.0)
    expected = (pi * (1 - pi)).sum(axis=-1)[..., None, None] / max(1, count - 1)
    slope = np.where(used, 1 - 2 * pi, 0.0) / max(1, count - 1)
    by_column = np.concatenate([slope, np.zeros_like(slope[..., :1])], axis=-1)  # a failure names no class
    named = (slope[..., :, None] + by_column[..., None, :]) / 2
    expected_shift = named - (slope * pi).sum(axis=-1)[..., None, None]
    return _corrected_influence(credit - observed, expected_shift, observed, expected)


def _classes(classes: NDArray[np.bool_] | None, size: int) -> tuple[NDArray[np.bool_], int]:
    """The classes that can occur, and how many there are."""
    used = np.ones(size, bool) if classes is None else classes
    return used, int(used.sum())


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


def laid_out(tables: ArrayLike) -> Array:
    """The same tables in memory with the counts of a cell side by side, and a single one twice.

    Figures of tables so laid out do not depend, to the last bit, on how many tables there are.

    Args:
        tables: `(k, ..., R, R + 1)`.

    Returns:
        The same tables; two where k is 1.
    """
    counts = np.asarray(tables, dtype=float)
    counts = np.concatenate([counts, counts]) if len(counts) == 1 else counts
    cells = np.ascontiguousarray(_by_cell(counts))
    return cells.transpose(*range(2, cells.ndim), 0, 1)


def _by_cell(tables: ArrayLike) -> Array:
    """Counts with the cells of the table first, so that the resamples of one cell lie side by side."""
    counts = np.asarray(tables, dtype=float)
    return counts.transpose(counts.ndim - 2, counts.ndim - 1, *range(counts.ndim - 2))


def _weighted(weights: Array, cells: Array) -> Array:
    """Weighted sum over the cells. A product of matrices would say the same, and keep every processor spinning."""
    parts: Array = np.zeros(cells.shape[2:])
    for row, column in _places_of(weights):
        one = cells[row, column]
        parts += one if weights[row, column] == 1 else weights[row, column] * one
    return parts


def _places_of(weights: Array) -> list[tuple[int, int]]:
    """Rows and columns of the weights that are not 0, row by row."""
    return [(row, column) for row, ones in enumerate(weights.tolist()) for column, one in enumerate(ones) if one]


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
    has_value = below > 0
    if has_value.all():  # nearly always, and several times faster
        return np.asarray(above / below)
    quotient: Array = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), np.nan)
    np.divide(above, below, out=quotient, where=has_value)
    return quotient
