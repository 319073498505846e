"""The best cell of a dataset, or system of a board, with its figure corrected for having been chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records.figures import Figure
from harness.records.scores import CellScore, Winner
from harness.scoring.estimates import smoothing_of
from harness.scoring.labels import Reference
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import is_comparable, statistic_of
from harness.scoring.soft_metric import direction_of
from harness.statistics.agreement import Array
from harness.statistics.clustered import table_interval
from harness.statistics.pairs import Statistic
from harness.statistics.selection import Own, correct_winner

METHOD = "hybrid"
NO_EVALUATOR = "none has a value"
ONE = "only one: nothing was chosen"
FEW = "too few items or clusters for an interval"


def best_first(scores: Sequence[CellScore], metric: str) -> list[int]:
    """Positions of the cells, the best figure first and undefined ones last; equal ones in the order of their ids."""
    sign = 1.0 if direction_of(metric) == "lower" else -1.0

    def place(position: int) -> tuple[bool, float, str]:
        value = scores[position].figures[metric].value
        return value is None, sign * (value or 0.0), scores[position].cell.id

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
    found = find_metric(metric, reference.labels, reference.label_set)
    measure = Measure(dataset, metric, statistic_of(found, reference.shape), smoothing_of(reference.shape))
    return best_of_all(measure, figures, reference.places(outcomes), reference.clusters, seed)


class Measure(NamedTuple):
    """The criterion by which the best of several is chosen.

    Attributes:
        dataset: on what, for people.
        metric: its name.
        statistic: the figure as a function of tables.
        prior: what smoothing adds to each cell of a table.
    """

    dataset: str
    metric: str
    statistic: Statistic
    prior: Array


def best_of_all(
    measure: Measure,
    figures: Mapping[str, Figure],
    places: NDArray[np.intp],
    cluster: NDArray[np.int64] | None,
    seed: int,
) -> Winner:
    """The best of several tried on the same items (of equals the first id), its figure corrected for the choice.

    Args:
        measure: by what.
        figures: of each, by id; at least one.
        places: items × figures, the cell (flat index) of the table that each outcome is in.
        cluster: the cluster of each item; None where items are independent.
        seed: of the draws of a clustered interval.
    """
    ids = list(figures)
    best = min(ids, key=lambda one: (figures[one].value is None, -(figures[one].value or 0.0), one))
    figure, tried = figures[best], len(ids)
    bare = Winner(measure.dataset, best, measure.metric, tried, figure.value, level=figure.level)
    if figure.value is None:
        return replace(bare, cell=None, reason=NO_EVALUATOR)
    rivals = sorted(one for one in ids if is_comparable(figures[one]))
    if len(rivals) < 2 or not is_comparable(figure):
        return replace(bare, reason=ONE if tried == 1 else FEW)
    if figure.low is None or figure.high is None:
        return replace(bare, reason=figure.reason or FEW)
    columns = places[:, [ids.index(one) for one in rivals]]
    own = _own(measure, figure, columns[:, rivals.index(best)], cluster, seed)
    found = correct_winner(measure.statistic, columns, cluster, rivals.index(best), own, measure.prior)
    return replace(bare, corrected=found.corrected, low=found.low, high=found.high, method=METHOD, reason=figure.reason)


def _own(
    measure: Measure, figure: Figure, places: NDArray[np.intp], cluster: NDArray[np.int64] | None, seed: int
) -> Own:
    """The winner's interval, and what its items are worth."""
    assert figure.low is not None
    assert figure.high is not None
    if cluster is None:
        return Own(figure.low, figure.high, float(len(places)), len(places) - 1.0, figure.level)
    value, influence, shape = measure.statistic
    found = table_interval(places, cluster, shape, value, influence, prior=measure.prior, level=figure.level, seed=seed)
    worth = found.worth or float(len(places))
    return Own(figure.low, figure.high, worth, found.degrees, figure.level, is_clustered=True)
