"""Mean absolute error: how far the numbers of the judge are from those of people, in points of the scale."""

from __future__ import annotations

import math

import numpy as np

from harness.records.figures import Figure
from harness.scoring.number_figures import mean_figure, off_scale
from harness.scoring.soft_metric import Direction, SoftItems, mean_influence
from harness.statistics.agreement import Array

SUMMARY = "mean absolute error of the judge's numbers, in points of the scale"
LABELS = ("number",)
RANGE = (0.0, math.inf)
DIRECTION: Direction = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 0.1
IN_POINTS = True


def figure(items: SoftItems) -> Figure:
    """The mean with a t interval of its logarithm."""
    return mean_figure(items, np.abs(items.p - items.y), is_positive=True)


def influence(items: SoftItems) -> Array | None:
    """Each item's absolute error less their mean."""
    return None if off_scale(items) else mean_influence(np.abs(items.p - items.y))
