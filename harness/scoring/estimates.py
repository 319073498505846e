"""Counts to figures: a value, its interval, and how both were computed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.metric import Metric
from harness.statistics import agreement, clustered, clusters, intervals
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval, TableWorths
from harness.statistics.intervals import Interval

MIN_ITEMS = 20
"""With fewer items there are counts and no interval."""

MAX_UNDEFINED = 0.01
"""A larger share of resamples without a value is reported."""

NO_LABELS = "no reference labels"
TOO_FEW_ITEMS = f"fewer than {MIN_ITEMS} items: counts only"
TOO_FEW_CLUSTERS = f"fewer than {clusters.FEWEST} clusters"
NO_SPREAD = "the resamples do not spread around the estimate"


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


def figures_of(
    samples: Sequence[Sample], metrics: Mapping[str, Metric], score: ScoreSpec, seeds: Sequence[int]
) -> list[dict[str, Figure]]:
    """Each metric of each sample; those of a sample are computed from the same resampled tables.

    The figures of a sample do not depend on which other samples there are. Samples share the processors: numpy
    releases the GIL while it computes.

    Args:
        samples: the judgments, all on tables of one shape and, where they have clusters, on the same items.
        metrics: by name.
        score: method, resamples and level.
        seeds: of the resampling, one for each sample.
    """
    if not samples:
        return []
    estimates = {name: _estimates(samples, metric, score) for name, metric in metrics.items()}

    def figures(at: int) -> dict[str, Figure]:
        sample, seed = samples[at], seeds[at]
        resamples: Array | None = None
        if sample.clusters is None and score.interval in intervals.RESAMPLING and sample.table.sum() >= MIN_ITEMS:
            smoothed = score.interval == "bootstrap"
            resamples = intervals.resampled_tables(
                sample.table, smoothed=smoothed, resamples=score.resamples, seed=seed
            )
        return {name: found.figure(at, sample, seed, resamples) for name, found in estimates.items()}

    if len(samples) == 1:
        return [figures(0)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(figures, range(len(samples))))


def metric_figures(sample: Sample, metrics: Mapping[str, Metric], score: ScoreSpec, seed: int) -> dict[str, Figure]:
    """Each metric of one sample. Arguments as for `figures_of`."""
    return figures_of([sample], metrics, score, [seed])[0]


def _estimates(samples: Sequence[Sample], metric: Metric, score: ScoreSpec) -> _Estimates:
    tables = agreement.laid_out([sample.table for sample in samples])
    counts = metric.count(tables)
    errors = agreement.standard_error(tables, metric.influence(tables))
    worths = None
    if samples[0].clusters is not None and np.all(_rests_on(metric, samples[0].table.shape)):
        worths = _worths(samples, metric, score.level)
    return _Estimates(metric, score, counts, metric.value(tables), errors, worths)


def _rests_on(metric: Metric, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """For each cell (flat) of a table, whether the metric rests on its items."""
    one_each = np.eye(math.prod(shape)).reshape(-1, *shape)
    return np.asarray(metric.count(one_each) > 0)


def _worths(samples: Sequence[Sample], metric: Metric, level: float) -> TableWorths:
    """What the clustered items of samples are worth; only clusters count with items that the metric rests on."""
    table, cluster = samples[0].table, samples[0].clusters
    assert cluster is not None
    places = np.column_stack([sample.places for sample in samples if sample.places is not None])
    if len(samples) == 1:
        rests_on = _rests_on(metric, table.shape)[places[:, 0]]
        places, cluster = places[rests_on], cluster[rests_on]
    return clustered.table_worths(places, cluster, table.shape, metric.value, metric.influence, level=level)


@dataclass(frozen=True, slots=True, eq=False)
class _Estimates:
    """A metric on all samples.

    Attributes:
        metric: the metric.
        score: method, resamples and level.
        counts: on how many items the figure of each sample rests.
        values: of each sample, NaN where it is undefined.
        errors: for independent items.
        worths: what clustered items are worth; None where items are independent or the metric does not rest on all.
    """

    metric: Metric
    score: ScoreSpec
    counts: Array
    values: Array
    errors: Array
    worths: TableWorths | None

    def figure(self, at: int, sample: Sample, seed: int, resamples: Array | None) -> Figure:
        """The figure of a sample with its interval.

        Args:
            at: position of the sample.
            sample: the sample.
            seed: of its draws.
            resamples: of its table; None where the interval needs none.
        """
        n, value, score = round(float(self.counts[at])), float(self.values[at]), self.score
        known: dict[str, Any] = {"n": n, "level": score.level, "systems": sample.systems}
        if math.isnan(value):
            reason = self.metric.UNDEFINED if sample.table.any() else NO_LABELS
            return Figure(None, reason=reason, units=n, **known)
        if sample.clusters is not None:
            return self._clustered(at, sample, seed, known)
        error = float(self.errors[at])
        known |= {"units": n, "flags": ("degenerate",) if error == 0 else ()}
        if n < MIN_ITEMS:
            return Figure(value, reason=TOO_FEW_ITEMS, **known)
        interval = _interval(sample, self.metric, score, value, error, resamples)
        if resamples is not None:
            known |= {"resamples": score.resamples, "seed": f"{seed:032x}", "undefined_share": interval.undefined_share}
        if interval.undefined_share > MAX_UNDEFINED:
            known["flags"] += ("undefined-resamples",)
        reason = NO_SPREAD if interval.low is None else ""
        return Figure(value, interval.low, interval.high, reason, method=score.interval, **known)

    def _clustered(self, at: int, sample: Sample, seed: int, known: dict[str, Any]) -> Figure:
        """A figure whose units are clusters."""
        worths, place = self.worths, at
        if worths is None:
            worths, place = _worths([sample], self.metric, self.score.level), 0
        prior = smoothing_of((sample.table.shape[0], sample.table.shape[1]))
        found = clustered.drawn_interval(
            worths, place, self.metric.value, prior=prior, level=self.score.level, seed=seed
        )
        value = float(self.values[at])
        known |= clustered_facts(found)
        if found.low is None:
            return Figure(value, reason=found.reason, **known)
        drawn: dict[str, Any] = {"resamples": clustered.RESAMPLES, "seed": f"{seed:032x}"}
        return Figure(value, found.low, found.high, "", method="clustered", **drawn, **known)


def _interval(
    sample: Sample, metric: Metric, score: ScoreSpec, value: float, error: float, resamples: Array | None
) -> Interval:
    if resamples is None:
        return intervals.wald_interval(value, error, intervals.normal_quantile(score.level), metric.RANGE)
    estimates = metric.value(resamples)
    if score.interval == "bca":
        return intervals.bca_interval(sample.table, metric.value, estimates, score.level)
    return intervals.holding(intervals.percentile_interval(estimates, score.level), value)


def clustered_facts(found: ClusteredInterval) -> dict[str, Any]:
    """The units of a clustered figure."""
    few = found.design.effective < clusters.FEW
    is_still = not found.reason and found.error == 0
    flags = tuple(name for name, raised in (("degenerate", is_still), ("few-clusters", few)) if raised)
    effect = None if found.reason else found.design_effect
    return {"unit": "cluster", "units": found.design.clusters, "design_effect": effect, "flags": flags}
