"""All best: how often every response that people find best is judged better than every other one.

It is the accuracy in the `Ties` subset of RewardBench 2 (Malik et al. 2025), whose items have several right answers.
"""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array

SUMMARY = "every response that people find best is judged better than every other one"
RANGE = (0.0, 1.0)
FAILED = 0.0


def values(ranks: Array, scores: Array) -> Array:
    """1 where the worst rank of the best is before the best rank of the others, else 0."""
    best = scores == np.nanmax(scores, axis=1, keepdims=True)
    others = ~best & ~np.isnan(scores)
    last = np.where(best, ranks, -np.inf).max(axis=1)
    first = np.where(others, ranks, np.inf).min(axis=1)
    found: Array = (last < first).astype(float)
    return found


def chance(scores: Array) -> Array:
    """One in the number of ways to choose as many responses."""
    best = (scores == np.nanmax(scores, axis=1, keepdims=True)).sum(axis=1)
    counts = (~np.isnan(scores)).sum(axis=1)
    found = np.ones(len(scores))
    for place in range(int(best.max(initial=0))):
        found *= np.where(place < best, (best - place) / np.maximum(counts - place, 1), 1.0)
    return found
