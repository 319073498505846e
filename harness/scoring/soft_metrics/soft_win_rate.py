"""Soft win rate of response a: the mean probability that it is better.

It describes the responses and not the evaluator, so that no evaluator is better by it.
"""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.soft_metric import Direction, SoftItems, mean_figure, mean_influence
from harness.statistics.agreement import Array

SUMMARY = "soft win rate of response a: mean probability that it is better"
RANGE = (0.0, 1.0)
DIRECTION: Direction = "none"
NEEDS_LABELS = False
TAKES_VERDICTS = False
UNIT_ERROR = 0.5


def figure(items: SoftItems) -> Figure:
    """The mean with an interval for bounded values."""
    return mean_figure(items.p, items)


def influence(items: SoftItems) -> Array | None:
    """Each item's probability less their mean."""
    return mean_influence(items.p)
