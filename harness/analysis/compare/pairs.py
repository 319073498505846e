"""Two runs compared cell by cell, on the items that they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.matching import (
    NO_ITEMS,
    NO_LABELS,
    NO_PARTNER,
    OTHER_LABELS,
    Pair,
    SharedItems,
    corresponding,
    partner_datasets,
)
from harness.analysis.compare.win_rates import WinRateMetric, metric_of
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.judgments import OUTCOMES
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
from harness.statistics import multiplicity
from harness.statistics.agreement import SHAPE
from harness.statistics.pairs import Judgments


@dataclass(frozen=True, slots=True)
class PairedFigure:
    """One metric of two cells that correspond.

    Attributes:
        n: items that both judged and that have the same label in both runs.
        units: independent units among them: items, or clusters of them.
        unit: `item` or `cluster`.
        one: the figure of the first run's cell on these items, None where undefined.
        other: that of the other run's cell.
        difference: other less one.
        level: confidence level of its interval.
        seed: of the joint draws in hexadecimal.
    """

    n: int
    units: int
    unit: str
    one: float | None
    other: float | None
    difference: Difference
    level: float
    seed: str


class Flip(NamedTuple):
    """Items on which two cells said different things in the same way.

    Attributes:
        one: outcome of the first run's cell.
        other: outcome of the other's.
        items: on how many.
    """

    one: str
    other: str
    items: int


@dataclass(frozen=True, slots=True, eq=False)
class ComparedPair:
    """Two cells that correspond, and how they differ.

    Attributes:
        pair: their positions, and what changed between them.
        one: id of the first run's cell.
        other: id of the other run's cell.
        figures: by metric.
        flips: of the items that both judged, with or without a label; none where nothing flipped.
        flipped: positions among the shared items of those that flipped.
    """

    pair: Pair
    one: str
    other: str
    figures: Mapping[str, PairedFigure]
    flips: tuple[Flip, ...]
    flipped: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Two datasets that share items, one of each run, and their corresponding cells."""

    one: JudgedDataset
    other: JudgedDataset
    shared: SharedItems
    pairs: tuple[ComparedPair, ...]


