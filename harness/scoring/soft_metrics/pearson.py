"""Pearson's product-moment correlation of the numbers of the judge and of people."""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.number_figures import coefficient_figure, coefficient_influence
from harness.scoring.soft_metric import Direction, SoftItems
from harness.statistics.agreement import Array
from harness.statistics.number_agreement import pearson, pearson_without

SUMMARY = "Pearson's correlation of the judge's numbers with people's"
LABELS = ("number",)
RANGE = (-1.0, 1.0)
DIRECTION: Direction = "higher"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 1.0


def figure(items: SoftItems) -> Figure:
    """The coefficient with an interval on Fisher's z scale."""
    return coefficient_figure(items, pearson, without=pearson_without)


def influence(items: SoftItems) -> Array | None:
    """How far each item moves the correlation."""
    return coefficient_influence(items, pearson)
