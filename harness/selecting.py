"""The best cell of a dataset, with its figure corrected for having been chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.contest import is_comparable
from harness.metric import find_metric
from harness.records import CellScore, Winner
from harness.reference import Reference
from harness.statistics.agreement import SHAPE
from harness.statistics.selection import selection_bias

METHOD = "resampled-selection"
NOBODY = "no cell has a value"
ONE = "one cell: nothing was chosen"
FEW = "too few items or clusters to choose again in resamples"
UNDEFINED = "no resample has a value"


def best_first(scores: Sequence[CellScore], metric: str) -> list[int]:
    """Positions of the cells, the highest figure first; undefined ones last, equals as they come."""

    def place(position: int) -> tuple[bool, float]:
        value = scores[position].figures[metric].value
        return value is None, -(value or 0.0)

    return sorted(range(len(scores)), key=place)


def choose_winner(
    dataset: str,
    metric: str,
    scores: Sequence[CellScore],
    outcomes: NDArray[np.int8],
    reference: Reference,
    seed: int,
) -> Winner:
    """The best of the cells of a dataset, all of which were tried.

    Args:
        dataset: its name.
        metric: what it must be best by.
        scores: of the cells; at least one.
        outcomes: labelled items × cells.
        reference: the labels.
        seed: of the resamples.
    """
    best = scores[best_first(scores, metric)[0]]
    figure = best.figures[metric]
    tried, level = len(scores), figure.level
    if figure.value is None:
        return Winner(dataset, None, metric, tried, level=level, reason=NOBODY)
    comparable = [k for k, score in enumerate(scores) if is_comparable(score.figures[metric])]
    rivals = sorted(comparable, key=lambda k: scores[k].cell.id)  # the same draws in whatever order they come
    if tried == 1 or len(rivals) < 2 or not is_comparable(figure):
        reason = ONE if tried == 1 else FEW
        return Winner(dataset, best.cell.id, metric, tried, figure.value, level=level, reason=reason)
    judged = np.minimum(outcomes[:, rivals], SHAPE[1] - 1)
    places = reference.labels.astype(np.intp)[:, None] * SHAPE[1] + judged
    bias = selection_bias(places, reference.clusters, find_metric(metric).value, seed=seed)
    if bias is None:
        return Winner(dataset, best.cell.id, metric, tried, figure.value, level=level, reason=UNDEFINED)
    low, high = find_metric(metric).RANGE
    return Winner(
        dataset,
        best.cell.id,
        metric,
        tried,
        figure.value,
        corrected=max(low, figure.value - bias.mean),
        low=None if figure.low is None else max(low, figure.low - bias.out_of_bag),
        high=None if figure.high is None else min(high, figure.high - bias.optimism),
        method=METHOD,
        resamples=bias.resamples,
        level=level,
        seed=f"{seed:032x}",
        reason=figure.reason,
    )
