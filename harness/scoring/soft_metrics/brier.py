"""Brier score: the mean squared distance of the probability from the label (Brier 1950)."""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.soft_metric import Direction, SoftItems, mean_figure, mean_influence
from harness.statistics import soft
from harness.statistics.agreement import Array

SUMMARY = "Brier score: mean squared distance of the soft verdict from the label"
LABELS = ("pair", "two")
NEEDS_PROBABILITY = True
RANGE = (0.0, 1.0)
DIRECTION: Direction = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = False
UNIT_ERROR = 0.25


def figure(items: SoftItems) -> Figure:
    """The score with an interval for a mean of bounded values."""
    return mean_figure(soft.brier(items.p, items.y), items)


def influence(items: SoftItems) -> Array | None:
    """Each item's squared distance less their mean."""
    return mean_influence(soft.brier(items.p, items.y))
