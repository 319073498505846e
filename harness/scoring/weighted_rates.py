"""Win rates by labels that were drawn with unequal probabilities, and judge rates corrected by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.win_rates import NO_LABELS, NOT_DECIDED, Rate, Seen
from harness.statistics import clusters, win_rate
from harness.statistics.agreement import NEGLIGIBLE
from harness.statistics.inverse_probability import Design, weighted_interval, weighted_rate
from harness.statistics.prediction_powered import Corrected
from harness.statistics.win_rate import TIES, Ties

METHOD = "weighted"
"""Of a figure: normal theory with weights, pseudo-labels and Student's t."""


def weighted_human_rates(seen: Seen, design: Design, score: ScoreSpec) -> dict[Ties, Figure]:
    """The win rate by the labels alone, weighted to all items, by each convention of ties.

    Args:
        seen: the items; what the evaluator said is not used.
        design: how the labelled items were drawn.
        score: gives the level.
    """
    found = {}
    for ties in TIES:
        one = weighted_rate(seen.outcomes, seen.labels, design, ties, power=0.0, clusters=seen.clusters)
        found[ties] = _figure(one, seen, design, ties, score)
    return found


def weighted_judge_rates(
    rates: Mapping[Ties, Rate], seen: Seen, design: Design, human: Mapping[Ties, Figure], score: ScoreSpec
) -> dict[Ties, Rate]:
    """Rates of an evaluator, with the correction made anew by weighted labels.

    Args:
        rates: as `judge_rates` makes them; the evaluator's own rates stay.
        seen: the items.
        design: how the labelled items were drawn.
        human: the figures of the labels alone, which hold where every item has a label.
        score: gives the level.
    """
    found = {}
    for ties, rate in rates.items():
        one = weighted_rate(seen.outcomes, seen.labels, design, ties, clusters=seen.clusters)
        if human[ties].value is None or (seen.labels >= 0).all():
            found[ties] = replace(rate, corrected=human[ties])
            continue
        figure = _figure(one, seen, design, ties, score)
        found[ties] = replace(rate, corrected=figure, power=one.power, gain=one.gain)
    return found


def _figure(found: Corrected, seen: Seen, design: Design, ties: Ties, score: ScoreSpec) -> Figure:
    labelled = seen.labels >= 0
    counts = np.bincount(seen.labels[labelled], minlength=3).astype(float)
    n = round(float(win_rate.rests_on(counts, ties)))
    known: dict[str, Any] = {"n": n, "units": found.units, "level": score.level}
    known["unit"] = "item" if seen.clusters is None else "cluster"
    if math.isnan(found.value):
        return Figure(None, reason=NOT_DECIDED if labelled.any() else NO_LABELS, **known)
    value = min(1.0, max(0.0, found.value))
    if n < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW_ITEMS, **known)
    known["flags"] = ("degenerate",) if found.error < NEGLIGIBLE else ()
    units = None if seen.clusters is None else seen.clusters[labelled]
    if units is not None and (reason := clusters.design_of(clusters.sizes_of(units)).reason):
        return Figure(value, reason=reason, **known)
    interval, worth = weighted_interval(value, found.error, design.of_labelled(labelled)[0], units, score.level)
    if interval.low is None:
        return Figure(value, reason=f"labels worth {worth:.1f} of equal weight", **known)
    known["design_effect"] = n / worth if worth else None
    return Figure(value, interval.low, interval.high, method=METHOD, **known)
