"""Figures of single classes, from the tables of `harness.statistics.agreement`: recall, precision, F1, their mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.agreement import Array

STEP = 1e-6
"""The share of the items that a numerical influence moves to a cell."""


def recall(tables: ArrayLike, at: int) -> Array:
    """Share of the items of class `at` to which the judge gives that class; NaN without such items.

    Of a positive class it is the true positive rate (sensitivity), of the negative one the true negative rate
    (specificity). A failure is a miss.
    """
    counts = np.asarray(tables, dtype=float)
    return _ratio(counts[..., at, at], counts[..., at, :].sum(axis=-1))


def recall_influence(tables: ArrayLike, at: int) -> Array:
    """Influence of an item of each cell of the table on `recall`; 0 for items of other classes."""
    counts = np.asarray(tables, dtype=float)
    share = _ratio(counts[..., at, :].sum(axis=-1), counts.sum(axis=(-2, -1)))
    found = np.zeros(counts.shape)
    hit = np.arange(counts.shape[-1]) == at
    found[..., at, :] = _ratio(hit - recall(tables, at)[..., None], share[..., None])
    return found


def precision(tables: ArrayLike, at: int) -> Array:
    """Share of class `at` among the items to which the judge gives that class; NaN where it never gives it."""
    counts = np.asarray(tables, dtype=float)
    return _ratio(counts[..., at, at], counts[..., :, at].sum(axis=-1))


def precision_influence(tables: ArrayLike, at: int) -> Array:
    """Influence of an item of each cell of the table on `precision`; 0 for items to which the judge gives others."""
    counts = np.asarray(tables, dtype=float)
    share = _ratio(counts[..., :, at].sum(axis=-1), counts.sum(axis=(-2, -1)))
    found = np.zeros(counts.shape)
    hit = np.arange(counts.shape[-2]) == at
    found[..., :, at] = _ratio(hit - precision(tables, at)[..., None], share[..., None])
    return found


def f1(tables: ArrayLike, at: int) -> Array:
    """Harmonic mean of precision and recall of class `at`; NaN where neither labels nor judgments have it."""
    counts = np.asarray(tables, dtype=float)
    return _ratio(2 * counts[..., at, at], counts[..., at, :].sum(axis=-1) + counts[..., :, at].sum(axis=-1))


def f1_influence(tables: ArrayLike, at: int) -> Array:
    """Influence of an item of each cell of the table on `f1`."""
    counts = np.asarray(tables, dtype=float)
    total = counts.sum(axis=(-2, -1))
    below = _ratio(counts[..., at, :].sum(axis=-1) + counts[..., :, at].sum(axis=-1), total)[..., None, None]
    is_row = (np.arange(counts.shape[-2]) == at)[:, None]
    is_column = (np.arange(counts.shape[-1]) == at)[None, :]
    value = f1(tables, at)[..., None, None]
    shift = 2.0 * (is_row & is_column) - value * (is_row.astype(float) + is_column)
    return _ratio(shift, below)


def balanced_accuracy(tables: ArrayLike) -> Array:
    """Mean of the recalls of the classes that occur in the reference; NaN where fewer than two do."""
    counts = np.asarray(tables, dtype=float)
    recalls = np.stack([recall(counts, at) for at in range(counts.shape[-2])], axis=-1)
    occurs = ~np.isnan(recalls)
    number = occurs.sum(axis=-1)
    return _ratio(np.where(occurs, recalls, 0.0).sum(axis=-1), np.where(number > 1, number, 0).astype(float))


def balanced_accuracy_influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the table on `balanced_accuracy`."""
    counts = np.asarray(tables, dtype=float)
    number = (counts.sum(axis=-1) > 0).sum(axis=-1)
    parts = sum(np.nan_to_num(recall_influence(counts, at)) for at in range(counts.shape[-2]))
    return _ratio(np.asarray(parts), np.where(number > 1, number, 0).astype(float)[..., None, None])


def ordinal_alpha(tables: ArrayLike) -> Array:
    """Krippendorff's alpha for ordered classes, of the reference and the judge as two coders.

    The distance of two classes is `(n_c / 2 + n between + n_k / 2) ** 2` by the counts of both coders (Krippendorff,
    Content Analysis, 2004, section 11.3.4). A failed judgment is as far away as the two classes farthest apart.
    Undefined where the reference has fewer than two classes, as every figure beyond chance.
    """
    counts = np.asarray(tables, dtype=float)
    answered, failed = counts[..., :-1], counts[..., -1].sum(axis=-1)
    both = answered.sum(axis=-1) + answered.sum(axis=-2)
    middle = np.cumsum(both, axis=-1) - both / 2
    distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    n = answered.sum(axis=(-2, -1))
    farthest = distance.max(axis=(-2, -1))
    observed = _ratio((answered * distance).sum(axis=(-2, -1)) + failed * farthest, n + failed)
    by_chance = (both[..., :, None] * both[..., None, :] * distance).sum(axis=(-2, -1))
    expected = _ratio(by_chance, 2 * n * (2 * n - 1))
    varies = (counts.sum(axis=-1) > 0).sum(axis=-1) > 1
    return 1 - _ratio(observed, np.where(varies, expected, 0.0))


def ordinal_alpha_influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the table on `ordinal_alpha`, by a small difference of the counts."""
    counts = np.asarray(tables, dtype=float)
    total, value = counts.sum(axis=(-2, -1)), ordinal_alpha(counts)
    found = np.zeros(counts.shape)
    for row in range(counts.shape[-2]):
        for column in range(counts.shape[-1]):
            moved = (1 - STEP) * counts
            moved[..., row, column] += STEP * total
            found[..., row, column] = (ordinal_alpha(moved) - value) / STEP
    return found


def _ratio(above: Array, below: Array) -> Array:
    """Quotient, NaN where the divisor is 0."""
    quotient: Array = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), np.nan)
    np.divide(above, below, out=quotient, where=np.asarray(below) > 0)
    return quotient