class Alone(NamedTuple):
    """A cell that corresponds to none, and why.

    Attributes:
        run: id of its run.
        cell: its id.
        reason: why there is none.
    """

    run: str
    cell: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two runs, compared: every cell of either is in exactly one pair, or alone.

    Attributes:
        one: the first run.
        other: the run that is held against it.
        parts: the datasets that share items.
        alone: the cells without a partner.
    """

    one: Judged
    other: Judged
    parts: tuple[Part, ...]
    alone: tuple[Alone, ...]


def compare(one: Judged, other: Judged) -> Comparison:
    """Compare two runs. Exchanged, they give the same with the signs turned round."""
    partners = partner_datasets(one.datasets, other.datasets)
    parts, alone = [], []
    for i, data in enumerate(one.datasets):
        if i not in partners:
            alone += [Alone(one.id, cell.id, NO_ITEMS.format(other=other.spec_name)) for cell in data.cells]
            continue
        j, shared = partners[i]
        parts.append(_part(one, other, data, other.datasets[j], shared))
        there, found = parts[-1].other, [compared.pair for compared in parts[-1].pairs]
        for run, partner, cells, used in (
            (one, other, data.cells, {pair.one for pair in found}),
            (other, one, there.cells, {pair.other for pair in found}),
        ):
            reason = NO_PARTNER.format(other=partner.spec_name)
            alone += [Alone(run.id, cell.id, reason) for k, cell in enumerate(cells) if k not in used]
    taken = {j for j, _ in partners.values()}
    for j, data in enumerate(other.datasets):
        if j not in taken:
            alone += [Alone(other.id, cell.id, NO_ITEMS.format(other=one.spec_name)) for cell in data.cells]
    return Comparison(one, other, tuple(parts), tuple(alone))


def _part(one: Judged, other: Judged, first: JudgedDataset, second: JudgedDataset, shared: SharedItems) -> Part:
    found = corresponding(first.meanings, second.meanings)
    table = _Table.of(one, other, first, second, shared, found)
    figures: list[dict[str, PairedFigure]] = [{} for _ in found]
    for metric in table.metrics:
        for at, figure in enumerate(table.figures(metric)):
            figures[at][metric] = figure
    pairs_found = []
    for pair, paired in zip(found, figures, strict=True):
        before = first.outcomes[shared.one, pair.one]
        after = second.outcomes[shared.other, pair.other]
        flips = _flips(before, after)
        ids = first.cells[pair.one].id, second.cells[pair.other].id
        pairs_found.append(ComparedPair(pair, *ids, paired, flips, np.flatnonzero(before != after)))
    return Part(first, second, shared, tuple(pairs_found))


def _flips(before: NDArray[np.int8], after: NDArray[np.int8]) -> tuple[Flip, ...]:
    """How often each outcome became another, most often first."""
    size = len(OUTCOMES)
    counts = np.bincount(before.astype(np.intp) * size + after, minlength=size * size).reshape(size, size)
    found = [
        Flip(OUTCOMES[i], OUTCOMES[j], int(counts[i, j]))
        for i in range(size)
        for j in range(size)
        if i != j and counts[i, j]
    ]
    return tuple(sorted(found, key=lambda flip: -flip.items))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The corresponding cells of two datasets on the items that both label alike.

    Columns are in an order that does not depend on which run comes first, so that the joint draws do not either.

    Attributes:
        labels: of each item.
        judged: items × columns, all failures as one class.
        clusters: of each item, None where items are independent.
        ends: of each pair, the columns of its two cells.
        others: of each pair, the id of the first run's cell, which the difference is to.
        metrics: those of both runs.
        score: resamples and level.
        names: what the seed is made of.
        reason: why nothing can be compared, "" where it can.
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

    @classmethod
    def of(
        cls,
        one: Judged,
        other: Judged,
        first: JudgedDataset,
        second: JudgedDataset,
        shared: SharedItems,
        found: Sequence[Pair],
    ) -> _Table:
        rows = shared.labelled
        sides = {0: (one, first, shared.one[rows]), 1: (other, second, shared.other[rows])}
        wanted = [(side, k) for pair in found for side, k in ((0, pair.one), (1, pair.other))]
        order = sorted(wanted, key=lambda at: (tuple(sides[at[0]][1].meanings[at[1]].values()), sides[at[0]][0].id, at))
        column = {at: place for place, at in enumerate(order)}
        judged = np.empty((int(rows.sum()), len(order)), np.int8)
        for place, (side, k) in enumerate(order):
            _, data, items = sides[side]
            judged[:, place] = np.minimum(data.outcomes[items, k], SHAPE[1] - 1)
        canonical = sorted(sides, key=lambda side: (sides[side][0].id, side))
        cluster = next((side for side in canonical if sides[side][1].clustered), None)
        metrics = [name for name in one.score.metrics if name in other.score.metrics] or list(one.score.metrics)
        lack = OTHER_LABELS if shared.conflicts else NO_LABELS
        return cls(
            first.reference_codes()[shared.one[rows]],
            judged,
            None if cluster is None else sides[cluster][1].cluster_codes()[sides[cluster][2]],
            [(column[0, pair.one], column[1, pair.other]) for pair in found],
            [first.cells[pair.one].id for pair in found],
            metrics,
            sides[canonical[0]][0].score,
            sorted([one.id, other.id]) + sorted([first.name, second.name]),
            "" if rows.any() else lack.format(other=other.spec_name),
        )

    def figures(self, metric: str) -> list[PairedFigure]:
        """One metric of every pair; the pairs are one family."""
        kind = metric_of(metric)
        seed = seed_for(0, "compare", metric, *self.names)
        whole = Judgments(self.labels.astype(np.intp), self.judged.astype(np.intp), self.clusters)
        tables = whole.tables(SHAPE)
        values, counts = kind.value(tables), kind.count(tables)
        units = len(self.labels) if self.clusters is None else len(np.unique(self.clusters))
        members = np.flatnonzero((counts >= MIN_ITEMS) & ~np.isnan(values))
        place = {int(k): at for at, k in enumerate(members)}
        tested = [(place[x], place[y]) for x, y in self.ends if x in place and y in place]
        judgments = judgments_for(kind, whole.rows, whole.columns[:, members], self.clusters)
        refused = why_not(metric, kind, judgments, len(tested)) if len(self.labels) else self.reason
        family = None if refused or not tested else _Family.of(kind, judgments, tested, self.score, seed)
        figures = []
        for (x, y), to in zip(self.ends, self.others, strict=True):
            ends = (place[x], place[y]) if x in place and y in place else None
            n = min(counts[x], counts[y])
            lack = TOO_FEW_ITEMS if n < MIN_ITEMS else kind.UNDEFINED if ends is None else refused
            change = _or_none(values[y] - values[x])
            found = Difference(to, change, reason=self.reason or lack)
            if family is not None and ends is not None:
                found = family.difference(to, *ends)
            figures.append(
                PairedFigure(
                    round(float(n)) if len(self.labels) else 0,
                    units,
                    "item" if self.clusters is None else "cluster",
                    _or_none(values[x]),
                    _or_none(values[y]),
                    found,
                    self.score.level,
                    f"{seed:032x}",
                )
            )
        return figures


class _Family(NamedTuple):
    """The tested pairs of a metric, and what of each could be found; by the columns of the two.

    Attributes:
        held: their comparisons.
        bounds: the least and the largest value of the metric.
        detectable: the loss and the gain of the second of each pair that would be found.
    """

    held: multiplicity.Comparisons
    bounds: tuple[float, float]
    detectable: Mapping[tuple[int, int], tuple[float, float]]

    @classmethod
    def of(
        cls, kind: Metric, judgments: Judgments, tested: Sequence[tuple[int, int]], score: ScoreSpec, seed: int
    ) -> _Family:
        statistic = statistic_of(kind, (1, SHAPE[1]) if isinstance(kind, WinRateMetric) else SHAPE)
        first, second = (np.array(ends, np.intp) for ends in zip(*tested, strict=True))
        held = multiplicity.compare_pairs(
            statistic, judgments, first, second, resamples=score.resamples, seed=seed, level=score.level
        )
        found = detectable(statistic, judgments, held, first, second)
        return cls(held, kind.RANGE, dict(zip(tested, zip(*found, strict=True), strict=True)))

    def difference(self, to: str, x: int, y: int) -> Difference:
        """The figure of the second of two less that of the first."""
        held, value = self.held, float(self.held.differences[y, x])
        if math.isinf(held.critical):
            return Difference(to, value, method=held.method, reason=TOO_FEW_DRAWS)
        low, high = interval_of(held, y, x, self.bounds)
        p_value, (loss, gain) = float(held.p_values[x, y]), self.detectable[x, y]
        is_apart = p_value <= 1 - held.level
        return Difference(
            to, value, low, high, p_value, held.method, _or_none(loss), is_apart, detectable_gain=_or_none(gain)
        )


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)
