"""Expected calibration error: the mean distance between probability and labels over 10 bins of equal width.

Its estimate is too high in small samples, by an amount that depends on the evaluator, so that evaluators are not
compared by it. Its interval is conservative.
"""

from __future__ import annotations

from typing import Any

from harness.records.figures import Figure
from harness.scoring.soft_metric import TOO_FEW_VERDICTS, Direction, SoftItems
from harness.statistics import soft
from harness.statistics.agreement import Array

SUMMARY = "expected calibration error over 10 bins"
LABELS = ("pair", "two")
NEEDS_PROBABILITY = True
RANGE = (0.0, 1.0)
DIRECTION: Direction = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = False
UNIT_ERROR = 0.5


def figure(items: SoftItems) -> Figure:
    """The error with a conservative bootstrap interval over clusters."""
    known = items.known()
    if not len(items.p):
        return Figure(None, reason=TOO_FEW_VERDICTS, **known)
    found = soft.calibration_error_interval(items.p, items.y, items.group, items.level, items.seed)
    value = soft.calibration_error(items.p, items.y)
    drawn: dict[str, Any] = {"resamples": soft.RESAMPLES, "seed": f"{items.seed:032x}"}
    return Figure(value, found.low, found.high, method="bootstrap", **known, **drawn)


def influence(items: SoftItems) -> Array | None:
    """None: the bias of the estimate differs between evaluators."""
    return None
