"""Bias: the mean of the judge's numbers less that of people's, in points of the scale (Bland and Altman 1986).

Nearer 0 is better, so that neither higher nor lower values are. Its companions `bias.limit-low` and `bias.limit-high`
are the limits of agreement, between which 95 % of the differences lie if they are normal: the bias less and plus 1.96
standard deviations, each with its own interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from harness.records.figures import Figure
from harness.scoring.number_figures import TOO_FEW, mean_figure, off_scale, unit_of, with_interval, with_tails
from harness.scoring.soft_metric import Direction, SoftItems, mean_influence
from harness.statistics.agreement import Array
from harness.statistics.number_intervals import mean_interval

SUMMARY = "bias: mean of the judge's numbers less people's, with limits of agreement"
LABELS = ("number",)
RANGE = (-math.inf, math.inf)
DIRECTION: Direction = "none"
NEEDS_LABELS = True
TAKES_VERDICTS = True
UNIT_ERROR = 0.1
IN_POINTS = True
NO_BEST = "the sign of bias does not say which evaluator is better: rank by mae"
LIMITS = {"limit-low": -1.96, "limit-high": 1.96}
"""Standard deviations of the differences at which the limits of agreement are."""
LEAST = 2
"""Items from which differences have a standard deviation."""


def figure(items: SoftItems) -> Figure:
    """The mean difference with a t interval."""
    return mean_figure(items, items.p - items.y, is_positive=False)


def influence(items: SoftItems) -> Array | None:
    """Each item's difference less their mean."""
    return None if off_scale(items) else mean_influence(items.p - items.y)


def companions(items: SoftItems) -> Mapping[str, Figure]:
    """The limits of agreement, each with an interval from the influence of the items on it."""
    if reason := off_scale(items) or (TOO_FEW if len(items.p) < LEAST else ""):
        return {name: Figure(None, reason=reason, **items.known()) for name in LIMITS}
    differences = items.p - items.y
    mean, spread, n = float(differences.mean()), float(differences.std()), len(differences)
    spread *= math.sqrt(n / max(1, n - 1))
    gaps = differences - mean
    of_spread = np.zeros(n) if spread == 0 else (gaps**2 - float((gaps**2).mean())) / (2 * spread)
    found = {}
    for name, deviations in LIMITS.items():
        value, moved = mean + deviations * spread, (gaps + deviations * of_spread) / n
        interval = mean_interval(value, moved, items.group, items.level, unit=unit_of(items), is_positive=False)
        found[name] = with_tails(with_interval(value, items, interval), items)
    return found
