"""A metric of soft verdicts: the mean distance from the label."""

import numpy as np

from harness.scoring.soft_metric import mean_figure, mean_influence

SUMMARY = "mean distance of the soft verdict from the label"
RANGE = (0.0, 1.0)
DIRECTION = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = False
UNIT_ERROR = 0.5


def figure(items):
    return mean_figure(np.abs(items.p - items.y), items)


def influence(items):
    return mean_influence(np.abs(items.p - items.y))
