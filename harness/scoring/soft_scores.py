"""Soft verdicts to figures: those of each cell of a dataset, and their comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.scores import CellScore, Winner
from harness.scoring.estimates import NO_LABELS
from harness.scoring.failure_bounds import NOT_MADE
from harness.scoring.number_bounds import bounds_of_numbers
from harness.scoring.pairwise import CellComparisons, is_comparable
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import SoftItems, SoftMetric, find_soft_metric, split_metrics
from harness.scoring.soft_winner import MAX_FAILED, best_by_soft, corrected_by_influence, failed_share, influence_of
from harness.statistics import multiplicity
from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile
from harness.statistics.soft_pairs import influence_errors

HARD = "gives verdicts without a probability: use log probabilities, scores, repeats or a jury"
HARD_LABELS = "gives labels alone: use log probabilities, scores, repeats or a jury"
NO_PROBABILITY = "gives scores and no probabilities: use log probabilities, repeats or a jury"
ALL_FAILED = "every judgment failed"
NO_COMPARISON = "evaluators are not compared by {metric}: the bias of its estimate differs between them"
OTHER_ITEMS = f"more than {100 * MAX_FAILED:g} % of the judgments failed, so that the figure rests on other items"
POWER = normal_quantile(0.6)
"""The normal quantile of 80 % power."""


@dataclass(frozen=True, slots=True, eq=False)
class SoftData:
    """The soft verdicts of the cells of a dataset, and what they are held against.

    Attributes:
        values: of each cell and item, the probability that response a is better, or the number for a single response;
            NaN where the judgment failed, None for a cell that gives none.
        y: share of annotators who prefer a, or who give the positive label, or their mean number; NaN where an item has
            no label.
        group: cluster of each item; None where items are independent.
        difference: length of response a less that of response b; None where lengths are unknown.
        difficulty: of each item; None where the data have none.
        verdicts: of each cell, its verdicts or labels as numbers, NaN where the judgment failed; none where not known.
        scored: of each cell, whether its values are scores and no probabilities; none where all are probabilities.
        label_set: the labels that items can have.
        counts_failures: whether failed judgments have values as well, so that all cells rest on the same items.
        ids: of the items; none where they are not known.
    """

    values: Sequence[Array | None]
    y: Array
    group: NDArray[np.int64] | None
    difference: Array | None = None
    difficulty: Array | None = None
    verdicts: Sequence[Array] = ()
    scored: Sequence[bool] = ()
    label_set: LabelSet = VERDICT_LABELS
    counts_failures: bool = False
    ids: Sequence[str] = ()

    def of(self, k: int, metric: SoftMetric) -> Array | None:
        """What a figure of a cell rests on: its soft verdicts, or its verdicts where the metric takes them."""
        found = self.values[k]
        return self.verdicts[k] if found is None and metric.TAKES_VERDICTS and self.verdicts else found

    def rows(self, values: Array, metric: SoftMetric) -> NDArray[np.bool_]:
        """The items that a figure of a cell rests on."""
        known = ~np.isnan(values)
        return known & ~np.isnan(self.y) if metric.NEEDS_LABELS else known

    def part(self, rows: NDArray[np.bool_]) -> SoftData:
        """Some of the items."""
        return replace(
            self,
            values=[None if one is None else one[rows] for one in self.values],
            y=self.y[rows],
            group=None if self.group is None else self.group[rows],
            difference=None if self.difference is None else self.difference[rows],
            difficulty=None if self.difficulty is None else self.difficulty[rows],
            verdicts=[one[rows] for one in self.verdicts],
            ids=self.ids_of(rows),
        )

    def ids_of(self, rows: NDArray[np.bool_]) -> Sequence[str]:
        """The ids of some of the items."""
        return [self.ids[at] for at in np.arange(len(self.y))[rows]] if self.ids else ()

    def lack(self, k: int, metric: SoftMetric) -> str:
        """Why a cell has no such figure, in words; "" where it can have one."""
        if self.of(k, metric) is None:
            return HARD if self.label_set.is_pair else HARD_LABELS
        needs = getattr(metric, "NEEDS_PROBABILITY", False)
        return NO_PROBABILITY if needs and self.scored and self.scored[k] else ""

    def only(self, columns: Sequence[int]) -> SoftData:
        """Some of the cells."""
        verdicts = [self.verdicts[k] for k in columns] if self.verdicts else ()
        scored = [self.scored[k] for k in columns] if self.scored else ()
        return replace(self, values=[self.values[k] for k in columns], verdicts=verdicts, scored=scored)

    def worlds(self, k: int, metric: SoftMetric, values: Array) -> Iterator[tuple[str, Array]]:
        """The values if every failed judgment were as wrong, and as right, as can be; of win rates lost, and won.

        Args:
            k: position of the cell.
            metric: of which the values are.
            values: of the cell.
        """
        failed = np.isnan(values)
        if failed.all() or not failed.any():
            return
        best = self.y if metric.NEEDS_LABELS else np.ones(len(values))
        worst = np.where(best >= 0.5, 0.0, 1.0)
        if self.scored and self.scored[k]:  # beyond all scores that were given
            least, greatest = np.nextafter((np.nanmin(values), np.nanmax(values)), (-math.inf, math.inf))
            best, worst = (np.where(one >= 0.5, greatest, least) for one in (best, worst))
        for ending, instead in (("failures-wrong", worst), ("failures-right", best)):
            yield ending, np.where(failed, instead, values)

    def nothing(self, metric: SoftMetric) -> str:
        """Why a figure rests on no item."""
        return ALL_FAILED

    def corrected(self, winner: Winner, metric: SoftMetric, scores: Sequence[CellScore]) -> Winner:
        """The best of the cells with its figure corrected for the choice, where that is known."""
        return corrected_by_influence(self, winner, metric, scores)

    def companions(self, names: Sequence[str], score: ScoreSpec) -> dict[str, Figure]:
        """Figures that are shown beside those of some metrics."""
        return {}

    def items(self, values: Array, score: ScoreSpec, seed: int) -> SoftItems:
        """All items with the soft verdicts of a cell, or others in their place."""
        return SoftItems(
            values,
            self.y,
            self.group,
            score.level,
            seed,
            self.difference,
            self.difficulty,
            len(self.values),
            self.label_set.ends,
        )

    def unit_error(self, metric: SoftMetric) -> float:
        """What one item adds to the error of a difference at least, times the number of items."""
        if not getattr(metric, "IN_POINTS", False) or self.label_set.ends is None:
            return metric.UNIT_ERROR
        low, high = self.label_set.ends
        return metric.UNIT_ERROR * (high - low)


def verdict_score(score: ScoreSpec, labels: LabelSet = VERDICT_LABELS) -> ScoreSpec:
    """The part of the scoring that rests on verdicts; accuracy where a spec names metrics of soft verdicts alone.

    Where labels are numbers there is no such part.
    """
    return replace(score, metrics=() if labels.is_number else split_metrics(score.metrics)[0] or ("accuracy",))


def with_soft(scored: DatasetScores, data: SoftData, score: ScoreSpec, seed: int) -> DatasetScores:
    """The scores of a dataset with the figures of soft verdicts that the spec names.

    Args:
        scored: the scores by verdicts, made by `verdict_score`.
        data: the soft verdicts of the same cells.
        score: of the spec.
        seed: of the spec.
    """
    names = split_metrics(score.metrics)[1]
    scores = tuple(
        replace(one, figures={**one.figures, **soft_figures(one, k, data, names, score, seed)})
        for k, one in enumerate(scored.scores)
    )
    contests = {
        name: compare_soft(name, scores, data, score, seed_for(seed, "pairs", name, scored.dataset))
        if name in names
        else scored.contests[name]
        for name in score.metrics
    }
    first = score.metrics[0]
    winner = best_by_soft(scored.dataset, first, scores, data) if first in names and scores else scored.winner
    return DatasetScores(scored.dataset, scores, contests, winner)


def soft_figures(
    one: CellScore, k: int, data: SoftData, names: Sequence[str], score: ScoreSpec, seed: int
) -> dict[str, Figure]:
    """The figures of a cell, and their bounds over failed judgments.

    Args:
        one: the cell's score by verdicts.
        k: its position.
        data: the soft verdicts of all cells.
        names: of the metrics.
        score: gives the level.
        seed: of the spec.
    """
    draws = seed_for(seed, "soft", one.cell.id)
    found: dict[str, Figure] = {}
    for name in names:
        metric = find_soft_metric(name)
        figure = soft_figure(metric, k, data, score, draws)
        found[name] = figure
        if hasattr(metric, "companions"):
            beside = beside_of(metric, figure, k, data, score, draws)
            found |= {f"{name}.{ending}": one for ending, one in beside.items()}
        known: dict[str, Any] = {"n": figure.n, "level": score.level, "units": figure.n, "systems": len(data.values)}
        bounds = {} if data.lack(k, metric) else dict(_bounds(metric, k, data, score, draws))
        for ending in ("complete-case", "failures-wrong", "failures-right"):
            value = bounds.get(ending, figure.value)
            found[f"{name}.{ending}"] = Figure(value, reason=NOT_MADE if value is not None else figure.reason, **known)
    return found | data.companions(names, score)


def soft_figure(metric: SoftMetric, k: int, data: SoftData, score: ScoreSpec, seed: int) -> Figure:
    """A figure of the soft verdicts of the cell at a position; undefined with the reason where there are none."""
    values = data.of(k, metric)
    if (lack := data.lack(k, metric)) or values is None:
        return Figure(None, reason=lack, level=score.level, systems=len(data.values))
    return figure_of(metric, values, data, score, seed)


def figure_of(metric: SoftMetric, values: Array, data: SoftData, score: ScoreSpec, seed: int) -> Figure:
    """A figure of values in place of the soft verdicts of a cell."""
    known: dict[str, Any] = {"level": score.level, "systems": len(data.values)}
    if metric.NEEDS_LABELS and np.isnan(data.y).all():
        return Figure(None, reason=NO_LABELS, **known)
    rows = data.rows(values, metric)
    if not rows.any():
        return Figure(None, reason=data.nothing(metric), **known)
    return metric.figure(data.items(values, score, seed).part(rows))


def beside_of(metric: Any, figure: Figure, k: int, data: SoftData, score: ScoreSpec, seed: int) -> Mapping[str, Figure]:
    """The companions of a figure; none where it has no value."""
    values = data.of(k, metric)
    if values is None or figure.value is None:
        return {}
    found: Mapping[str, Figure] = metric.companions(data.items(values, score, seed).part(data.rows(values, metric)))
    return found


def _bounds(
    metric: SoftMetric, k: int, data: SoftData, score: ScoreSpec, seed: int
) -> Iterator[tuple[str, float | None]]:
    """The figure over what failed judgments could have been."""
    values = data.of(k, metric)
    if values is not None and np.isnan(values).any() and "number" in getattr(metric, "LABELS", ()):
        if not np.isnan(values).all():
            yield from bounds_of_numbers(metric, data.items(values, score, seed))
        return
    for ending, filled in () if values is None else data.worlds(k, metric, values):
        rows = data.rows(filled, metric)
        if rows.any():
            yield ending, metric.figure(data.items(filled, score, seed).part(rows)).value


def compare_soft(
    name: str, scores: Sequence[CellScore], data: SoftData, score: ScoreSpec, seed: int
) -> CellComparisons | None:
    """All pairs of the cells of a dataset on a metric of soft verdicts; None where no cell has enough.

    Args:
        name: of the metric.
        scores: of the cells, with their figures.
        data: their soft verdicts.
        score: resamples, level and margin.
        seed: of the joint draws.
    """
    metric, ids = find_soft_metric(name), tuple(one.cell.id for one in scores)
    figures = [one.figures[name] for one in scores]
    values = tuple(math.nan if figure.value is None else figure.value for figure in figures)
    enough = [k for k, figure in enumerate(figures) if is_comparable(figure) and figure.low is not None]
    if not enough:
        return None
    rests = [k for k in enough if data.counts_failures or failed_share(scores[k]) <= MAX_FAILED]
    members = tuple(sorted(rests, key=lambda k: ids[k]))
    if len(members) < min(2, len(enough)):
        return CellComparisons(ids, values, reason=OTHER_ITEMS)
    columns = [influence_of(metric, data, k, score, seed) for k in members]
    if any(column is None for column in columns):
        return CellComparisons(ids, values, reason=NO_COMPARISON.format(metric=name))
    first, second = multiplicity.all_pairs(len(members))
    errors = influence_errors(
        np.array([values[k] for k in members]),
        np.array(columns).T,
        data.group,
        first,
        second,
        unit_error=data.unit_error(metric),
        level=score.level,
    )
    found = multiplicity.simultaneous(errors, first, second, resamples=score.resamples, seed=seed, level=score.level)
    detectable = found.reach + POWER * found.errors
    low, high = metric.RANGE
    return CellComparisons(
        ids,
        values,
        members,
        found,
        range=(low, high),
        margin=score.margin,
        direction=metric.DIRECTION,
        _detectable={y: (detectable[:, y], detectable[:, y]) for y in range(len(members))},
    )
