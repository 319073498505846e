"""Mean numbers: what people would give all responses on average, from the labels of some and a judge's numbers for all.

The estimate is the prediction-powered mean (PPI++) of `harness.statistics.prediction_powered`. Where the data name the
writers of the responses, it is also made for each of them, with differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.mean_results import CellMean, MeanCorrection, MeanEstimate
from harness.analysis.correct.systems import MOST_SYSTEMS, SystemDifference
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import soft_data, soft_verdicts
from harness.scoring.estimates import MIN_ITEMS, NO_LABELS, TOO_FEW_ITEMS
from harness.scoring.number_figures import UNIT
from harness.scoring.soft_metric import split_metrics
from harness.scoring.soft_scores import ALL_FAILED, soft_figures
from harness.statistics import clusters, prediction_powered
from harness.statistics.agreement import Array
from harness.statistics.intervals import NO_INTERVAL, Interval
from harness.statistics.inverse_probability import Design, mean_influence, weighted_mean
from harness.statistics.prediction_powered import Corrected
from harness.statistics.rate_differences import rate_differences

Groups = NDArray[np.int64]
ALL_LABELLED = "{dataset}: all items are labelled, so that judgments correct nothing"
FIGURES = "{dataset}: the labelled items must be a random sample of all items: the correction rests on it"
WEIGHTED = "{dataset}: items were drawn with unequal probabilities, and labels are weighted with the inverse (Hájek)"
NOT_WEIGHTED = "labels drawn with unequal probabilities: agreement is not weighted"


def correct_means(
    run: Judged,
    data: JudgedDataset,
    y: Array,
    annotators: tuple[str, ...],
    notes: Sequence[str] = (),
    design: Design | None = None,
) -> MeanCorrection:
    """The mean numbers of a dataset, by every cell.

    Args:
        run: the run.
        data: one of its datasets.
        y: mean label of each item, NaN without one.
        annotators: who labelled.
        notes: on how they were labelled.
        design: how the labelled items were drawn, where their probabilities differ; None where all count alike.
    """
    score, found = run.score, soft_verdicts(run, data)
    held = replace(soft_data(data, found), y=y)
    low, high = data.label_set.scale or (0.0, 1.0)
    values = [np.asarray(one.values, np.float64) for one in found]
    names = split_metrics(score.metrics)[1]
    agreement = [
        _agreement(data, k, held, names, score, run.seed) if design is None else _not_weighted(y, names, score)
        for k in range(len(values))
    ]
    items = LabelledNumbers(y, data.cluster_codes() if data.clustered else None, UNIT * (high - low), score, design)
    by = _systems(data)
    cells = tuple(
        means_of_cell(cell.id, items, each, by, figures)
        for cell, each, figures in zip(data.cells, values, agreement, strict=True)
    )
    labelled = int((~np.isnan(y)).sum())
    own = ALL_LABELLED if labelled == len(y) else FIGURES if design is None else WEIGHTED
    return MeanCorrection(data.name, len(y), labelled, annotators, cells, (own.format(dataset=data.name), *notes))


@dataclass(frozen=True, slots=True, eq=False)
class LabelledNumbers:
    """Labels of all items, and how a mean of them is estimated.

    Attributes:
        y: mean label of each item, NaN without one.
        group: cluster of each item; None where items are independent.
        unit: the error of one added item.
        score: gives the level and the resamples.
        design: of draws with unequal probabilities; None for equal ones.
    """

    y: Array
    group: Groups | None
    unit: float
    score: ScoreSpec
    design: Design | None = None

    def part(self, rows: NDArray[np.intp]) -> LabelledNumbers:
        """Some of the items."""
        group = None if self.group is None else self.group[rows]
        return replace(self, y=self.y[rows], group=group, design=self.design and self.design.part(rows))

    def alone(self, rows: NDArray[np.bool_], values: Array) -> LabelledNumbers:
        """Some of the items with values that take the place of labels, all of the same weight."""
        group = None if self.group is None else self.group[rows]
        return replace(self, y=values[rows], group=group, design=None)


def _agreement(
    data: JudgedDataset, k: int, held: Any, names: Sequence[str], score: ScoreSpec, seed: int
) -> dict[str, Figure]:
    from harness.records.judgments import Usage
    from harness.records.scores import CellScore

    bare = CellScore(data.cells[k], len(data), len(data), (), (), {}, Usage())
    found = soft_figures(bare, k, held, names, score, seed)
    return {name: found[name] for name in names}


def _not_weighted(y: Array, names: Sequence[str], score: ScoreSpec) -> dict[str, Figure]:
    n = int((~np.isnan(y)).sum())
    return {name: Figure(None, reason=NOT_WEIGHTED, n=n, level=score.level) for name in names}


def _systems(data: JudgedDataset) -> dict[str, NDArray[np.intp]]:
    """The positions of the responses of each system; empty where fewer than two are named."""
    names = sorted({name for name in data.models_a if name is not None})
    if not 2 <= len(names) <= MOST_SYSTEMS or None in data.models_a:
        return {}
    by = np.array(data.models_a, dtype=object)
    return {name: np.flatnonzero(by == name) for name in names}


def means_of_cell(
    cell: str,
    items: LabelledNumbers,
    values: Array,
    systems: Mapping[str, NDArray[np.intp]],
    agreement: Mapping[str, Figure],
) -> CellMean:
    """The mean number by a cell, and by it for each system.

    Args:
        cell: its id.
        items: with their labels.
        values: numbers of the cell, NaN where the judgment failed.
        systems: positions of the responses of each; empty for none.
        agreement: of the cell with the labels.
    """
    whole, _ = _estimate(items, values, items.score.level)
    if not systems:
        return CellMean(cell, whole, {}, (), agreement)
    level = 1 - (1 - items.score.level) / len(systems)
    parts = {name: (items.part(rows), values[rows]) for name, rows in systems.items()}
    found = {name: _estimate(part, some, level) for name, (part, some) in parts.items()}
    estimates = {name: one for name, (one, _) in found.items()}
    return CellMean(cell, whole, estimates, _differences(cell, items, systems, parts, found), agreement)


def _estimate(items: LabelledNumbers, values: Array, level: float) -> tuple[MeanEstimate, Corrected | None]:
    """The mean by labels, by a judge, and by both."""
    given, own = ~np.isnan(items.y), ~np.isnan(values)
    human = _human(items, level)
    judge = _mean(items, values, level, ALL_FAILED)
    counts = len(items.y), int(given.sum())
    if human.value is None or judge.value is None:
        return MeanEstimate(*counts, human, judge, human, None, None), None
    found = _corrected(items, np.where(own, values, judge.value))  # a failed judgment has no influence
    figure = human if given.all() else _figure(items, found, level)
    return MeanEstimate(*counts, human, judge, figure, found.power, found.gain), found


def _corrected(items: LabelledNumbers, values: Array) -> Corrected:
    given = ~np.isnan(items.y)
    if items.design is not None:
        return weighted_mean(items.y[given], values, given, items.design, clusters=items.group)
    units = None if items.group is None else (items.group[given], items.group[~given])
    return prediction_powered.corrected_mean(items.y[given], values[given], values[~given], clusters=units)


def _human(items: LabelledNumbers, level: float) -> Figure:
    """The mean of the labels, weighted where they were drawn with unequal probabilities."""
    given = ~np.isnan(items.y)
    if items.design is None or not given.any():
        return _mean(items, items.y, level, NO_LABELS)
    zeros = np.zeros(len(items.y))
    return _figure(
        items, weighted_mean(items.y[given], zeros, given, items.design, power=0.0, clusters=items.group), level
    )


def _mean(items: LabelledNumbers, values: Array, level: float, nothing: str) -> Figure:
    """The mean of the numbers that there are, with a t interval."""
    rows = ~np.isnan(values)
    if not rows.any():
        return Figure(None, reason=nothing, level=level)
    part = items.alone(rows, values)
    return _figure(part, _corrected(part, values[rows]), level)


def _figure(items: LabelledNumbers, found: Corrected, level: float) -> Figure:
    """An estimate with a t interval; without one where few items or clusters have a label."""
    given = ~np.isnan(items.y)
    n, sizes = int(given.sum()), _sizes(items)
    known: dict[str, Any] = {"n": n, "level": level, "units": len(sizes)}
    if items.group is not None:
        known["unit"] = "cluster"
    reason = TOO_FEW_ITEMS if n < MIN_ITEMS else "" if items.group is None else clusters.design_of(sizes).reason
    if reason:
        return Figure(found.value, reason=reason, **known)
    low, high = _interval(items, found, level)
    method = "weighted" if items.design is not None else "analytic" if items.group is None else "clustered"
    return Figure(found.value, low, high, method=method, **known)


def _sizes(items: LabelledNumbers) -> Array:
    """Labelled items of each cluster that holds any."""
    given = ~np.isnan(items.y)
    return np.ones(int(given.sum())) if items.group is None else clusters.sizes_of(items.group[given])


def _weights(items: LabelledNumbers, design: Design) -> Array:
    """The weights of the labelled items, of a cluster their sum."""
    given = ~np.isnan(items.y)
    weights, _ = design.of_labelled(given)
    if items.group is None:
        return weights
    return np.bincount(np.unique(items.group[given], return_inverse=True)[1], weights).astype(float)


def _interval(items: LabelledNumbers, found: Corrected, level: float) -> tuple[float, float]:
    """A t interval; its error holds that of one added item, so that it has no zero width."""
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    sizes = _sizes(items) if items.design is None else _weights(items, items.design)
    worth = float(sizes.sum()) ** 2 / float((sizes**2).sum())
    degrees = max(1.0, worth - (2 if found.power else 1))
    error = math.hypot(found.error * math.sqrt(worth / degrees), items.unit / worth)
    reach = float(stdtrit(degrees, (1 + level) / 2)) * error
    return found.value - reach, found.value + reach


def _influence(items: LabelledNumbers, values: Array, found: Corrected) -> Array:
    """What each item adds to the corrected mean."""
    given = ~np.isnan(items.y)
    filled = np.where(np.isnan(values), np.nanmean(values), values)
    if items.design is not None:
        return mean_influence(items.y[given], filled, given, items.design, found.power)
    added = np.zeros(len(values))
    n, more = int(given.sum()), int((~given).sum())
    here = filled[given] - filled[given].mean()
    added[given] = (items.y[given] - items.y[given].mean() - found.power * here) / n
    if more:
        added[~given] = found.power * (filled[~given] - filled[~given].mean()) / more
    return added


def _differences(
    cell: str,
    items: LabelledNumbers,
    systems: Mapping[str, NDArray[np.intp]],
    parts: Mapping[str, tuple[LabelledNumbers, Array]],
    found: Mapping[str, tuple[MeanEstimate, Corrected | None]],
) -> tuple[SystemDifference, ...]:
    """The differences of the corrected means of all pairs of systems, with simultaneous intervals."""
    known = {name: one for name, (_, one) in found.items() if one is not None}
    names = list(known)
    if len(names) < 2:
        return ()
    influences = np.zeros((len(names), len(items.y)))
    for at, name in enumerate(names):
        influences[at, systems[name]] = _influence(*parts[name], known[name])

    def interval(at: int, level: float) -> Interval:
        if found[names[at]][0].corrected.low is None:
            return NO_INTERVAL
        return Interval(*_interval(parts[names[at]][0], known[names[at]], level))

    law = items.score.level, items.score.resamples, seed_for(0, "system-differences", cell)
    values = np.array([known[name].value for name in names])
    made = []
    for one in rate_differences(values, influences, items.group, interval, law, widest=math.inf):
        first, second = (found[names[at]][0] for at in (one.first, one.second))
        lack = next((each.corrected.reason for each in (first, second) if each.corrected.low is None), "")
        figure = Figure(
            one.value,
            one.low,
            one.high,
            lack,
            n=first.labelled + second.labelled,
            method="none" if one.low is None else "analytic",
            level=items.score.level,
            unit=first.corrected.unit,
            units=first.corrected.units + second.corrected.units,
        )
        made.append(SystemDifference(names[one.first], names[one.second], cell, figure, one.is_distinguishable))
    return tuple(made)
