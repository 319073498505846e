"""Figures of labels by a threshold on items that it was not chosen on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.threshold.choose import Aim, CrossFit, Places, Scored, resampled_errors
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import Sample, metric_figures
from harness.statistics.intervals import normal_quantile

RESAMPLES = 200
"""Repetitions of the whole procedure that give its standard error."""


class Split(NamedTuple):
    """How items are parted.

    Attributes:
        fold: of each item.
        clusters: the cluster of each item; None where items are independent.
    """

    fold: Places
    clusters: NDArray[np.int64] | None


def held_out_figures(
    items: Scored, crossed: CrossFit, split: Split, names: Sequence[str], aim: Aim, by: tuple[ScoreSpec, int]
) -> dict[str, Figure]:
    """The figures of each fold's items by the threshold of the other folds.

    An interval is the wider one of two: that of fixed labels, and the normal one with the standard error of the whole
    procedure, which holds that the threshold varies.

    Args:
        items: labelled; an item without a score failed and counts as wrong.
        crossed: thresholds of all folds.
        split: folds and clusters.
        names: of the metrics.
        aim: what thresholds are chosen for.
        by: how intervals are made, and the seed of the draws.
    """
    score, seed = by
    passed = items.places >= crossed.fold_cuts[split.fold]
    codes = items.is_positive * 3 + np.where(items.places == len(items.cuts), 2, passed.astype(np.intp))
    sample = Sample(
        crossed.table, clusters=split.clusters, places=None if split.clusters is None else codes.astype(np.intp)
    )
    figures = metric_figures(sample, {name: items.metric(name) for name in names}, score, seed)
    units = np.arange(len(items.places)) if split.clusters is None else split.clusters
    errors = resampled_errors(items, (units, split.fold), aim, names, RESAMPLES, seed)
    return {name: _widened(figure, errors.get(name), items.metric(name).RANGE) for name, figure in figures.items()}


def _widened(figure: Figure, error: float | None, limits: tuple[float, float]) -> Figure:
    """A figure whose interval is no narrower than the standard error of the whole procedure has it."""
    if figure.value is None or figure.low is None or figure.high is None or error is None:
        return figure
    reach = normal_quantile(figure.level) * error
    low, high = min(figure.low, figure.value - reach), max(figure.high, figure.value + reach)
    return replace(figure, low=max(limits[0], low), high=min(limits[1], high))
