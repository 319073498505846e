"""Log loss: the mean negative log likelihood of the labels, in nats.

Probabilities are kept within 0.000001 and 0.999999.
"""

from __future__ import annotations

import math

from harness.records.figures import Figure
from harness.scoring.soft_metric import NO_SPREAD, TOO_FEW_VERDICTS, Direction, SoftItems, mean_influence
from harness.statistics import soft
from harness.statistics.agreement import Array

SUMMARY = "log loss: mean negative log likelihood of the labels by the soft verdict"
LABELS = ("pair", "two")
NEEDS_PROBABILITY = True
RANGE = (0.0, math.inf)
DIRECTION: Direction = "lower"
NEEDS_LABELS = True
TAKES_VERDICTS = False
UNIT_ERROR = math.log(2)


def figure(items: SoftItems) -> Figure:
    """The loss with a t interval over clusters."""
    known = items.known()
    if not len(items.p):
        return Figure(None, reason=TOO_FEW_VERDICTS, **known)
    losses = soft.log_losses(items.p, items.y)
    found = soft.mean_t_interval(losses, items.group, items.level)
    if found.low is None:
        return Figure(float(losses.mean()), reason=NO_SPREAD, **known)
    return Figure(float(losses.mean()), max(0.0, found.low), found.high, method="analytic", **known)


def influence(items: SoftItems) -> Array | None:
    """Each item's loss less their mean."""
    return mean_influence(soft.log_losses(items.p, items.y))
