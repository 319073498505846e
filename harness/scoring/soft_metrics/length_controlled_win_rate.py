"""Length-controlled win rate of response a: what a logistic regression predicts at equal lengths (AlpacaEval 2).

The regression has the difference of the lengths in characters, over its standard deviation and through `tanh`, and the
difficulty of the item where the data have it. The interval is from the delete-one-cluster jackknife on the logit scale.
An evaluator without probabilities counts with its verdicts: 1, 0.5 for a tie, 0.
It describes the responses and not the evaluator, so that no evaluator is better by it.
"""

from __future__ import annotations

from harness.records.figures import Figure
from harness.scoring.estimates import clustered_facts
from harness.scoring.soft_metric import Direction, SoftItems
from harness.statistics.agreement import Array
from harness.statistics.length_controlled import LengthFit, changes_without, fit_lengths, length_interval

SUMMARY = "length-controlled win rate of response a: predicted for responses of equal length"
RANGE = (0.0, 1.0)
DIRECTION: Direction = "none"
NEEDS_LABELS = False
TAKES_VERDICTS = True
UNIT_ERROR = 0.5
NO_LENGTHS = "the lengths of the responses are not known"


def figure(items: SoftItems) -> Figure:
    """The prediction with a jackknife interval; undefined where the regression has no solution."""
    if items.difference is None:
        return Figure(None, reason=NO_LENGTHS, **items.known())
    fit = _fit(items)
    if fit.reason:
        return Figure(None, reason=fit.reason, **items.known())
    found = length_interval(fit, items.group, items.level)
    known = items.known() | ({} if items.group is None else clustered_facts(found))
    if found.low is None:
        return Figure(fit.value, reason=found.reason, **known)
    return Figure(fit.value, found.low, found.high, method="jackknife", **known)


def influence(items: SoftItems) -> Array | None:
    """How far leaving out each item moves the prediction; None where there is none."""
    if items.difference is None or (fit := _fit(items)).reason:
        return None
    return changes_without(fit)


def _fit(items: SoftItems) -> LengthFit:
    assert items.difference is not None
    return fit_lengths(items.p, items.difference, items.difficulty)
