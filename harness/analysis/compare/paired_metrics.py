"""One metric of corresponding cells, compared on the items that two runs share with the same label."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.matching import (
    NO_LABELS,
    OTHER_LABELS,
    Pair,
    SharedItems,
)
from harness.analysis.compare.soft_columns import compare_columns, shared_rows, soft_columns
from harness.analysis.compare.win_rates import WinRateMetric, metric_of
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.scores import Difference
from harness.runner.run_reader import Judged, JudgedDataset
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.metric import Metric
from harness.scoring.pairwise import (
    TOO_FEW_DRAWS,
    detectable,
    interval_of,
    judgments_for,
    statistic_of,
    why_not,
)
from harness.scoring.soft_metric import is_soft
from harness.scoring.soft_scores import SoftData
from harness.statistics import multiplicity
from harness.statistics.pairs import Judgments, Statistic


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """One metric of two cells that correspond.

    Attributes:
        n: shared items with the same label in both runs.
        units: independent units among them: items, or clusters of them.
        unit: `item` or `cluster`.
        one: the figure of the cell of the first run on these items, None where undefined.
        other: the figure of the cell of the other run.
        difference: other minus one.
        level: confidence level of its interval.
        seed: of the joint draws in hexadecimal.
        p_beyond: the adjusted two-sided p-value of the hypothesis that the difference is a given number; at most
            1 - level exactly where that number lies outside the interval. None where there is no interval.
    """

    n: int
    units: int
    unit: str
    one: float | None
    other: float | None
    difference: Difference
    level: float
    seed: str
    p_beyond: Callable[[float], float] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class PairedTable:
    """The corresponding cells of two datasets on the shared items with the same label.

    The order of the columns, and with it the joint resamples, depends on the outcomes alone: not on the order of the
    runs, of their items or of their cells, nor on which response is called a.

    Attributes:
        labels: of each item.
        judged: items × columns, all failures as one class.
        clusters: of each item, None where items are independent.
        ends: of each pair, the columns of its two cells.
        others: of each pair, the id of the first run's cell, which the difference is to.
        metrics: those of both runs.
        score: resamples and level.
        names: parts of the seed.
        reason: why nothing can be compared, "" where it can be.
        soft: the soft verdicts of the columns; None where no metric rests on them.
        label_set: the labels that items can have.
    """

    labels: NDArray[np.int8]
    judged: NDArray[np.int8]
    clusters: NDArray[np.int64] | None
    ends: Sequence[tuple[int, int]]
    others: Sequence[str]
    metrics: Sequence[str]
    score: ScoreSpec
    names: Sequence[str]
    reason: str
    soft: SoftData | None = None
    label_set: LabelSet = VERDICT_LABELS

    @classmethod
    def of(
        cls,
        one: Judged,
        other: Judged,
        first: JudgedDataset,
        second: JudgedDataset,
        shared: SharedItems,
        found: Sequence[Pair],
    ) -> PairedTable:
        """The table of the corresponding cells `found` of two datasets of two runs."""
        rows = shared.labelled
        sides = {0: (one, first, shared.one[rows]), 1: (other, second, shared.other[rows])}
        wanted = [(side, k) for pair in found for side, k in ((0, pair.one), (1, pair.other))]
        classes = len(first.label_set.names)
        codes = {(side, k): np.minimum(sides[side][1].outcomes[sides[side][2], k], classes) for side, k in wanted}
        by_id = first.frame["item"].gather(shared.one[rows]).arg_sort().to_numpy()
        prints = {at: _fingerprint(judged[by_id], classes) for at, judged in codes.items()}
        order = sorted(wanted, key=lambda at: (prints[at], sides[at[0]][0].id, at))
        column = {at: place for place, at in enumerate(order)}
        judged = np.column_stack([codes[at] for at in order]) if order else np.empty((int(rows.sum()), 0), np.int8)
        codes_of = [data.cluster_codes()[items] for _, data, items in sides.values() if data.clustered]
        metrics = [name for name in one.score.metrics if name in other.score.metrics] or list(one.score.metrics)
        lack = OTHER_LABELS if shared.conflicts else NO_LABELS
        soft = None
        if any(map(is_soft, metrics)):
            soft = soft_columns([(one, first), (other, second)], shared_rows(shared), order)
        return cls(
            first.reference_codes()[shared.one[rows]],
            judged,
            min(codes_of, key=lambda each: len(np.unique(each)), default=None),
            [(column[0, pair.one], column[1, pair.other]) for pair in found],
            [first.cells[pair.one].id for pair in found],
            metrics,
            max(one.score, other.score, key=lambda score: (score.resamples, score.level)),
            sorted([first.name, second.name]),
            "" if rows.any() else lack.format(other=other.spec_name),
            soft,
            first.label_set,
        )

    def figures(self, metric: str) -> list[PairedFigure]:
        """One metric of every pair; the pairs are one family."""
        if is_soft(metric):
            return self._soft_figures(metric)
        kind, shape = metric_of(metric, self.labels, self.label_set), self.label_set.shape
        seed = seed_for(0, "compare", metric, *self.names)
        whole = Judgments(self.labels.astype(np.intp), self.judged.astype(np.intp), self.clusters)
        tables = whole.tables(shape)
        values, counts = kind.value(tables), kind.count(tables)
        members = np.flatnonzero((counts >= MIN_ITEMS) & ~np.isnan(values))
        place = {int(k): at for at, k in enumerate(members)}
        tested = [(place[x], place[y]) for x, y in self.ends if x in place and y in place]
        judgments = judgments_for(kind, whole.rows, whole.columns[:, members], self.clusters, shape)
        refused = why_not(metric, kind, judgments, len(tested)) if len(self.labels) else self.reason
        family = (
            None
            if refused or not tested
            else _Family.of(_statistic(kind, shape), kind, judgments, tested, self.score, seed)
        )
        figures = []
        for (x, y), to in zip(self.ends, self.others, strict=True):
            ends = (place[x], place[y]) if x in place and y in place else None
            n = min(counts[x], counts[y])
            lack = TOO_FEW_ITEMS if n < MIN_ITEMS else kind.UNDEFINED if ends is None else refused
            change = _or_none(values[y] - values[x])
            found, beyond = Difference(to, change, reason=self.reason or lack), None
            if family is not None and ends is not None:
                found, beyond = family.difference(to, *ends), partial(family.comparisons.p_beyond, *ends[::-1])
            figures.append(replace(self._figure(float(n), (values[x], values[y]), found, seed), p_beyond=beyond))
        return figures

    def _soft_figures(self, metric: str) -> list[PairedFigure]:
        assert self.soft is not None
        seed = seed_for(0, "compare", metric, *self.names)
        found = compare_columns(metric, self.soft, self.ends, self.score, seed)
        figures = []
        for (x, y), to in zip(self.ends, self.others, strict=True):
            change = _or_none(found.values[y] - found.values[x])
            lack = self.reason or found.reasons[x] or found.reasons[y]
            difference, beyond = Difference(to, change, reason=lack), None
            if found.comparisons is not None and not lack:
                ends = found.place[x], found.place[y]
                loss = float(found.detectable[ends])
                family = _Family(found.comparisons, found.range, {ends: (loss, loss)})
                difference = family.difference(to, *ends)
                beyond = partial(found.comparisons.p_beyond, *ends[::-1])
            n = float(min(found.counts[x], found.counts[y]))
            figures.append(
                replace(self._figure(n, (found.values[x], found.values[y]), difference, seed), p_beyond=beyond)
            )
        return figures

    def _figure(self, n: float, values: tuple[float, float], difference: Difference, seed: int) -> PairedFigure:
        units = len(self.labels) if self.clusters is None else len(np.unique(self.clusters))
        unit = "item" if self.clusters is None else "cluster"
        one, other = map(_or_none, values)
        items = round(n) if len(self.labels) else 0
        return PairedFigure(items, units, unit, one, other, difference, self.score.level, f"{seed:032x}")


def _statistic(kind: Metric, shape: tuple[int, int]) -> Statistic:
    return statistic_of(kind, (1, shape[1]) if isinstance(kind, WinRateMetric) else shape)


class _Family(NamedTuple):
    """The tested pairs of a metric, by the columns of the two cells.

    Attributes:
        comparisons: their joint comparison.
        bounds: the smallest and the largest value of the metric.
        detectable: the detectable loss and gain of the second cell of each pair.
    """

    comparisons: multiplicity.Comparisons
    bounds: tuple[float, float]
    detectable: Mapping[tuple[int, int], tuple[float, float]]

    @classmethod
    def of(
        cls,
        statistic: Statistic,
        kind: Metric,
        judgments: Judgments,
        tested: Sequence[tuple[int, int]],
        score: ScoreSpec,
        seed: int,
    ) -> _Family:
        first, second = (np.array(ends, np.intp) for ends in zip(*tested, strict=True))
        comparisons = multiplicity.compare_pairs(
            statistic, judgments, first, second, resamples=score.resamples, seed=seed, level=score.level
        )
        found = detectable(statistic, judgments, comparisons, first, second)
        return cls(comparisons, kind.RANGE, dict(zip(tested, zip(*found, strict=True), strict=True)))

    def difference(self, to: str, x: int, y: int) -> Difference:
        """The figure of the second cell minus that of the first."""
        comparisons, value = self.comparisons, float(self.comparisons.differences[y, x])
        if math.isinf(comparisons.critical):
            return Difference(to, value, method=comparisons.method, reason=TOO_FEW_DRAWS)
        low, high = interval_of(comparisons, y, x, self.bounds)
        p_value, (loss, gain) = float(comparisons.p_values[x, y]), self.detectable[x, y]
        is_distinguishable = p_value <= 1 - comparisons.level
        return Difference(
            to,
            value,
            low,
            high,
            p_value,
            comparisons.method,
            _or_none(loss),
            is_distinguishable,
            detectable_gain=_or_none(gain),
        )


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)


def _fingerprint(judged: NDArray[np.int8], classes: int) -> bytes:
    """A digest of outcomes, the same with the labels in the reverse order."""
    reversed_order = np.where(judged < classes, classes - 1 - judged, judged).astype(np.int8)
    return min(hashlib.sha256(codes.tobytes()).digest() for codes in (judged, reversed_order))
