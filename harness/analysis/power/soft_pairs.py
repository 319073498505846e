"""What can be found on metrics of soft verdicts, numbers and rankings, from the paired errors of a pilot run.

The error of a difference is that of the pilot's pairs, taken to be the same whatever the difference is, and to fall
with the square root of the number of units. A difference X is found with power 0.8 where X ≥ (c + 0.84) · s, with c the
critical value of the test and s the error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from harness.analysis.power.figures import DatasetPower, Detectable, MetricPower, PowerQuestion, Reach
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.scores import CellScore
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.pairwise import TOO_FEW_DRAWS
from harness.scoring.soft_metric import direction_of
from harness.scoring.soft_scores import SoftData, compare_soft, soft_figures
from harness.statistics import clusters, multiplicity, planning
from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile

NO_PAIR = "fewer than two cells have a value to compare"
NO_DIRECTION = "no value of it is better, so that no cell loses or gains"


@dataclass(frozen=True, slots=True, eq=False)
class SoftPilot:
    """The pairs of a pilot on one metric.

    Attributes:
        errors: paired standard error of every pair, with the items of the pilot.
        worth: how many independent items the pilot's items are worth, for each pair.
        units: labelled items of the pilot, or clusters of them.
        n: labelled items of the pilot.
        critical: the critical value over all planned pairs.
        is_simulated: whether simulated judges stand in for a pilot.
    """

    errors: Array
    worth: Array
    units: int
    n: int
    critical: float
    is_simulated: bool = False


def soft_pilot(
    name: str, scores: Sequence[CellScore], data: SoftData, score: ScoreSpec, seed: int, cells: int
) -> SoftPilot | str:
    """The pairs of a pilot run on a metric of a number for each item, or why there are none.

    Args:
        name: of the metric.
        scores: of the cells of the pilot.
        data: their soft verdicts, or their rankings.
        score: resamples and level.
        seed: of the spec.
        cells: that are planned.
    """
    if direction_of(name) == "none":
        return NO_DIRECTION
    figured = [replace(one, figures=soft_figures(one, k, data, [name], score, seed)) for k, one in enumerate(scores)]
    draws = seed_for(seed, "pairs", name, scores[0].cell.dataset)
    found = compare_soft(name, figured, data, score, draws)
    if found is not None and found.reason:
        return found.reason
    if found is None or found.comparisons is None or len(found.members) < 2:
        reasons = dict.fromkeys(one.figures[name].reason for one in figured)
        return next((reason for reason in reasons if reason), NO_PAIR)
    first, second = multiplicity.all_pairs(len(found.members))
    rows = ~np.isnan(data.y)
    units = int(rows.sum()) if data.group is None else len(np.unique(data.group[rows]))
    critical = found.comparisons.critical
    if cells != len(found.members):
        critical = planning.equal_critical(cells, level=score.level, resamples=score.resamples, seed=draws)
    errors, worth = found.comparisons.errors[first, second], found.comparisons.worth[first, second]
    return SoftPilot(errors, worth, units, int(rows.sum()), critical)


def soft_power(name: str, pilot: SoftPilot, whole: DatasetPower, score: ScoreSpec, ask: PowerQuestion) -> MetricPower:
    """What can be found on a metric.

    Args:
        name: of the metric.
        pilot: its pairs.
        whole: the dataset, with the items planned.
        score: confidence level.
        ask: what is asked.
    """
    scaled = pilot.errors * math.sqrt(pilot.units / whole.units)
    spread = (float(np.median(scaled)), float(scaled.min()), float(scaled.max()))
    design = pilot.n / float(np.median(pilot.worth)) if whole.clustered and not pilot.is_simulated else None
    one, every = normal_quantile(score.level), pilot.critical
    ways = [None if math.isinf(critical) else _reach(spread[0], critical, whole, ask) for critical in (one, every)]
    reason = TOO_FEW_DRAWS if ways[1] is None else ""
    return MetricPower(name, reason, spread, pilot.errors.size, design, ways[0], ways[1])


def _reach(error: float, critical: float, whole: DatasetPower, ask: PowerQuestion) -> Reach:
    """What one way of comparing finds: losses and gains alike."""
    needed = critical + planning.POWER_QUANTILE
    found = Detectable(needed * error)
    if ask.effect is not None:
        fewest = clusters.FEWEST if whole.clustered else MIN_ITEMS
        units = max(fewest, math.ceil(whole.units * (needed * error / ask.effect) ** 2))
        items = max(MIN_ITEMS, round(units * whole.n / whole.units))
        chance = NormalDist().cdf(ask.effect / error - critical)
        found = Detectable(needed * error, n_needed=items, units_needed=units, chance=chance)
    return Reach(critical, found, found)
