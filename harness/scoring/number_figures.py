"""Figures of numbers that a judge gave against numbers that people gave: correlations, and means of differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, clustered_facts
from harness.scoring.soft_metric import SoftItems
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval
from harness.statistics.number_agreement import is_constant
from harness.statistics.number_intervals import correlation_interval, mean_interval

Coefficient: TypeAlias = Callable[[Array, Array], tuple[float, Array]]
"""A coefficient of two columns, and the influence of each item on it."""

TOO_FEW = f"fewer than {MIN_ITEMS} labelled items with a number"
CONSTANT_JUDGE = "the evaluator gives every item the same number"
CONSTANT_LABELS = "all labels are the same number"
OTHER_SCALE = "labels lie outside the scale of the evaluator, {low:g} to {high:g}: the two are not on one scale"
SKEWED, HEAVY = 1.0, 2.0
"""Skewness and excess kurtosis from which tails are heavy; 40 normal numbers go beyond them in 1 of 50 samples."""
UNIT = 0.1
"""The error of an added item of a mean, as a share of the scale."""


def coefficient_figure(
    items: SoftItems,
    coefficient: Coefficient,
    *,
    without: Callable[[Array, Array], Array] | None = None,
    one_scale: bool = False,
) -> Figure:
    """A coefficient with its interval; undefined with the reason where a column is constant.

    Args:
        items: the numbers.
        coefficient: of the two columns.
        without: the coefficient without each item in turn, for the error of the jackknife; None for one of ranks, whose
            influences have no long tails.
        one_scale: whether both columns must be on the scale of the evaluator.
    """
    if reason := _undefined(items, one_scale=one_scale):
        return Figure(None, reason=reason, **items.known())
    value, influence = coefficient(items.p, items.y)
    lacking = None if without is None else without(items.p, items.y)
    found = correlation_interval(value, influence, items.group, items.level, without=lacking)
    figure = with_interval(value, items, found)
    return figure if without is None else with_tails(figure, items)


def coefficient_influence(items: SoftItems, coefficient: Coefficient, *, one_scale: bool = False) -> Array | None:
    """The influence of each item on a coefficient; None where it is undefined."""
    return None if _undefined(items, one_scale=one_scale) else coefficient(items.p, items.y)[1]


def mean_figure(items: SoftItems, values: Array, *, is_positive: bool) -> Figure:
    """The mean of differences between judge and people, or of a function of them, with its interval."""
    if reason := off_scale(items):
        return Figure(None, reason=reason, **items.known())
    value = float(values.mean())
    influence = (values - value) / len(values)
    found = mean_interval(value, influence, items.group, items.level, unit=unit_of(items), is_positive=is_positive)
    return with_tails(with_interval(value, items, found), items)


def with_interval(value: float, items: SoftItems, found: ClusteredInterval) -> Figure:
    """A figure with an interval, or without one where there are too few items or clusters."""
    known = items.known()
    if len(items.p) < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW, **known)
    if items.group is not None:
        known |= clustered_facts(found)
    elif found.error == 0:
        known["flags"] = ("degenerate",)
    if found.low is None:
        return Figure(value, reason=found.reason, **known)
    return Figure(value, found.low, found.high, method="analytic" if items.group is None else "clustered", **known)


def with_tails(figure: Figure, items: SoftItems) -> Figure:
    """A figure with the flag `heavy-tails` where its interval may hold the true value less often than it says.

    Of numbers without a scale these are judge's or people's numbers whose skewness is beyond ±`SKEWED`, and of all
    numbers differences whose excess kurtosis is above `HEAVY`: rare items that the sample may lack decide the figure.
    """
    if figure.low is None:
        return figure
    is_skewed = items.scale is None and max(abs(_moment(items.p, 3)), abs(_moment(items.y, 3))) > SKEWED
    if not is_skewed and _moment(items.p - items.y, 4) - 3 <= HEAVY:
        return figure
    return replace(figure, flags=(*figure.flags, "heavy-tails"))


def _moment(values: Array, power: int) -> float:
    """A standardized moment of values; 0 where they are constant."""
    if is_constant(values):
        return 0.0
    ordered = np.sort(values)
    gaps = ordered - ordered.mean()
    return float((gaps**power).mean() / float((gaps**2).mean()) ** (power / 2))


def unit_of(items: SoftItems) -> float:
    """The error of an added item of a mean, in the unit of the scale."""
    low, high = items.scale or (0.0, 1.0)
    return UNIT * (high - low)


def off_scale(items: SoftItems) -> str:
    """Why labels are not on the scale of the evaluator, "" where they are."""
    if items.scale is None or not len(items.y):
        return ""
    low, high = items.scale
    if items.y.min() >= low and items.y.max() <= high:
        return ""
    return OTHER_SCALE.format(low=low, high=high)


def _undefined(items: SoftItems, *, one_scale: bool) -> str:
    if one_scale and (reason := off_scale(items)):
        return reason
    if is_constant(items.y):
        return CONSTANT_LABELS if len(items.y) > 1 else TOO_FEW
    return CONSTANT_JUDGE if is_constant(items.p) else ""


def root_mean_square(values: Array) -> tuple[float, Array]:
    """The root of the mean square of values, and the influence of each, for n - 3 degrees of freedom."""
    squares = values**2
    value = math.sqrt(float(squares.mean()))
    if value == 0:
        return 0.0, np.zeros(len(values))
    n = len(values)
    influence: Array = (squares - squares.mean()) / (2 * value * n) * math.sqrt(n / max(1, n - 3))
    return value, influence
