"""The best cell of a dataset by a figure of soft verdicts or numbers, corrected for having been chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.records.judgments import FAILURES
from harness.records.scores import CellScore, Winner
from harness.scoring.pairwise import is_comparable
from harness.scoring.soft_metric import SoftMetric, find_soft_metric
from harness.scoring.winner import FEW, METHOD, ONE, best_first
from harness.statistics.agreement import Array
from harness.statistics.selection import Own, correct_figure_winner

if TYPE_CHECKING:
    from harness.scoring.soft_scores import SoftData

MAX_FAILED = 0.05
"""Cells with a larger share of failed judgments are not compared: their figures rest on other items."""
NO_BEST = "{metric} describes the responses: no evaluator is better by it"
NO_INFLUENCE = "the error of {metric} by item is not known: confirm the best on other data"
FAILED = f"more than {100 * MAX_FAILED:g} % of its judgments failed: confirm it on other data"


def best_by_soft(dataset: str, metric: str, scores: Sequence[CellScore], data: SoftData | None = None) -> Winner:
    """The best cell by a metric of soft verdicts, numbers or rankings, its figure corrected for the choice.

    Args:
        dataset: its name.
        metric: of soft verdicts.
        scores: of the cells; at least one.
        data: of the cells, for the correction; None for none.
    """
    best = scores[best_first(scores, metric)[0]]
    figure = best.figures[metric]
    bare = Winner(dataset, None, metric, len(scores), figure.value, level=figure.level)
    if (found := find_soft_metric(metric)).DIRECTION == "none":
        return replace(bare, value=None, reason=getattr(found, "NO_BEST", NO_BEST.format(metric=metric)))
    if figure.value is None:
        return replace(bare, reason=figure.reason)
    chosen = replace(bare, cell=best.cell.id, reason=ONE if len(scores) == 1 else FEW)
    return chosen if data is None or len(scores) == 1 else data.corrected(chosen, found, scores)


def corrected_by_influence(data: SoftData, winner: Winner, metric: SoftMetric, scores: Sequence[CellScore]) -> Winner:
    """The best of the cells with its figure corrected for the choice by the influence of each item on all figures.

    Cells with many failed judgments are not among the rivals: their figures rest on other items.

    Args:
        data: of the cells.
        winner: without a correction.
        metric: that it is best by.
        scores: of the cells.
    """
    positions = {one.cell.id: k for k, one in enumerate(scores)}
    figures = {name: scores[k].figures[winner.metric] for name, k in positions.items()}
    figure, best = figures[str(winner.cell)], str(winner.cell)
    rivals = sorted(name for name in figures if is_comparable(figures[name]) and figures[name].low is not None)
    if best not in rivals or len(rivals) < 2 or figure.low is None or figure.high is None:
        return replace(winner, reason=figure.reason or FEW)
    if failed_share(scores[positions[best]]) > MAX_FAILED:
        return replace(winner, reason=FAILED)
    rivals = [name for name in rivals if failed_share(scores[positions[name]]) <= MAX_FAILED]
    score = ScoreSpec((winner.metric,), level=figure.level)
    columns = [influence_of(metric, data, positions[name], score, 0) for name in rivals]
    if len(rivals) < 2 or any(column is None for column in columns):
        reason = FEW if len(rivals) < 2 else NO_INFLUENCE.format(metric=winner.metric)
        return replace(winner, reason=reason)
    sign = -1.0 if metric.DIRECTION == "lower" else 1.0
    low, high = sorted((sign * figure.low, sign * figure.high))
    worth = figure.n / (figure.design_effect or 1.0)
    own = Own(low, high, worth, figure.units - 1.0, figure.level, is_clustered=data.group is not None)
    values = np.array([sign * (figures[name].value or 0.0) for name in rivals])
    influences = np.column_stack([sign * column for column in columns if column is not None])
    at, unit = rivals.index(best), data.unit_error(metric)
    found = correct_figure_winner(values, influences, data.group, at, own, unit)
    ends = sorted((sign * found.low, sign * found.high))
    least, most = metric.RANGE
    return replace(
        winner,
        corrected=min(max(sign * found.corrected, least), most),
        low=max(ends[0], least),
        high=min(ends[1], most),
        method=METHOD,
        reason=figure.reason,
    )


def failed_share(score: CellScore) -> float:
    """The share of the judgments of a cell that failed."""
    return sum(score.outcomes[-len(FAILURES) :]) / max(1, score.items)


def influence_of(metric: SoftMetric, data: SoftData, k: int, score: ScoreSpec, seed: int) -> Array | None:
    """The influence of every item of the dataset, 0 for those that the figure does not rest on."""
    values = data.of(k, metric)
    assert values is not None
    rows = data.rows(values, metric)
    found = metric.influence(data.items(values, score, seed).part(rows))
    if found is None:
        return None
    every = np.zeros(len(values))
    every[rows] = found
    return every
