"""Is an evaluator better or worse on some slices of the items than on the others? Tests of interaction.

Each item has a score in [0, 1], such as whether the judgment is right. Every slice is compared with all items outside
it, all at once: the test statistic is the largest of the absolute standardised differences, and its distribution under
the hypothesis of no interaction is drawn, so the p-values of the slices are adjusted for their number (max-T, single
step; Westfall and Young 1993), and the smallest of them is the p-value of the test that all slices are alike.

* Independent items whose scores are all 0 or 1: given the sizes of the slices and the sum, the numbers of ones in the
  slices have a multivariate hypergeometric distribution, which is drawn from directly.
* Clusters: the slices of all items are exchanged within each cluster, and between clusters of the same size. The test
  is exact where the items of a cluster, and the clusters of each size, are exchangeable under the hypothesis, whatever
  the correlation within clusters; slices may cut across clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

DRAWS = 9_999
"""Draws for independent items; the least p-value is 1 / 10,000."""
EXCHANGES = 1_999
"""Draws for clusters, and for scores between 0 and 1."""
FEWEST_EXCHANGES = 199
MOST_LABELS = 40_000_000
"""Labels of items that are drawn in all: with more items there are fewer draws."""
CHUNK = 2_000_000
"""Labels of items that are held at once."""
ROUNDING = 1e-9
"""Statistics closer than this are equal."""


class Interaction(NamedTuple):
    """The slices of one evaluator compared with the rest of the items.

    Attributes:
        differences: mean score in each slice minus that outside it.
        p_values: of each slice, adjusted for their number; NaN where no exchange changes it.
    """

    differences: Array
    p_values: Array


def interaction_tests(
    scores: Array, slices: NDArray[np.intp], tested: int, clusters: NDArray[np.int64] | None, seed: int
) -> list[Interaction]:
    """Compare each of some slices with all other items, for each of several evaluators.

    Args:
        scores: items × evaluators, in [0, 1].
        slices: the slice of each item; those from `tested` on are not tested and belong to the rest.
        tested: how many slices are tested; each holds at least one item, and none holds all.
        clusters: of each item, None where items are independent.
        seed: of the draws, which all evaluators share.
    """
    sizes = np.bincount(slices, minlength=tested).astype(float)
    sums = _sums(slices, scores, len(sizes))
    n, totals = len(scores), scores.sum(axis=0)
    inside = sums[:tested] / sizes[:tested, None]
    differences = inside - (totals - sums[:tested]) / (n - sizes[:tested, None])
    if clusters is None and np.isin(scores, (0.0, 1.0)).all():
        return [
            Interaction(differences[:, k], _hypergeometric(sums[:, k], sizes, tested, seed))
            for k in range(scores.shape[1])
        ]
    p_values = _exchanged(scores, slices, tested, np.arange(n) if clusters is None else clusters, seed)
    return [Interaction(differences[:, k], p_values[:, k]) for k in range(scores.shape[1])]


def exchanges(items: int) -> int:
    """How many exchanges are drawn for so many items."""
    return min(EXCHANGES, max(FEWEST_EXCHANGES, MOST_LABELS // max(1, items)))


def _hypergeometric(ones: Array, sizes: Array, tested: int, seed: int) -> Array:
    n, total = sizes.sum(), ones.sum()
    share = total / n
    if share in (0.0, 1.0):
        return np.ones(tested)
    generator = np.random.Generator(np.random.PCG64(seed))
    counts, number = sizes.astype(np.int64), round(float(total))
    drawn = generator.multivariate_hypergeometric(counts, number, DRAWS, method="marginals")
    spread = np.sqrt(sizes * share * (1 - share) * (n - sizes) / (n - 1))[:tested]
    expected = (sizes * share)[:tested]
    return _adjusted((ones[:tested] - expected) / spread, (drawn[:, :tested] - expected) / spread)


def _exchanged(scores: Array, slices: NDArray[np.intp], tested: int, clusters: NDArray[Any], seed: int) -> Array:
    """The adjusted p-values, tested slices × evaluators, by exchanges within clusters and between those of a size."""
    group = np.unique(clusters, return_inverse=True)[1]
    of_item = np.bincount(group)[group]
    tested_of = np.minimum(slices, tested)
    orders = [_by_contents(group, of_item, tested_of, score) for score in scores.T]
    ordered = np.column_stack([score[order] for score, order in zip(scores.T, orders, strict=True)])
    residuals = ordered - ordered.mean(axis=0)
    labels, sizes = tested_of.astype(np.int16)[orders[0]], of_item[orders[0]]
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = exchanges(len(labels))
    null = np.empty((draws, tested, scores.shape[1]))
    step = max(1, CHUNK // len(labels))
    for start in range(0, draws, step):
        count = min(step, draws - start)
        drawn = np.concatenate(list(_drawn_labels(labels, sizes, count, generator)), axis=1)
        for at in range(tested):
            null[start : start + count, at] = (drawn == at).astype(float) @ residuals
    found = _sums(labels, residuals, tested + 1)[:tested]
    spread = np.sqrt((null**2).mean(axis=0))
    spread = np.where(spread > ROUNDING * len(labels) ** 0.5, spread, np.nan)
    return np.column_stack(
        [_adjusted(found[:, k] / spread[:, k], null[:, :, k] / spread[:, k]) for k in range(scores.shape[1])]
    )


def _by_contents(group: NDArray[Any], sizes: NDArray[Any], labels: NDArray[Any], score: Array) -> NDArray[np.intp]:
    """The order of the items by the size of their cluster, its labels and its scores.

    The order of the rows and the names of the clusters therefore change no draw. The labels come in the same order for
    every evaluator, so another one changes no draw either.
    """
    items = np.lexsort((score, labels, group, sizes))
    parts = []
    for size in np.unique(sizes):
        rows = items[sizes[items] == size].reshape(-1, size)
        keys = np.concatenate([score[rows].T[::-1], labels[rows].T[::-1]])
        parts.append(rows[np.lexsort(keys)].ravel())
    return np.concatenate(parts)


def _drawn_labels(
    labels: NDArray[np.int16], sizes: NDArray[np.intp], count: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int16]]:
    """Draws × items: the labels exchanged, for the clusters of each size in turn; both sorted by size and cluster."""
    for size in np.unique(sizes):
        rows = labels[sizes == size].reshape(-1, size)
        order = generator.random((count, len(rows))).argsort(axis=1)
        drawn = rows[order]
        if (rows != rows[:, :1]).any():
            within = generator.random(drawn.shape).argsort(axis=2)
            drawn = np.take_along_axis(drawn, within, axis=2)
        yield drawn.reshape(count, -1)


def _adjusted(found: Array, null: Array) -> Array:
    """P-values adjusted by the distribution of the largest statistic; NaN for a statistic that does not vary."""
    largest = np.nan_to_num(np.abs(null)).max(axis=1)
    reached = (largest[:, None] >= np.abs(found) - ROUNDING).sum(axis=0)
    return np.where(np.isnan(found), np.nan, (1 + reached) / (1 + len(null)))


def _sums(labels: NDArray[Any], values: Array, count: int) -> Array:
    """The sums of values (items × evaluators) of each label, labels × evaluators."""
    columns = [np.bincount(labels, weights=values[:, k], minlength=count) for k in range(values.shape[1])]
    return np.column_stack(columns)
