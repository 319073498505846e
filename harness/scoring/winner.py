"""The best cell of a dataset, or system of a board, with its figure corrected for having been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records.figures import Figure
from harness.records.scores import CellScore, Winner
from harness.scoring.labels import Reference
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import is_comparable
from harness.statistics.agreement import SHAPE
from harness.statistics.selection import Value, selection_bias

METHOD = "resampled-selection"
NO_EVALUATOR = "none has a value"
ONE = "only one: nothing was chosen"
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
    figures = {score.cell.id: score.figures[metric] for score in scores}
    judged = np.minimum(outcomes, SHAPE[1] - 1)
    places = reference.labels.astype(np.intp)[:, None] * SHAPE[1] + judged
    found = find_metric(metric)
    return best_of_all(Measure(dataset, metric, found.value, found.RANGE), figures, places, reference.clusters, seed)


class Measure(NamedTuple):
    """By what the best of several is chosen.

    Attributes:
        dataset: on what, for people.
        metric: its name.
        value: the figure as a function of tables, as `harness.statistics.selection.selection_bias` takes it.
        bounds: the least and the largest figure.
    """

    dataset: str
    metric: str
    value: Value
    bounds: tuple[float, float]


def best_of_all(
    measure: Measure,
    figures: Mapping[str, Figure],
    places: NDArray[np.intp],
    clusters: NDArray[np.int64] | None,
    seed: int,
) -> Winner:
    """The best of several that were tried on the same items, its figure corrected for the choice.

    Args:
        measure: by what.
        figures: of each, by id; at least one.
        places: items × figures, the cell (flat index) of the table that each outcome is in.
        clusters: the cluster of each item; None where items are independent.
        seed: of the resamples.
    """
    ids = list(figures)
    best = min(ids, key=lambda one: (figures[one].value is None, -(figures[one].value or 0.0)))
    figure, tried = figures[best], len(ids)
    bare = Winner(measure.dataset, best, measure.metric, tried, figure.value, level=figure.level)
    if figure.value is None:
        return replace(bare, cell=None, reason=NO_EVALUATOR)
    rivals = sorted(one for one in ids if is_comparable(figures[one]))  # the same draws in whatever order they come
    if tried == 1 or len(rivals) < 2 or not is_comparable(figure):
        return replace(bare, reason=ONE if tried == 1 else FEW)
    columns = [ids.index(one) for one in rivals]
    bias = selection_bias(places[:, columns], clusters, measure.value, seed=seed)
    if bias is None:
        return replace(bare, reason=UNDEFINED)
    low, high = measure.bounds
    return replace(
        bare,
        corrected=max(low, figure.value - bias.mean),
        low=None if figure.low is None else max(low, figure.low - bias.out_of_bag),
        high=None if figure.high is None else min(high, figure.high - bias.optimism),
        method=METHOD,
        resamples=bias.resamples,
        seed=f"{seed:032x}",
        reason=figure.reason,
    )
