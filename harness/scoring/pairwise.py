"""Evaluators that judged the same items, compared pair by pair on one metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure, RankSet
from harness.records.judgments import FAILURES
from harness.records.scores import CellScore, Difference
from harness.scoring import reasons
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.metric import find_metric
from harness.statistics import clusters, mcnemar, multiplicity, pairs, ranks
from harness.statistics.agreement import Array
from harness.statistics.multiplicity import Comparisons

TOO_FEW_DRAWS = "too few resamples for an interval at this level"


@dataclass(frozen=True, slots=True, eq=False)
class CellComparisons:
    """All pairs of the cells of one dataset on one metric.

    Attributes:
        members: positions of the cells that could be compared, sorted by their ids, so that draws are the same in
            whatever order a spec names them.
        comparisons: their differences.
        cells: ids of all cells, compared or not.
        margin: within which two are equivalent, None where the spec declares none.
        discordant: of a metric with an exact test, what it rests on; None for others and where items are clustered.
    """

    members: tuple[int, ...]
    comparisons: Comparisons
    cells: tuple[str, ...]
    margin: float | None = None
    discordant: Array | None = None

    def rank_sets(self) -> dict[int, RankSet]:
        """The ranks that cannot be excluded, by position of the cell."""
        found = ranks.rank_sets(self.comparisons.differences, self.comparisons.p_values, self.comparisons.level)
        return {member: RankSet(*ends) for member, ends in zip(self.members, found, strict=True)}

    def is_distinguishable(self, one: int, other: int) -> bool:
        """Whether two cells (by position) differ significantly, all pairs considered."""
        x, y = self.members.index(one), self.members.index(other)
        return bool(self.comparisons.p_values[x, y] <= 1 - self.comparisons.level)

    def held_against(self, one: int, other: int) -> Difference:
        """Figure of one cell (by position) less that of another, and what can be said of it.

        The two are equivalent where the simultaneous interval lies within the margin. An interval of level 1 - 2α
        that lies within it is the two one-sided tests at level α (Schuirmann 1987); this one is wider, since it holds
        together with those of all other pairs, and so errs on the safe side.
        """
        to = self.cells[other]
        if one not in self.members or other not in self.members:
            which = self.cells[one if one not in self.members else other]
            return Difference(to, reason=f"{which} rests on too little to be compared")
        value, reach, detectable = self.difference(one, other)
        x, y = self.members.index(one), self.members.index(other)
        method, exact = self.comparisons.method, self._exact_p(x, y)
        if not reach:
            return Difference(to, value, method=method, exact_p=exact, reason=reasons.NO_VARIATION)
        if math.isinf(reach):
            return Difference(to, value, method=method, exact_p=exact, reason=TOO_FEW_DRAWS)
        return Difference(
            to,
            value,
            value - reach,
            value + reach,
            float(self.comparisons.p_values[x, y]),
            method,
            detectable,
            self.is_distinguishable(one, other),
            None if self.margin is None else abs(value) + reach < self.margin,
            exact,
        )

    def _exact_p(self, x: int, y: int) -> float | None:
        if self.discordant is None:
            return None
        return mcnemar.exact_p(int(self.discordant[x, y]), int(self.discordant[y, x]))

    def difference(self, one: int, other: int) -> tuple[float, float, float]:
        """Figure of one cell less that of the other, the reach of its simultaneous interval, and what could be found.

        The reach is 0 where the items show no variation to measure the difference by.
        """
        x, y = self.members.index(one), self.members.index(other)
        error, critical = float(self.comparisons.errors[x, y]), self.comparisons.critical
        reach = critical * error if error else 0.0
        return float(self.comparisons.differences[x, y]), reach, pairs.detectable(error, critical) if error else 0.0


def is_comparable(figure: Figure) -> bool:
    """Whether a figure rests on enough for a comparison."""
    enough_units = figure.unit == "item" or figure.units >= clusters.FEWEST
    return figure.value is not None and figure.n >= MIN_ITEMS and enough_units


def compare_cells(
    name: str,
    scores: Sequence[CellScore],
    reference: NDArray[np.int8],
    outcomes: NDArray[np.int8],
    cluster: NDArray[np.int64] | None,
    score: ScoreSpec,
    seed: int,
) -> CellComparisons | None:
    """Compare the cells of a dataset on a metric; None where there is none to compare.

    Args:
        name: of the metric.
        scores: of the cells, in the order of the columns of `outcomes`.
        reference: the reference verdict of each labelled item.
        outcomes: labelled items × cells.
        cluster: the cluster of each item, None where items are independent.
        score: resamples, level and margin.
        seed: of the joint draws.
    """
    figures = [cell.figures[name] for cell in scores]
    comparable = [k for k, figure in enumerate(figures) if is_comparable(figure)]
    members = tuple(sorted(comparable, key=lambda k: scores[k].cell.id))
    if not members:
        return None
    tables = np.array([scores[k].table for k in members], dtype=float)
    merged = np.concatenate([tables[..., :3], tables[..., 3:].sum(axis=-1, keepdims=True)], axis=-1)
    influences = find_metric(name).influence(merged)
    influences = np.concatenate([influences, np.repeat(influences[..., 3:], len(FAILURES) - 1, axis=-1)], axis=-1)
    judged = outcomes[:, list(members)]
    covariance = pairs.figure_covariance(influences, reference, judged, cluster)
    values = np.array([figures[k].value for k in members], dtype=float)
    degrees = min(figures[k].units for k in members) - 1
    comparisons = multiplicity.compare_all(
        values, covariance, resamples=score.resamples, seed=seed, level=score.level, degrees=degrees
    )
    exact = getattr(find_metric(name), "discordant", None) if cluster is None else None
    discordant = None if exact is None else exact(reference, judged)
    return CellComparisons(members, comparisons, tuple(cell.cell.id for cell in scores), score.margin, discordant)
