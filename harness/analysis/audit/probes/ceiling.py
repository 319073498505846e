"""Ceiling: agreement of the annotators with each other, and of the evaluator with each annotator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.metric import find_metric
from harness.statistics import annotators, clusters
from harness.statistics.agreement import SHAPE, Array
from harness.statistics.intervals import wald_interval

SUMMARY = "ceiling: agreement among the annotators, and agreement of the evaluator with each annotator"
ONE_ANNOTATOR = "fewer than two annotators"

Side = tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.intp]]


def figures(audited: Audited) -> dict[str, Figure]:
    """Means over the annotators, by the first metric of the spec."""
    codes = audited.data.annotator_codes()
    if codes.shape[1] < 2:
        return {"ceiling.people": audited.unknown(ONE_ANNOTATOR), "ceiling.evaluator": audited.unknown(ONE_ANNOTATOR)}
    return {
        "ceiling.people": _mean(audited, annotators.leave_one_out(codes)),
        "ceiling.evaluator": _mean(audited, annotators.against_each(audited.judged, codes)),
    }


def _mean(audited: Audited, sides: Sequence[Side]) -> Figure:
    """The mean of the metric over the annotators; the influence of an item is the sum over the annotators."""
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
    """Agreement among the annotators, and of the evaluator with them."""
    people = figures["ceiling.people"]
    if people.value is None:
        return f"agreement among annotators: unknown ({people.reason})"
    evaluator = figure_text(figures["ceiling.evaluator"])
    return f"agreement among annotators: {figure_text(people)}; of the evaluator with each annotator: {evaluator}"
