"""Figures of a cell on each slice against all other items, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.slices import CellSlices, Slice, SliceDifference
from harness.scoring.labels import Reference
from harness.scoring.metric import Metric, find_metric
from harness.scoring.pairwise import statistic_of, why_not
from harness.scoring.soft_metric import split_metrics
from harness.statistics.pairs import Judgments
from harness.statistics.slice_differences import slice_differences

ACCURACY = "accuracy"
UNDEFINED = "{metric} is undefined on the slice or elsewhere"


@dataclass(frozen=True, slots=True, eq=False)
class SlicedItems:
    """The labelled items of a dataset and what was judged of them.

    Attributes:
        reference: the labels.
        judged: labelled items × cells.
        here: the slice of each labelled item.
    """

    reference: Reference
    judged: NDArray[np.int8]
    here: NDArray[np.int8]


def with_differences(
    cells: Sequence[CellSlices], items: SlicedItems, score: ScoreSpec, seed: int
) -> Iterator[CellSlices]:
    """The slices of some cells with the differences of accuracy and of the metrics of verdicts that the spec names.

    Args:
        cells: with the tests of accuracy.
        items: that they were made of.
        score: metrics and level.
        seed: of the spec.
    """
    metrics = {
        name: find_metric(name, None, items.reference.label_set)
        for name in dict.fromkeys([ACCURACY, *split_metrics(score.metrics)[0]])
    }
    for k, cell in enumerate(cells):
        parts = list(cell.slices)
        for name, metric in metrics.items():
            draws = seed_for(seed, "slice-differences", cell.cell, name)
            found = _found(name, metric, items, k, parts, score.level, draws)
            for at, part in enumerate(parts):
                one = found[at]
                if one.p_value is not None:
                    one = replace(one, p_family=min(1.0, one.p_value * len(cells)))
                one = _as_tested(one, part, score.level) if name == ACCURACY else one
                parts[at] = replace(part, differences={**part.differences, name: one})
        yield replace(cell, slices=tuple(parts))


def _found(
    name: str, metric: Metric, items: SlicedItems, k: int, parts: Sequence[Slice], level: float, seed: int
) -> Mapping[int, SliceDifference]:
    """The differences of a metric of a cell, by the position of the slice."""
    group, shape = items.reference.clusters, items.reference.shape
    places = items.reference.places(items.judged[:, k])
    found = {
        at: SliceDifference(reason=part.reason or _why_not(name, metric, items, at)) for at, part in enumerate(parts)
    }
    tables = [_table(places[items.here == at], shape) for at in range(len(parts))]
    whole = np.sum(tables, axis=0)
    for at in [at for at, one in found.items() if not one.reason]:
        if np.isnan(metric.value(np.stack([tables[at], whole - tables[at]]))).any():
            found[at] = SliceDifference(reason=UNDEFINED.format(metric=name))
    tested = [at for at, one in found.items() if not one.reason]
    if not tested:
        return found
    order = np.full(len(parts), len(tested), np.intp)
    order[tested] = np.arange(len(tested))
    made = slice_differences(
        statistic_of(metric, shape), places, order[items.here], len(tested), group, level=level, seed=seed
    )
    widest = metric.RANGE[1] - metric.RANGE[0]
    for at, value, reach, p_value in zip(tested, *made, strict=True):
        low, high = max(-widest, value - reach), min(widest, value + reach)
        found[at] = SliceDifference(float(value), float(low), float(high), float(p_value))
    return found


def _table(places: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def _why_not(name: str, metric: Metric, items: SlicedItems, at: int) -> str:
    """Why a metric is not compared between a slice and the rest, "" where it is: too few rare labels in one of them."""
    labels, group = items.reference.labels.astype(np.intp), items.reference.clusters
    for rows in (items.here == at, items.here != at):
        units = None if group is None else group[rows]
        reason = why_not(name, metric, Judgments(labels[rows], labels[rows, None], units), 1)
        if reason:
            return reason
    return ""


def _as_tested(one: SliceDifference, part: Slice, level: float) -> SliceDifference:
    """A difference of accuracy with the p-value of the exact test, and the interval that agrees with it on 0.

    The interval holds the differences that are not rejected. For 0 the exact test decides: where it rejects what the
    interval holds, or the other way round, the end of the interval is 0.
    """
    if one.value is None or part.p_value is None or one.low is None or one.high is None:
        return replace(one, reason=one.reason or part.reason)
    low, high = one.low, one.high
    if (part.p_value <= 1 - level) is (low <= 0 <= high):
        low, high = (0.0, high) if one.value > 0 else (low, 0.0)
    return replace(one, low=low, high=high, p_value=part.p_value, p_family=part.p_family)
