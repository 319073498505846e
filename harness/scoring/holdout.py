"""The best cell by a part of the items, and its figure on the held-out rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.scores import HeldOut
from harness.scoring.estimates import metric_figures
from harness.scoring.labels import Reference
from harness.scoring.metric import find_metric
from harness.statistics.holdout import held_out

NO_EVALUATOR = "no cell has a value on the part to choose on"


def choose_and_measure(
    cells: Sequence[Cell],
    outcomes: NDArray[np.int8],
    reference: Reference,
    score: ScoreSpec,
    *,
    share: float,
    seed: int,
) -> HeldOut:
    """Choose the best cell by the first metric on a part of the labelled items and measure it on the others.

    Args:
        cells: those to choose from.
        outcomes: labelled items × cells.
        reference: the labels.
        score: the metric, and how its interval is made.
        share: of the units to hold out.
        seed: of the split and of the interval.
    """
    name = score.metrics[0]
    metric = find_metric(name, reference.labels, reference.label_set)
    out = held_out(reference.ids(), reference.clusters, share, seed=seed)
    chosen_on, measured_on = (reference.part(rows) for rows in (~out, out))
    values = [float(metric.value(chosen_on.sample(column, 1).table)) for column in outcomes[~out].T]
    undefined = [math.isnan(value) for value in values]
    best = min(range(len(cells)), key=lambda k: (undefined[k], 0.0 if undefined[k] else -values[k], cells[k].id))
    if undefined[best]:
        nothing = Figure(None, reason=NO_EVALUATOR, n=int(out.sum()), level=score.level, units=int(out.sum()))
        return HeldOut(None, int((~out).sum()), None, nothing, f"{seed:032x}")
    sample = measured_on.sample(outcomes[out][:, best], len(cells))
    figure = metric_figures(sample, {name: metric}, score, seed)[name]
    return HeldOut(cells[best].id, int((~out).sum()), values[best], figure, f"{seed:032x}")
