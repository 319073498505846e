"""Kendall's tau-b of the judged ranking and that of people, the mean over items (Kendall 1945).

A ranking that ties all responses orders none of them, and its value is 0; so is that of a judgment that failed.
"""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array

SUMMARY = "Kendall's tau-b of the judged ranking and that of people, mean over items"
RANGE = (-1.0, 1.0)
FAILED = 0.0


def values(ranks: Array, scores: Array) -> Array:
    """Tau-b of each item."""
    first, second = _signs(-ranks), _signs(scores)
    agreeing = (first * second).sum(axis=(1, 2))
    pairs = np.abs(first).sum(axis=(1, 2)) * np.abs(second).sum(axis=(1, 2))
    found: Array = np.where(pairs > 0, agreeing / np.sqrt(np.maximum(pairs, 1)), 0.0)
    return np.clip(found, -1.0, 1.0)


def chance(scores: Array) -> Array:
    """A random order agrees and disagrees with as many pairs on average."""
    return np.zeros(len(scores))


def _signs(values: Array) -> Array:
    """For each pair of responses of each item, which is better: 1, −1, or 0 for a tie and where one is not there."""
    return np.nan_to_num(np.sign(values[:, :, None] - values[:, None, :]))
