"""Agreement among several raters of the same items, without a reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

Codes = NDArray[np.int8]


def counts_of(codes: Codes, categories: int) -> Array:
    """The number of raters that chose each category for each item, items × categories.

    Args:
        codes: items × raters; negative or beyond the categories for a missing rating.
        categories: number of categories.
    """
    return np.stack([(codes == category).sum(axis=1) for category in range(categories)], axis=1).astype(float)


def fleiss_kappa(counts: Array) -> float:
    """Fleiss' kappa (1971), over the items that all raters rated; NaN without such items or without variation.

    With `n` raters and `p` the share of each category, it is `(P - Σp²) / (1 - Σp²)`, where `P` is the mean over the
    items of the share of pairs of raters that agree.

    Args:
        counts: items × categories.
    """
    raters = counts.sum(axis=1)
    full = counts[raters == raters.max()] if len(counts) else counts
    n = float(raters.max()) if len(counts) else 0.0
    if n < 2:
        return float("nan")
    agreeing = ((full * full).sum(axis=1) - n) / (n * (n - 1))
    by_chance = float(np.square(full.sum(axis=0) / full.sum()).sum())
    return (float(agreeing.mean()) - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def krippendorff_alpha(counts: Array) -> float:
    """Krippendorff's alpha for nominal data (2011), missing ratings allowed; NaN without variation.

    `1 - D_o / D_e` from the coincidences: each item with `m` ratings adds its pairs of ratings, each with the weight
    `1 / (m - 1)`. Items with fewer than two ratings are ignored.

    Args:
        counts: items × categories.
    """
    ratings = counts.sum(axis=1)
    some = counts[ratings >= 2]
    weights = 1 / (ratings[ratings >= 2] - 1)
    coincidences = (some * weights[:, None]).T @ some - np.diag((some * weights[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=0)
    n = totals.sum()
    expected = n * n - np.square(totals).sum()
    if not n or not expected:
        return float("nan")
    observed = n - np.trace(coincidences)
    return float(1 - (n - 1) * observed / expected)
