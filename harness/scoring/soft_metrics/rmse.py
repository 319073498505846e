"""Root mean squared error of the numbers of the judge, in points of the scale; large errors count more."""

from __future__ import annotations

import math

from harness.records.figures import Figure
from harness.scoring.number_figures import off_scale, root_mean_square, unit_of, with_interval, with_tails
from harness.scoring.soft_metric import Direction, SoftItems
from harness.statistics.agreement import Array
from harness.statistics.number_intervals import root_interval

SUMMARY = "root mean squared error of the judge's numbers, in points of the scale"
LABELS = ("number",)
RANGE = (0.0, math.inf)
DIRECTION: Direction = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 0.1
IN_POINTS = True


def figure(items: SoftItems) -> Figure:
    """The root with a t interval of its logarithm."""
    if reason := off_scale(items):
        return Figure(None, reason=reason, **items.known())
    differences = items.p - items.y
    found = root_interval(differences, items.group, items.level, unit=unit_of(items))
    return with_tails(with_interval(root_mean_square(differences)[0], items, found), items)


def influence(items: SoftItems) -> Array | None:
    """How far each item moves the root."""
    return None if off_scale(items) else root_mean_square(items.p - items.y)[1]
