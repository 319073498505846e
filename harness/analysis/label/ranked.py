"""Rankings of a run against the rankings of annotators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.correct.given_labels import NewLabels
from harness.hashing import seed_for
from harness.records.figures import Figure
from harness.records.rankings import mean_ranking, ranks_of
from harness.runner.ranked import ranked_columns
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.ranked_data import RankedData
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import soft_figure
from harness.scoring.weighted_rates import METHOD
from harness.statistics.intervals import Interval
from harness.statistics.inverse_probability import Design, weighted_interval, weighted_mean

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset


def labelled_rankings(data: JudgedDataset, labels: NewLabels) -> RankedData:
    """The rankings of all cells beside those of annotators; of several annotators the mean ranks count.

    Args:
        data: a dataset of a run.
        labels: with the rankings of its annotators.
    """
    opinions: list[list[float] | None] = [None] * len(data)
    for at, row in enumerate(labels.rankings if labels.rankings is not None else ()):
        given = [str(one) for one in row if one is not None]
        if given:
            opinions[at] = [-rank for rank in ranks_of(mean_ranking(given))]
    group = data.cluster_codes() if data.clustered else None
    return ranked_columns(data.rankings, opinions, data.response_counts(), group)


def agreement_figure(held: RankedData, at: int, metric: str, labels: NewLabels, run: Judged) -> Figure:
    """A metric of a cell on the labelled items, weighted where they were drawn with unequal probabilities.

    Args:
        held: as `labelled_rankings` gives it.
        at: position of the cell.
        metric: of rankings.
        labels: of annotators, with the design.
        run: gives the level and the seed.
    """
    rows = held.is_ordered
    if labels.design is None or labels.design.is_equal(rows):
        seed = seed_for(run.seed, "label", metric, str(at))
        return soft_figure(find_soft_metric(metric), at, held, run.score, seed)
    found = find_soft_metric(metric)
    values = held.of(at, found)
    assert values is not None
    return _weighted(held, values, found.RANGE, labels.design, run.score.level)


def _weighted(
    held: RankedData,
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    ends: tuple[float, float],
    design: Design,
    level: float,
) -> Figure:
    """A weighted mean of bounded values with its interval."""
    rows = held.is_ordered
    low, span = ends[0], ends[1] - ends[0]
    found = weighted_mean(values[rows], np.zeros(len(rows)), rows, design, power=0.0, clusters=held.group)
    n = int(rows.sum())
    known = Figure(found.value, n=n, units=found.units, level=level, unit="item" if held.group is None else "cluster")
    weights, _ = design.of_labelled(rows)
    units = None if held.group is None else held.group[rows]
    scaled = Interval(None, None)
    if n >= MIN_ITEMS:
        share = min(1.0, max(0.0, (found.value - low) / span))
        scaled, _ = weighted_interval(share, found.error / span, weights, units, level)
    if scaled.low is None or scaled.high is None:
        return replace(known, reason=TOO_FEW_ITEMS)
    return replace(known, low=low + span * scaled.low, high=low + span * scaled.high, method=METHOD)
