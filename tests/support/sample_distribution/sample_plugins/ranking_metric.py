"""A metric of rankings: whether the last response of an item is judged best."""

import numpy as np

SUMMARY = "share of the items whose last response is judged best"
RANGE = (0.0, 1.0)
FAILED = 0.0


def values(ranks, scores):
    counts = (~np.isnan(scores)).sum(axis=1)
    last = ranks[np.arange(len(ranks)), counts - 1]
    return (last == np.nanmin(ranks, axis=1)).astype(float)


def chance(scores):
    return 1 / (~np.isnan(scores)).sum(axis=1)
