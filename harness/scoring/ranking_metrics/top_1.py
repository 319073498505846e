"""Top-1 accuracy: how often the response that is judged best is one that people find best.

Of several responses that are tied at the top, the share that people find best counts. With one best response of four it
is the best-of-four accuracy of RewardBench 2 (Malik et al. 2025).
"""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array

SUMMARY = "top-1 accuracy: the response judged best is one that people find best; a tie at the top counts as a share"
RANGE = (0.0, 1.0)
FAILED = 0.0


def values(ranks: Array, scores: Array) -> Array:
    """The share of the best responses among those tied at the top."""
    top = ranks == np.nanmin(ranks, axis=1, keepdims=True)
    best = scores == np.nanmax(scores, axis=1, keepdims=True)
    found: Array = (top & best).sum(axis=1) / top.sum(axis=1)
    return found


def chance(scores: Array) -> Array:
    """The share of the best among all responses."""
    best = scores == np.nanmax(scores, axis=1, keepdims=True)
    found: Array = best.sum(axis=1) / (~np.isnan(scores)).sum(axis=1)
    return found
