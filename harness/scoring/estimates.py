"""Counts to figures: a value, its interval, and how both were computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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

DRAWS_AT_ONCE = 10_000
"""Draws of several samples in one call: more do not fit into the fast part of a processor's memory."""

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

    The figures of a sample do not depend on which other samples there are. Threads would not help: measured, two that
    make such short calls of numpy take as long as one, or longer.

    Args:
        samples: the judgments, all on tables of one shape and, where they have clusters, on the same items.
        metrics: by name.
        score: method, resamples and level.
        seeds: of the resampling, one for each sample.
    """
    if not samples:
        return []
    estimates = {name: _estimates(samples, metric, score) for name, metric in metrics.items()}
    draws = score.resamples if samples[0].clusters is None else clustered.RESAMPLES
    step = max(1, DRAWS_AT_ONCE // draws)

    def figures(first: int) -> list[dict[str, Figure]]:
        block = range(first, min(first + step, len(samples)))
        resamples = _resamples([samples[at] for at in block], score, [seeds[at] for at in block])
        made = {name: found.figures(block, samples, seeds, resamples) for name, found in estimates.items()}
        return [{name: found[place] for name, found in made.items()} for place in range(len(block))]

    return [one for first in range(0, len(samples), step) for one in figures(first)]


def _resamples(samples: Sequence[Sample], score: ScoreSpec, seeds: Sequence[int]) -> Array | None:
    """Resampled tables of some samples, samples × resamples × rows × columns; None where intervals need none."""
    if samples[0].clusters is not None or score.interval not in intervals.RESAMPLING:
        return None
    shape, smoothed = samples[0].table.shape, score.interval == "bootstrap"
    by_cell = np.zeros((math.prod(shape), len(samples), score.resamples))
    for place, (sample, seed) in enumerate(zip(samples, seeds, strict=True)):
        if sample.table.sum() >= MIN_ITEMS:
            intervals.resampled_tables(
                sample.table, smoothed=smoothed, resamples=score.resamples, seed=seed, out=by_cell[:, place]
            )
    return by_cell.transpose(1, 2, 0).reshape(len(samples), score.resamples, *shape)


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

    def figures(
        self, block: Sequence[int], samples: Sequence[Sample], seeds: Sequence[int], resamples: Array | None
    ) -> list[Figure]:
        """The figures of some samples with their intervals.

        Args:
            block: positions of the samples.
            samples: all samples.
            seeds: of the draws of each.
            resamples: of the tables of the block; None where intervals need none.
        """
        if samples[0].clusters is not None:
            return self._clustered(block, samples, seeds)
        drawn: Sequence[Array | None] = [None] * len(block)
        if resamples is not None:
            flat = resamples.reshape(-1, *resamples.shape[2:])
            drawn = [*self.metric.value(flat).reshape(resamples.shape[:2])]
        return [self._independent(at, samples[at], seeds[at], one) for at, one in zip(block, drawn, strict=True)]

    def _independent(self, at: int, sample: Sample, seed: int, drawn: Array | None) -> Figure:
        """A figure whose units are items; `drawn` are its values in resampled tables."""
        score = self.score
        n, value, known = self._known(at, sample)
        if math.isnan(value):
            return self._undefined(n, sample, known)
        error = float(self.errors[at])
        known |= {"units": n, "flags": ("degenerate",) if error == 0 else ()}
        if n < MIN_ITEMS:
            return Figure(value, reason=TOO_FEW_ITEMS, **known)
        interval = _interval(sample, self.metric, score, value, error, drawn)
        if drawn is not None:
            known |= {"resamples": score.resamples, "seed": f"{seed:032x}", "undefined_share": interval.undefined_share}
        if interval.undefined_share > MAX_UNDEFINED:
            known["flags"] += ("undefined-resamples",)
        reason = NO_SPREAD if interval.low is None else ""
        return Figure(value, interval.low, interval.high, reason, method=score.interval, **known)

    def _clustered(self, block: Sequence[int], samples: Sequence[Sample], seeds: Sequence[int]) -> list[Figure]:
        """Figures whose units are clusters."""
        table, value, level = samples[0].table, self.metric.value, self.score.level
        prior = smoothing_of((table.shape[0], table.shape[1]))
        own = [seeds[at] for at in block]
        if self.worths is not None:
            found = clustered.drawn_intervals(self.worths, block, value, prior=prior, level=level, seeds=own)
        else:
            found = []
            for at, seed in zip(block, own, strict=True):
                worths = _worths([samples[at]], self.metric, level)
                found += clustered.drawn_intervals(worths, [0], value, prior=prior, level=level, seeds=[seed])
        return [self._of_clusters(at, samples[at], seed, one) for at, seed, one in zip(block, own, found, strict=True)]

    def _of_clusters(self, at: int, sample: Sample, seed: int, found: ClusteredInterval) -> Figure:
        n, value, known = self._known(at, sample)
        if math.isnan(value):
            return self._undefined(n, sample, known)
        known |= clustered_facts(found)
        if found.low is None:
            return Figure(value, reason=found.reason, **known)
        drawn: dict[str, Any] = {"resamples": clustered.RESAMPLES, "seed": f"{seed:032x}"}
        return Figure(value, found.low, found.high, "", method="clustered", **drawn, **known)

    def _known(self, at: int, sample: Sample) -> tuple[int, float, dict[str, Any]]:
        n = round(float(self.counts[at]))
        return n, float(self.values[at]), {"n": n, "level": self.score.level, "systems": sample.systems}

    def _undefined(self, n: int, sample: Sample, known: dict[str, Any]) -> Figure:
        reason = self.metric.UNDEFINED if sample.table.any() else NO_LABELS
        return Figure(None, reason=reason, units=n, **known)


def _interval(
    sample: Sample, metric: Metric, score: ScoreSpec, value: float, error: float, drawn: Array | None
) -> Interval:
    if drawn is None:
        return intervals.wald_interval(value, error, intervals.normal_quantile(score.level), metric.RANGE)
    if score.interval == "bca":
        return intervals.bca_interval(sample.table, metric.value, drawn, score.level)
    return intervals.holding(intervals.percentile_interval(drawn, score.level), value)


def clustered_facts(found: ClusteredInterval) -> dict[str, Any]:
    """The units of a clustered figure."""
    few = found.design.effective < clusters.FEW
    is_still = not found.reason and found.error == 0
    flags = tuple(name for name, raised in (("degenerate", is_still), ("few-clusters", few)) if raised)
    effect = None if found.reason else found.design_effect
    return {"unit": "cluster", "units": found.design.clusters, "design_effect": effect, "flags": flags}
