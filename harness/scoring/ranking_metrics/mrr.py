"""Mean reciprocal rank: 1 divided by the judged rank of the first response that people find best.

Tied responses stand in random order: the value is the expected one.
"""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array

SUMMARY = "mean reciprocal rank of the first response that people find best"
RANGE = (0.0, 1.0)
FAILED = 0.0


def values(ranks: Array, scores: Array) -> Array:
    """The expected reciprocal rank of each item."""
    best = scores == np.nanmax(scores, axis=1, keepdims=True)
    first = np.where(best, ranks, np.inf).min(axis=1, keepdims=True)
    tied = ranks == first
    sizes = tied.sum(axis=1)
    before = np.round(first[:, 0] - (sizes + 1) / 2)
    return _expected(before, sizes, (tied & best).sum(axis=1))


def chance(scores: Array) -> Array:
    """The expected value where all responses stand in random order."""
    best = scores == np.nanmax(scores, axis=1, keepdims=True)
    counts = (~np.isnan(scores)).sum(axis=1)
    return _expected(np.zeros(len(scores)), counts, best.sum(axis=1))


def _expected(before: Array, sizes: Array, hits: Array) -> Array:
    """The expected reciprocal rank of the first hit.

    Args:
        before: of each item, the responses in front of the tied ones.
        sizes: of each item, how many are tied.
        hits: of each item, how many of these are hits, at least one.
    """
    found = np.zeros(len(before))
    none_yet = np.ones(len(before))
    for place in range(int(sizes.max(initial=0))):
        left = np.maximum(sizes - place, 1)
        share = np.where(place < sizes, np.minimum(hits / left, 1.0), 0.0)
        found += none_yet * share / (before + place + 1)
        none_yet *= 1 - share
    return found
