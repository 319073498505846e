"""Counts to figures: a value, its interval, and how both were computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.metric import Metric
from harness.statistics import agreement, clustered, clusters, failures, intervals
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval
from harness.statistics.intervals import Interval

MIN_ITEMS = 20
"""With fewer items there are counts and no interval."""

MAX_UNDEFINED = 0.01
"""A larger share of resamples without a value is reported."""

NO_LABELS = "no reference labels"
TOO_FEW_ITEMS = f"fewer than {MIN_ITEMS} items: counts only"
TOO_FEW_CLUSTERS = f"fewer than {clusters.FEWEST} clusters"
NO_SPREAD = "the resamples do not spread around the estimate"
NOT_MADE = "shown for comparison, without interval"
ALL_FAILED = "every judgment failed"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One cell's judgments on the items that have a reference label.

    Attributes:
        table: counts, reference labels × judged labels and `failed`.
        systems: how many cells were scored on the same items.
        clusters: the cluster of each item, None where items are independent.
        places: the cell (flat index) of the table that each item is in; None where items are independent.
    """

    table: Array
    systems: int = 1
    clusters: NDArray[np.int64] | None = None
    places: NDArray[np.intp] | None = None


def smoothing_of(shape: tuple[int, int]) -> Array:
    """What smoothing adds to each cell of a table: 2 items in all, nothing to failures."""
    return np.where(np.arange(shape[1]) < shape[0], 2 / shape[0] ** 2, 0.0) * np.ones((shape[0], 1))


def make_figures(sample: Sample, metrics: Mapping[str, Metric], score: ScoreSpec, seed: int) -> dict[str, Figure]:
    """All figures of a cell: each metric, and its bounds over failed judgments.

    Arguments as for `metric_figures`.
    """
    figures: dict[str, Figure] = {}
    for name, figure in metric_figures(sample, metrics, score, seed).items():
        figures[name] = figure
        figures |= {f"{name}.{ending}": beside for ending, beside in _beside(sample, metrics[name], score)}
    return figures


def metric_figures(sample: Sample, metrics: Mapping[str, Metric], score: ScoreSpec, seed: int) -> dict[str, Figure]:
    """Each metric of a sample; all are computed from the same resampled tables.

    Args:
        sample: the judgments.
        metrics: by name.
        score: method, resamples and level.
        seed: of the resampling.
    """
    resamples: Array | None = None
    if sample.clusters is None and score.interval in intervals.RESAMPLING and sample.table.sum() >= MIN_ITEMS:
        smoothed = score.interval == "bootstrap"
        resamples = intervals.resampled_tables(sample.table, smoothed=smoothed, resamples=score.resamples, seed=seed)
    return {name: _figure(sample, metric, score, seed, resamples) for name, metric in metrics.items()}


def _figure(sample: Sample, metric: Metric, score: ScoreSpec, seed: int, resamples: Array | None) -> Figure:
    n, value = _estimate(metric, sample.table)
    known: dict[str, Any] = {"n": n, "level": score.level, "systems": sample.systems}
    if value is None:
        reason = metric.UNDEFINED if sample.table.any() else NO_LABELS
        return Figure(None, reason=reason, units=n, **known)
    influence = metric.influence(sample.table)
    error = float(agreement.standard_error(sample.table, influence))
    if sample.clusters is not None:
        return _clustered(sample, metric, value, seed, known)
    known |= {"units": n, "flags": ("degenerate",) if error == 0 else ()}
    if n < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW_ITEMS, **known)
    interval = _interval(sample, metric, score, value, error, resamples)
    if resamples is not None:
        known |= {"resamples": score.resamples, "seed": f"{seed:032x}", "undefined_share": interval.undefined_share}
    if interval.undefined_share > MAX_UNDEFINED:
        known["flags"] += ("undefined-resamples",)
    reason = NO_SPREAD if interval.low is None else ""
    return Figure(value, interval.low, interval.high, reason, method=score.interval, **known)


def _interval(
    sample: Sample, metric: Metric, score: ScoreSpec, value: float, error: float, resamples: Array | None
) -> Interval:
    if resamples is None:
        return intervals.wald_interval(value, error, intervals.normal_quantile(score.level), metric.RANGE)
    estimates = metric.value(resamples)
    if score.interval == "bca":
        return intervals.bca_interval(sample.table, metric.value, estimates, score.level)
    return intervals.holding(intervals.percentile_interval(estimates, score.level), value)


def _clustered(sample: Sample, metric: Metric, value: float, seed: int, known: dict[str, Any]) -> Figure:
    """A figure whose units are clusters: only those count that hold items which the figure rests on."""
    assert sample.clusters is not None
    assert sample.places is not None
    one_each = np.eye(sample.table.size).reshape(-1, *sample.table.shape)
    rests_on = np.asarray(metric.count(one_each) > 0)[sample.places]
    found = clustered.table_interval(
        sample.places[rests_on],
        sample.clusters[rests_on],
        (sample.table.shape[0], sample.table.shape[1]),
        metric.value,
        metric.influence,
        prior=smoothing_of((sample.table.shape[0], sample.table.shape[1])),
        level=known["level"],
        seed=seed,
    )
    known |= clustered_facts(found)
    if found.low is None:
        return Figure(value, reason=found.reason, **known)
    drawn: dict[str, Any] = {"resamples": clustered.RESAMPLES, "seed": f"{seed:032x}"}
    return Figure(value, found.low, found.high, "", method="clustered", **drawn, **known)


def clustered_facts(found: ClusteredInterval) -> dict[str, Any]:
    """The units of a clustered figure."""
    few = found.design.effective < clusters.FEW
    is_still = not found.reason and found.error == 0
    flags = tuple(name for name, raised in (("degenerate", is_still), ("few-clusters", few)) if raised)
    effect = None if found.reason else found.design_effect
    return {"unit": "cluster", "units": found.design.clusters, "design_effect": effect, "flags": flags}


def _beside(sample: Sample, metric: Metric, score: ScoreSpec) -> Iterator[tuple[str, Figure]]:
    """The value without failures, and the bounds."""
    complete = failures.complete_case(sample.table)
    wrong = right = complete
    if sample.table[:, -1].any():
        worlds = failures.all_wrong(sample.table)
        values = metric.value(worlds)
        wrong = worlds[int(np.nanargmin(values))] if not np.isnan(values).all() else worlds[0]
        right = failures.all_right(sample.table)
    known = _estimate(metric, complete)
    for ending, table in (("complete-case", complete), ("failures-wrong", wrong), ("failures-right", right)):
        n, value = known if table is complete else _estimate(metric, table)
        reason = NOT_MADE
        if value is None:
            reason = metric.UNDEFINED if table.any() else ALL_FAILED if sample.table.any() else NO_LABELS
        yield ending, Figure(value, reason=reason, n=n, level=score.level, units=n, systems=sample.systems)


def _estimate(metric: Metric, table: Array) -> tuple[int, float | None]:
    value = float(metric.value(table))
    return round(float(metric.count(table))), None if math.isnan(value) else value
