"""Intraclass correlation ICC(A,1), absolute agreement of judge and people as two raters (McGraw and Wong 1996).

Shrout and Fleiss (1979) call it ICC(2,1). Both must be on one scale: a judge that is one point too strict loses by it.
With several annotators the second rater is their mean.
"""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.number_figures import coefficient_figure, coefficient_influence
from harness.scoring.soft_metric import Direction, SoftItems
from harness.statistics.agreement import Array
from harness.statistics.number_agreement import icc_agreement, icc_agreement_without

SUMMARY = "intraclass correlation ICC(A,1): absolute agreement of the judge's numbers with people's"
LABELS = ("number",)
RANGE = (-1.0, 1.0)
DIRECTION: Direction = "higher"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 1.0


def figure(items: SoftItems) -> Figure:
    """The coefficient with an interval on Fisher's z scale."""
    return coefficient_figure(items, icc_agreement, without=icc_agreement_without, one_scale=True)


def influence(items: SoftItems) -> Array | None:
    """How far each item moves the coefficient."""
    return coefficient_influence(items, icc_agreement, one_scale=True)
