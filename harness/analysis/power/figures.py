"""What follows from paired standard errors: the differences that can be found, and the items that one needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.scoring import reasons
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.pairwise import TOO_FEW_DRAWS
from harness.statistics import clusters, pairs, planning
from harness.statistics.agreement import Array

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


@dataclass(frozen=True, slots=True)
class Detectable:
    """What one way of comparing can find.

    Attributes:
        critical: how many standard errors a difference must have to be significant.
        detectable: the difference of a typical pair that is found with a power of 0.8.
        low: that of the pair that is easiest to tell apart.
        high: that of the hardest.
        n_needed: labelled items with which the effect asked for is found with that power; None where none was.
        units_needed: how many clusters these make, or items where they are independent.
        chance: the probability to find that effect with the items planned.
    """

    critical: float
    detectable: float
    low: float
    high: float
    n_needed: int | None = None
    units_needed: int | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class MetricPower:
    """What can be found on one metric.

    Attributes:
        metric: its name.
        reason: why nothing can be said, "" where something can.
        error: paired standard error with the items planned: median over the pairs, least, and greatest.
        measured: how many pairs these come from.
        design_effect: the clustered variance of a typical difference over that of independent items, None where items
            are independent.
        one_pair: for a comparison that was fixed before.
        all_pairs: for all pairs of cells at once.
    """

    metric: str
    reason: str = ""
    error: tuple[float, float, float] | None = None
    measured: int = 0
    design_effect: float | None = None
    one_pair: Detectable | None = None
    all_pairs: Detectable | None = None


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
class PairedErrors:
    """Paired standard errors as they were measured.

    Attributes:
        values: one for each pair, all above 0.
        units: items, or clusters of them, that they rest on.
        critical: the critical value over all planned pairs, by degrees of freedom, which are units less one.
        design_effect: the clustered variance of a typical difference over that of independent items.
    """

    values: Array
    units: int
    critical: Callable[[int], float]
    design_effect: float | None = None


def metric_power(
    name: str, errors: PairedErrors | str, whole: DatasetPower, score: ScoreSpec, ask: PowerQuestion
) -> MetricPower:
    """What can be found on a metric.

    Args:
        name: of the metric.
        errors: of its pairs, or why there are none.
        whole: the dataset, with the items planned.
        score: confidence level.
        ask: what is asked.
    """
    if isinstance(errors, str):
        return MetricPower(name, errors)
    if not errors.values.size:
        return MetricPower(name, reasons.NO_PAIR_VARIES)
    scaled = errors.values * float(np.sqrt(errors.units / whole.units))
    spread = (float(np.median(scaled)), float(scaled.min()), float(scaled.max()))
    fewest = clusters.FEWEST if whole.clustered else MIN_ITEMS

    def reach(critical: Callable[[int], float]) -> Detectable | None:
        value = critical(whole.units - 1)
        if not np.isfinite(value):
            return None
        typical, least, greatest = (pairs.detectable(error, value) for error in spread)
        found = Detectable(value, typical, least, greatest)
        if ask.effect is None:
            return found
        units = planning.units_for(ask.effect, spread[0], whole.units, critical, fewest=fewest)
        items = None if units is None else max(MIN_ITEMS, round(units * whole.n / whole.units))
        chance = planning.chance_to_find(ask.effect, spread[0], value)
        return replace(found, n_needed=items, units_needed=units, chance=chance)

    one, every = reach(lambda freedom: clusters.t_quantile(score.level, freedom)), reach(errors.critical)
    reason = TOO_FEW_DRAWS if every is None else ""
    return MetricPower(name, reason, spread, errors.values.size, errors.design_effect, one, every)
