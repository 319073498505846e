"""Agreement with labels that were drawn with unequal probabilities: the figures of all items, not of those drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.scores import CellScore
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.metric import find_metric
from harness.scoring.weighted_rates import METHOD
from harness.statistics.clusters import t_quantile
from harness.statistics.codes import Codes
from harness.statistics.intervals import wald_interval
from harness.statistics.inverse_probability import Design, weighted_mean
from harness.statistics.sampling import effective_size

if TYPE_CHECKING:
    from harness.runner.run_reader import JudgedDataset

BESIDE = "not weighted: labels drawn with unequal probabilities"


def weighted_agreement(
    score: CellScore, data: JudgedDataset, labels: Codes, design: Design, by: ScoreSpec
) -> CellScore:
    """The score of a cell with weighted figures of its metrics; its counts stay those of the labelled items.

    A metric is computed from the table of weights. Its standard error is that of the weighted mean of its influences,
    which is that of a smooth function of weighted totals (Särndal, Swensson and Wretman 1992, section 5.5).

    Args:
        score: of the cell.
        data: its dataset.
        labels: of all items, −1 where there is none.
        design: how the labelled items were drawn.
        by: gives the metrics and the level.
    """
    at = next(at for at, cell in enumerate(data.cells) if cell.id == score.cell.id)
    figures: Mapping[str, Figure] = {name: _figure(name, data, at, labels, design, by) for name in by.metrics}
    return replace(score, figures={**score.figures, **figures})


def _figure(name: str, data: JudgedDataset, at: int, labels: Codes, design: Design, by: ScoreSpec) -> Figure:
    labelled, shape = labels >= 0, data.label_set.shape
    n = int(labelled.sum())
    if not n:
        return Figure(None, reason=BESIDE, level=by.level)
    metric = find_metric(name, labels[labelled], data.label_set)
    weights, _ = design.of_labelled(labelled)
    judged = np.minimum(data.outcomes[labelled, at], shape[1] - 1).astype(np.intp)
    places = labels[labelled].astype(np.intp) * shape[1] + judged
    scaled = weights * (n / weights.sum())
    table = np.bincount(places, scaled, minlength=shape[0] * shape[1]).reshape(shape)
    value = float(metric.value(table))
    if math.isnan(value):
        return Figure(None, reason=metric.UNDEFINED, n=n, units=n, level=by.level)
    influence = metric.influence(table).ravel()[places]
    clusters = data.cluster_codes() if data.clustered else None
    found = weighted_mean(influence, np.zeros(len(labels)), labelled, design, power=0.0, clusters=clusters)
    worth = effective_size(weights)
    unit = "item" if clusters is None else "cluster"
    known = Figure(value, n=n, units=found.units, level=by.level, unit=unit, design_effect=n / worth)  # type: ignore[arg-type]
    if n < MIN_ITEMS or math.isnan(found.error):
        return replace(known, reason=TOO_FEW_ITEMS)
    reach = t_quantile(by.level, max(1.0, min(worth, found.units) - 1))
    interval = wald_interval(value, found.error, reach, metric.RANGE)
    return replace(known, low=interval.low, high=interval.high, method=METHOD)
