"""Each metric without failed judgments, and its bounds over what they might have been.

METRIC.complete-case     of the judgments that did not fail
METRIC.failures-wrong    the least that it can be had none failed
METRIC.failures-right    the same, had each failure been the reference label
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import NO_LABELS, Sample
from harness.scoring.metric import Metric
from harness.statistics import agreement, failures
from harness.statistics.agreement import Array

NOT_MADE = "shown for comparison, without interval"
ALL_FAILED = "every judgment failed"
MOST_TABLES = 20_000
"""Tables of possible outcomes that are held at once."""


def failure_bounds(
    samples: Sequence[Sample], metrics: Mapping[str, Metric], score: ScoreSpec
) -> list[dict[str, Figure]]:
    """The companions of the metrics of each sample, by name.

    Args:
        samples: the judgments, all on tables of one shape.
        metrics: by name.
        score: the level.
    """
    if not samples:
        return []
    tables = np.array([sample.table for sample in samples])
    complete = failures.complete_case(tables)
    failed = np.flatnonzero(tables[..., -1].any(axis=1))
    found: list[dict[str, Figure]] = [{} for _ in samples]
    for name, metric in metrics.items():
        known = _points(metric, complete)
        bounds = {"complete-case": known, "failures-wrong": known, "failures-right": known}
        if len(failed):
            wrong, right = complete.copy(), complete.copy()
            wrong[failed] = _worst(metric, tables[failed])
            right[failed] = failures.all_right(tables[failed])
            bounds |= {"failures-wrong": _points(metric, wrong), "failures-right": _points(metric, right)}
        for ending, points in bounds.items():
            for at, sample in enumerate(samples):
                found[at][f"{name}.{ending}"] = _figure(metric, points, at, sample, score)
    return found


class _Points(NamedTuple):
    """A metric on some tables."""

    tables: Array
    counts: Array
    values: Array


def _points(metric: Metric, tables: Array) -> _Points:
    laid_out = agreement.laid_out(tables)
    return _Points(tables, metric.count(laid_out), metric.value(laid_out))


def _worst(metric: Metric, tables: Array) -> Array:
    """Of each table the one with its failures answered wrongly by which the metric is least."""
    worst = []
    each = len(failures.all_wrong(tables[:1])[0])
    step = max(1, MOST_TABLES // each)
    for at in range(0, len(tables), step):
        worlds = failures.all_wrong(tables[at : at + step])
        values = metric.value(agreement.laid_out(worlds))[: len(worlds)]
        least = np.argmin(np.where(np.isnan(values), np.inf, values), axis=1)
        worst.append(worlds[np.arange(len(worlds)), least])
    return np.concatenate(worst)


def _figure(metric: Metric, points: _Points, at: int, sample: Sample, score: ScoreSpec) -> Figure:
    n, value = round(float(points.counts[at])), float(points.values[at])
    reason = NOT_MADE
    if math.isnan(value):
        reason = metric.UNDEFINED if points.tables[at].any() else ALL_FAILED if sample.table.any() else NO_LABELS
    return Figure(
        None if math.isnan(value) else value, reason=reason, n=n, level=score.level, units=n, systems=sample.systems
    )
