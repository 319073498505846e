"""What follows from the pairs of a pilot: the differences that can be found, and the items that one needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.pairwise import TOO_FEW_DRAWS
from harness.scoring.soft_metric import find_soft_metric, is_soft
from harness.statistics import clusters, multiplicity, planning
from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile
from harness.statistics.pairs import Statistic

POWER = 0.8
"""How probable it is that a difference which a run `can detect` is found."""

Source = Literal["pilot", "simulated"]


@dataclass(frozen=True, slots=True)
class PowerQuestion:
    """What is asked of a run.

    Attributes:
        n: labelled items of every dataset, in place of those that there are.
        effect: a true difference that is to be found.
        metrics: those that differences are of; empty for those of the spec.
    """

    n: int | None = None
    effect: float | None = None
    metrics: tuple[str, ...] = ()


def effect_fault(effect: float, metrics: Sequence[str]) -> str:
    """What is wrong with an effect that is asked for, "" where nothing is.

    Args:
        effect: a difference.
        metrics: that are asked for; of those in points of a scale a difference may be above 1.
    """
    in_points = any(is_soft(name) and getattr(find_soft_metric(name), "IN_POINTS", False) for name in metrics)
    if 0 < effect < 1 or (in_points and 0 < effect < math.inf):
        return ""
    return f"effect must be between 0 and 1, not {effect:g}; for metrics in points of a scale, such as mae, above 0"


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true difference in one direction that is found with a power of 0.8.

    Attributes:
        value: of a typical pair; None where none would be found.
        low: what it would be by 5 % of pilots drawn again; None without a pilot, or where none would be found.
        high: by 95 % of them; None in the same case.
        n_needed: labelled items with which the effect asked for is found with that power; None where none was asked
            for, or where no number is enough.
        units_needed: how many clusters these make, or items where they are independent.
        chance: the probability to find that effect with the items planned; None where none was asked for, or where
            no such effect is possible.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n_needed: int | None = None
    units_needed: int | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What one way of comparing can find.

    Attributes:
        critical: how many standard errors a difference must have to be significant, in a typical pair.
        loss: what loss of one of the two is found.
        gain: what gain.
    """

    critical: float
    loss: Detectable
    gain: Detectable


@dataclass(frozen=True, slots=True)
class MetricPower:
    """What can be found on one metric.

    Attributes:
        metric: its name.
        reason: why nothing can be said, "" where something can.
        error: paired standard error with the items planned: median over the pairs, least, and greatest.
        measured: how many pairs these come from.
        design_effect: items over the independent items that they are worth, for a typical difference; None where items
            are independent.
        one_pair: for a comparison that was fixed before.
        all_pairs: for all pairs of cells at once.
    """

    metric: str
    reason: str = ""
    error: tuple[float, float, float] | None = None
    measured: int = 0
    design_effect: float | None = None
    one_pair: Reach | None = None
    all_pairs: Reach | None = None


