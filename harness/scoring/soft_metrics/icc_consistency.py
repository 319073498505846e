"""Intraclass correlation ICC(C,1), consistency of judge and people as two raters (McGraw and Wong 1996).

Shrout and Fleiss (1979) call it ICC(3,1). A judge that is always one point too strict loses nothing by it.
"""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.number_figures import coefficient_figure, coefficient_influence
from harness.scoring.soft_metric import Direction, SoftItems
from harness.statistics.agreement import Array
from harness.statistics.number_agreement import icc_consistency, icc_consistency_without

SUMMARY = "intraclass correlation ICC(C,1): consistency of the judge's numbers with people's"
LABELS = ("number",)
RANGE = (-1.0, 1.0)
DIRECTION: Direction = "higher"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 1.0


def figure(items: SoftItems) -> Figure:
    """The coefficient with an interval on Fisher's z scale."""
    return coefficient_figure(items, icc_consistency, without=icc_consistency_without)


def influence(items: SoftItems) -> Array | None:
    """How far each item moves the coefficient."""
    return coefficient_influence(items, icc_consistency)
