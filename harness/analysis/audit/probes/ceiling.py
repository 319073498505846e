"""Ceiling: how far people agree with each other, and the evaluator with each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.probe import Audited, shown
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.metric import find_metric
from harness.statistics import annotators, clusters
from harness.statistics.agreement import SHAPE, Array
from harness.statistics.intervals import wald_interval

SUMMARY = "ceiling: agreement of each annotator with the others, beside the evaluator's with each annotator"
ALONE = "one annotator: nobody to agree with"

Side = tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.intp]]


def figures(audited: Audited) -> dict[str, Figure]:
    """By the first metric of the spec, means over the annotators."""
    codes = audited.data.annotator_codes()
    if codes.shape[1] < 2:
        return {"ceiling.people": audited.unknown(ALONE), "ceiling.evaluator": audited.unknown(ALONE)}
    return {
        "ceiling.people": _mean(audited, annotators.leave_one_out(codes)),
        "ceiling.evaluator": _mean(audited, annotators.against_each(audited.judged, codes)),
    }


def _mean(audited: Audited, sides: Sequence[Side]) -> Figure:
    """The mean of the metric over the annotators; the influences of an item on all of them are added."""
    metric = find_metric(audited.score.metrics[0])
    phi: Array = np.zeros(len(audited.data))
    values, touched = [], np.zeros(len(audited.data), bool)
    for reference, judged, rows in sides:
        places = reference.astype(np.intp) * SHAPE[1] + np.minimum(judged, SHAPE[1] - 1)
        table = np.bincount(places, minlength=SHAPE[0] * SHAPE[1]).reshape(SHAPE).astype(float)
        value = float(metric.value(table))
        if value == value:
            values.append(value)
            touched[rows] = True
            phi[rows] += metric.influence(table).ravel()[places] / len(rows)
    if not values:
        return audited.unknown(metric.UNDEFINED)
    n, mean = int(touched.sum()), float(np.mean(values))
    # Each influence was divided by its own number of items, so that of the mean is n times their sum over K.
    error, count = clusters.clustered_error(phi[touched] * n / len(values), audited.clusters[touched], n)
    reason = TOO_FEW_ITEMS if n < MIN_ITEMS else TOO_FEW_CLUSTERS if count < clusters.FEWEST else ""
    known = {"n": n, "level": audited.score.level, "units": count, "systems": len(audited.data.cells)}
    if reason:
        return Figure(mean, reason=reason, **known)  # type: ignore[arg-type]
    interval = wald_interval(mean, error, clusters.t_quantile(audited.score.level, count - 1), metric.RANGE)
    unit = "item" if audited.reference.all_clusters is None else "cluster"
    return Figure(mean, interval.low, interval.high, method="clustered", unit=unit, **known)  # type: ignore[arg-type]


def sentence(figures: Mapping[str, Figure]) -> str:
    """How far people agree, and the evaluator with them."""
    people = figures["ceiling.people"]
    if people.value is None:
        return f"how far people agree cannot be told: {people.reason}"
    return (
        f"a person agrees with the others at {shown(people)}, it agrees with each person at "
        f"{shown(figures['ceiling.evaluator'])}"
    )
