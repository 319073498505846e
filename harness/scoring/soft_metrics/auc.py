"""Area under the ROC curve: how often an item with the label has a higher soft verdict than one without it.

The label is `a` of a pair, and the positive one of a single response. The area rests on the items whose label is no
tie, and of several annotators on those of which more than half agree.
"""

from __future__ import annotations

import numpy as np

from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.soft_metric import ONE_OUTCOME, TOO_FEW, Direction, SoftItems
from harness.statistics import soft
from harness.statistics.agreement import Array

SUMMARY = "area under the ROC curve of the soft verdict, on items whose label is no tie"
LABELS = ("pair", "two")
RANGE = (0.0, 1.0)
DIRECTION: Direction = "higher"
NEEDS_LABELS = True
TAKES_VERDICTS = False
UNIT_ERROR = 0.5


def figure(items: SoftItems) -> Figure:
    """The area with a logit interval over clusters."""
    decided = items.part(items.y != 0.5)
    is_a, known = decided.y > 0.5, decided.known()
    if not len(is_a) or is_a.all() or not is_a.any():
        return Figure(None, reason=ONE_OUTCOME, **known)
    value, moved = soft.auc(decided.p, is_a)
    if len(is_a) < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW, **known)
    low, high = soft.auc_interval(value, moved, is_a, decided.group, items.level)
    return Figure(value, low, high, method="analytic", **known)


def influence(items: SoftItems) -> Array | None:
    """By DeLong, DeLong and Clarke-Pearson (1988); 0 for ties."""
    decided = items.y != 0.5
    found = np.zeros(len(items.p))
    found[decided] = soft.auc(items.p[decided], items.y[decided] > 0.5)[1]
    return found