@dataclass(frozen=True, slots=True)
class DatasetPower:
    """What can be found on one dataset.

    Attributes:
        dataset: its name.
        source: where the standard errors come from.
        cells: how many are compared.
        n: labelled items that are planned.
        units: clusters that these make, or items where they are independent.
        clustered: whether the cluster is the unit.
        metrics: in the order asked for.
    """

    dataset: str
    source: Source
    cells: int
    n: int
    units: int
    clustered: bool
    metrics: tuple[MetricPower, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """What a run can find.

    Attributes:
        spec: name of the spec.
        run: id of the pilot run, None where there is none.
        score: level and resamples.
        seed: of the spec.
        ask: what was asked.
        datasets: in the order of the spec.
        notes: what was assumed, and what must be known of the pilot.
    """

    spec: str
    run: str | None
    score: ScoreSpec
    seed: int
    ask: PowerQuestion
    datasets: tuple[DatasetPower, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PilotPairs:
    """The pairs of a pilot on one metric.

    Attributes:
        statistic: the metric as a figure of tables.
        joint: counts of some of the pairs, spread evenly over their errors, pairs × rows × columns × columns.
        worth: how many independent items the pilot's items are worth, for each of these pairs.
        errors: paired standard error of every pair, with the items of the pilot.
        units: items of the pilot, or clusters of them.
        n: items of the pilot.
        critical: the critical value over all planned pairs, on the normal scale.
        degrees: of freedom of a typical pair; None where items are independent.
        is_simulated: whether simulated judges stand in for a pilot, so that there is no uncertainty of a pilot.
        seed: of the redrawn pilots.
    """

    statistic: Statistic
    joint: Array
    worth: Array
    errors: Array
    units: int
    n: int
    critical: float
    degrees: float | None
    is_simulated: bool
    seed: int

    def multiplier(self, critical: float, units: float) -> float:
        """How many errors the test asks for with a number of units."""
        if self.degrees is None:
            return critical
        degrees = max(1.0, (self.degrees + 1) * units / self.units - 1)
        return float(multiplicity.reach_of(critical, np.array([degrees]), 1)[0])


def metric_power(
    name: str, pilot: PilotPairs | str, whole: DatasetPower, score: ScoreSpec, ask: PowerQuestion
) -> MetricPower:
    """What can be found on a metric.

    Args:
        name: of the metric.
        pilot: its pairs, or why there are none.
        whole: the dataset, with the items planned.
        score: confidence level.
        ask: what is asked.
    """
    if isinstance(pilot, str):
        return MetricPower(name, pilot)
    scaled = pilot.errors * float(np.sqrt(pilot.units / whole.units))
    spread = (float(np.median(scaled)), float(scaled.min()), float(scaled.max()))
    design = pilot.n / float(np.median(pilot.worth)) if pilot.degrees is not None and not pilot.is_simulated else None
    one, every = normal_quantile(score.level), pilot.critical
    ways = [None if math.isinf(critical) else _reach(pilot, critical, whole, ask) for critical in (one, every)]
    reason = TOO_FEW_DRAWS if ways[1] is None else ""
    return MetricPower(name, reason, spread, pilot.errors.size, design, ways[0], ways[1])


def _reach(pilot: PilotPairs, critical: float, whole: DatasetPower, ask: PowerQuestion) -> Reach:
    loss, gain = (_detectable(pilot, way, critical, whole, ask) for way in ("loss", "gain"))
    return Reach(pilot.multiplier(critical, whole.units), loss, gain)


def _detectable(
    pilot: PilotPairs, way: planning.Direction, critical: float, whole: DatasetPower, ask: PowerQuestion
) -> Detectable:
    multiplier, scale = pilot.multiplier(critical, whole.units), whole.units / pilot.units
    found = planning.alternatives(pilot.statistic, pilot.joint, way)
    values = np.nan_to_num(found.detectable(pilot.worth * scale, multiplier), nan=np.inf)
    at = int(np.argsort(values, kind="stable")[len(values) // 2])
    typical = float(values[at])
    low, high = (math.inf, math.inf) if pilot.is_simulated else _range(pilot, way, multiplier, (at, scale, typical))
    reach = Detectable(_finite(typical), _finite(low), _finite(high))
    alternative = None if ask.effect is None else found.at(ask.effect)
    if alternative is None:
        return reach
    worth = float(np.median(pilot.worth)) / pilot.units
    fewest = clusters.FEWEST if whole.clustered else MIN_ITEMS
    units = planning.units_for(
        alternative,
        whole.units,
        lambda count: worth * count,
        lambda count: pilot.multiplier(critical, count),
        fewest=fewest,
    )
    items = None if units is None else max(MIN_ITEMS, round(units * whole.n / whole.units))
    chance = alternative.chance(worth * whole.units, multiplier)
    return replace(reach, n_needed=items, units_needed=units, chance=chance)


def _range(
    pilot: PilotPairs, way: planning.Direction, multiplier: float, typical: tuple[int, float, float]
) -> tuple[float, float]:
    """What 5 % and 95 % of pilots like this one would say of its typical pair; the pilot's own value is in between.

    Args:
        pilot: the pairs.
        way: a loss or a gain.
        multiplier: how many errors the test asks for.
        typical: the position of the pair, the planned units per unit of the pilot, and what this pilot says.
    """
    at, scale, value = typical
    worth = float(pilot.worth[at])
    again = planning.redrawn(pilot.joint[at], worth, seed=pilot.seed)
    found = planning.alternatives(pilot.statistic, again, way)
    low, high = planning.range_of(found.detectable(worth * scale, multiplier))
    # The errors of small redrawn pilots are biased, which could leave the value outside.
    return min(low, value), max(high, value)


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value
