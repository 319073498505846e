"""Normalised discounted cumulative gain over all responses (Järvelin and Kekäläinen 2002), the mean over items.

The gain of a response is the score that people gave it. Where an item has a score below 0, and where people gave ranks,
the lowest score of the item is taken off each, so that no gain is negative. The gain of tied responses is spread over
their places (McSherry and Najork 2008).
"""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array

SUMMARY = "NDCG: discounted gain of the judged ranking as a share of the best possible, gains from people's scores"
RANGE = (0.0, 1.0)
FAILED = 0.0


def values(ranks: Array, scores: Array) -> Array:
    """The discounted gain of each item as a share of that of the best ranking."""
    gains = _gains(scores)
    ties = (ranks[:, :, None] == ranks[:, None, :]).sum(axis=2)
    found: Array = np.nansum(gains * _mean_discounts(np.nan_to_num(ranks, nan=1.0), ties), axis=1) / _ideal(gains)
    return np.clip(found, 0.0, 1.0)


def chance(scores: Array) -> Array:
    """The mean gain at every place, as a share of the best ranking."""
    gains, counts = _gains(scores), (~np.isnan(scores)).sum(axis=1)
    found: Array = np.nanmean(gains, axis=1) * _totals(scores.shape[1])[counts] / _ideal(gains)
    return found


def _gains(scores: Array) -> Array:
    least = np.nanmin(scores, axis=1, keepdims=True)
    return np.where(least < 0, scores - least, scores)


def _totals(most: int) -> Array:
    """The sum of the discounts of the first 0, 1, … places."""
    return np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, most + 2)))])


def _mean_discounts(ranks: Array, ties: Array) -> Array:
    """The mean discount of the places that the tied responses of a mean rank take."""
    totals, sizes = _totals(ranks.shape[1]), np.maximum(ties, 1)
    last = np.round(ranks + (sizes - 1) / 2).astype(np.intp)
    found: Array = (totals[last] - totals[last - sizes]) / sizes
    return found


def _ideal(gains: Array) -> Array:
    """The discounted gain of the best ranking."""
    ordered = -np.sort(np.where(np.isnan(gains), 0.0, -gains), axis=1)
    found: Array = ordered @ np.diff(_totals(gains.shape[1]))
    return found
