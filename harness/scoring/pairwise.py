"""Evaluators that judged the same items, compared pair by pair on one metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure, RankSet
from harness.records.scores import CellScore, Difference
from harness.scoring import reasons
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.labels import Reference
from harness.scoring.metric import Metric, find_metric
from harness.statistics import clusters, mcnemar, multiplicity, planning, ranks
from harness.statistics.agreement import Array
from harness.statistics.multiplicity import Comparisons
from harness.statistics.pairs import Judgments, Statistic

TOO_FEW_DRAWS = "too few resamples for an interval at this level"

MINORITY, MINORITY_OF_MANY, MANY_PAIRS = 5, 6, 300
"""Items that must have another label than the most frequent one before chance-corrected figures are compared.

†Tuned on simulations (`tests/simulations/comparisons.py`): with fewer, equivalence is claimed falsely.
"""


@dataclass(frozen=True, slots=True, eq=False)
class CellComparisons:
    """All pairs of the cells of one dataset on one metric.

    Attributes:
        cells: ids of all cells, compared or not.
        values: the figure of each cell, NaN where undefined.
        members: positions of the cells that are compared, sorted by their ids, so that draws are the same in whatever
            order a spec names them; none where nothing can be compared.
        comparisons: their differences; None where nothing can be compared.
        reason: why nothing can be compared, "" otherwise.
        statistic: the metric as a figure of tables.
        judgments: of the members.
        range: the least and the largest value of the metric.
        margin: within which two are equivalent, None where the spec declares none.
        discordant: of a metric with an exact test, what it rests on; None for others and where items are clustered.
        direction: which values are better: `higher` or `lower`; `none` where there are no ranks.
    """

    cells: tuple[str, ...]
    values: tuple[float, ...]
    members: tuple[int, ...] = ()
    comparisons: Comparisons | None = None
    reason: str = ""
    statistic: Statistic | None = None
    judgments: Judgments | None = None
    range: tuple[float, float] = (-1.0, 1.0)
    margin: float | None = None
    discordant: Array | None = None
    direction: Literal["higher", "lower", "none"] = "higher"
    _detectable: dict[int, tuple[Array, Array]] = field(default_factory=dict)

    def rank_sets(self) -> dict[int, RankSet]:
        """The ranks that cannot be excluded, by position of the cell."""
        if self.comparisons is None or self.direction == "none":
            return {}
        sign = -1 if self.direction == "lower" else 1
        found = ranks.rank_sets(sign * self.comparisons.differences, self.comparisons.p_values, self.comparisons.level)
        return {member: RankSet(*ends) for member, ends in zip(self.members, found, strict=True)}

    def held_against(self, one: int, other: int) -> Difference:
        """Difference of the figures of two cells (by position), with its interval and tests.

        The two are equivalent where the simultaneous interval lies within the margin. An interval of level 1 - 2α
        that lies within it is the two one-sided tests at level α (Schuirmann 1987); this one is wider, since it holds
        together with those of all other pairs, and is therefore conservative.
        """
        to, value = self.cells[other], self.values[one] - self.values[other]
        known = None if math.isnan(value) else value
        if self.comparisons is None or one not in self.members or other not in self.members:
            which = self.cells[one if one not in self.members else other]
            return Difference(to, known, reason=self.reason or f"{which} rests on too little to be compared")
        comparisons, x, y = self.comparisons, self.members.index(one), self.members.index(other)
        exact = self._exact_p(x, y)
        if math.isinf(comparisons.critical):
            return Difference(to, known, method=comparisons.method, exact_p=exact, reason=TOO_FEW_DRAWS)
        low, high = interval_of(comparisons, x, y, self.range)
        losses, gains = self._detectable_from(y)
        return Difference(
            to,
            value,
            low,
            high,
            float(comparisons.p_values[x, y]),
            comparisons.method,
            _or_none(losses[x]),
            bool(comparisons.p_values[x, y] <= 1 - comparisons.level),
            None if self.margin is None else abs(value) + float(comparisons.reach[x, y]) < self.margin,
            exact,
            detectable_gain=_or_none(gains[x]),
        )

    def _detectable_from(self, y: int) -> tuple[Array, Array]:
        """The detectable loss and gain of each member against one of them; NaN without one."""
        if y not in self._detectable:
            assert self.comparisons is not None
            assert self.judgments is not None
            assert self.statistic is not None
            others = [k for k in range(len(self.members)) if k != y]
            ends = np.full(len(others), y), np.array(others, np.intp)
            self._detectable[y] = (np.full(len(self.members), np.nan), np.full(len(self.members), np.nan))
            found = detectable(self.statistic, self.judgments, self.comparisons, *ends)
            for full, part in zip(self._detectable[y], found, strict=True):
                full[others] = part
        return self._detectable[y]

    def _exact_p(self, x: int, y: int) -> float | None:
        if self.discordant is None:
            return None
        return mcnemar.exact_p(int(self.discordant[x, y]), int(self.discordant[y, x]))


def interval_of(comparisons: Comparisons, x: int, y: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """The simultaneous interval of a difference, cut off where no difference can lie."""
    value, reach, widest = float(comparisons.differences[x, y]), float(comparisons.reach[x, y]), bounds[1] - bounds[0]
    return max(-widest, value - reach), min(widest, value + reach)


def detectable(
    statistic: Statistic,
    judgments: Judgments,
    comparisons: Comparisons,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> tuple[Array, Array]:
    """The loss and the gain of the second of each pair that a run like this one finds in 4 of 5 cases.

    Args:
        statistic: the metric as a figure of tables.
        judgments: of all evaluators.
        comparisons: their comparisons, whose critical value applies.
        first: positions of one of the two.
        second: of the other.
    """
    joint = pair_counts(judgments, statistic.shape, first, second)
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN for pairs that differ on no item
        critical = comparisons.reach[first, second] / comparisons.errors[first, second]
    worth = comparisons.worth[first, second]
    loss, gain = (planning.alternatives(statistic, joint, way).detectable(worth, critical) for way in ("loss", "gain"))
    return loss, gain


def pair_counts(
    judgments: Judgments, shape: tuple[int, int], first: NDArray[np.intp], second: NDArray[np.intp]
) -> Array:
    """How often each row met each column of one and each column of the other, pairs × rows × columns × columns."""
    rows, columns = shape
    size = rows * columns**2
    of_rows = judgments.rows * columns**2
    counts = [
        np.bincount(of_rows + judgments.columns[:, x] * columns + judgments.columns[:, y], minlength=size)
        for x, y in zip(first, second, strict=True)
    ]
    return np.array(counts, float).reshape(-1, rows, columns, columns)


def is_comparable(figure: Figure) -> bool:
    """Whether a figure rests on enough for a comparison."""
    enough_units = figure.unit == "item" or figure.units >= clusters.FEWEST
    return figure.value is not None and figure.n >= MIN_ITEMS and enough_units


def statistic_of(metric: Metric, shape: tuple[int, int]) -> Statistic:
    """A metric as a figure of tables."""
    return Statistic(metric.value, metric.influence, shape)


def why_not(name: str, metric: Metric | None, judgments: Judgments, pairs: int) -> str:
    """Why no two evaluators can be compared on these items, "" where they can.

    The reasons are of the items alone, so they hold for all evaluators alike.

    Args:
        name: of the metric.
        metric: one that may need several labels; None for a win rate.
        judgments: of all evaluators.
        pairs: how many are compared.
    """
    n = len(judgments.rows)
    design = clusters.design_of(np.ones(n) if judgments.clusters is None else clusters.sizes_of(judgments.clusters))
    if design.reason:
        return design.reason
    if not getattr(metric, "NEEDS_CLASSES", False):
        return ""
    found = clusters.minority_clusters(judgments.rows, judgments.clusters)
    needed = MINORITY if pairs <= MANY_PAIRS else MINORITY_OF_MANY
    if found >= needed:
        return ""
    what = "items have" if judgments.clusters is None else "clusters hold"
    return reasons.ONE_LABEL.format(found=found, what=what, n=n, metric=name, needed=needed)


def judgments_for(
    metric: Metric,
    rows: NDArray[Any],
    columns: NDArray[Any],
    cluster: NDArray[np.int64] | None,
    shape: tuple[int, int],
) -> Judgments:
    """Judgments on the items that can count for a metric, failures as one class.

    Args:
        metric: one that may leave out reference classes.
        rows: the reference class of each item.
        columns: items × evaluators, codes of the label set.
        cluster: of each item, None where items are independent.
        shape: of a table.
    """
    merged = np.minimum(columns, shape[1] - 1).astype(np.intp)
    one_each = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    is_counted = metric.count(one_each).reshape(shape).max(axis=1) > 0
    counts: NDArray[np.bool_] = np.asarray(is_counted)[rows]
    if counts.all():
        return Judgments(rows.astype(np.intp), merged, cluster)
    return Judgments(rows[counts].astype(np.intp), merged[counts], None if cluster is None else cluster[counts])


def compare_cells(
    name: str,
    scores: Sequence[CellScore],
    outcomes: NDArray[np.int8],
    reference: Reference,
    score: ScoreSpec,
    seed: int,
) -> CellComparisons | None:
    """Compare the cells of a dataset on a metric; None where no cell has enough to be compared.

    Args:
        name: of the metric.
        scores: of the cells, in the order of the columns of `outcomes`.
        outcomes: labelled items × cells.
        reference: the labels, and the clusters of the labelled items.
        score: resamples, level and margin.
        seed: of the joint draws.
    """
    figures = [cell.figures[name] for cell in scores]
    comparable = [k for k, figure in enumerate(figures) if is_comparable(figure)]
    members = tuple(sorted(comparable, key=lambda k: scores[k].cell.id))
    if not members:
        return None
    labels, cluster = reference.labels, reference.clusters
    metric, ids = find_metric(name, labels, reference.label_set), tuple(cell.cell.id for cell in scores)
    values = tuple(math.nan if figure.value is None else figure.value for figure in figures)
    judgments = judgments_for(metric, labels, outcomes[:, list(members)], cluster, reference.shape)
    first, second = multiplicity.all_pairs(len(members))
    if reason := why_not(name, metric, judgments, len(first)):
        return CellComparisons(ids, values, reason=reason)
    statistic = statistic_of(metric, reference.shape)
    comparisons = multiplicity.compare_pairs(
        statistic, judgments, first, second, resamples=score.resamples, seed=seed, level=score.level
    )
    exact = getattr(metric, "discordant", None) if cluster is None else None
    discordant = None if exact is None else exact(labels, outcomes[:, list(members)])
    return CellComparisons(
        ids, values, members, comparisons, "", statistic, judgments, metric.RANGE, score.margin, discordant
    )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
