"""Evaluators that judged the same items, compared pair by pair on one metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.figures import FEWEST_ITEMS
from harness.metric import find_metric
from harness.records import FAILURES, CellScore, Figure, RankSet, ScoreSpec
from harness.statistics import clusters, multiplicity, pairs, ranks
from harness.statistics.multiplicity import Comparisons


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """All pairs of the cells of one dataset on one metric.

    Attributes:
        members: positions of the cells that could be compared, sorted by their ids, so that draws are the same in
            whatever order a spec names them.
        comparisons: their differences.
    """

    members: tuple[int, ...]
    comparisons: Comparisons

    def rank_sets(self) -> dict[int, RankSet]:
        """The ranks that cannot be excluded, by position of the cell."""
        found = ranks.rank_sets(self.comparisons.differences, self.comparisons.p_values, self.comparisons.level)
        return {member: RankSet(*ends) for member, ends in zip(self.members, found, strict=True)}

    def is_distinguishable(self, one: int, other: int) -> bool:
        """Whether two cells (by position) differ significantly, all pairs considered."""
        x, y = self.members.index(one), self.members.index(other)
        return bool(self.comparisons.p_values[x, y] <= 1 - self.comparisons.level)

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
    return figure.value is not None and figure.n >= FEWEST_ITEMS and enough_units


def hold_contest(
    name: str,
    scores: Sequence[CellScore],
    reference: NDArray[np.int8],
    outcomes: NDArray[np.int8],
    cluster: NDArray[np.int64] | None,
    score: ScoreSpec,
    seed: int,
) -> Contest | None:
    """Compare the cells of a dataset on a metric; None where there is none to compare.

    Args:
        name: of the metric.
        scores: of the cells, in the order of the columns of `outcomes`.
        reference: the reference verdict of each labelled item.
        outcomes: labelled items × cells.
        cluster: the cluster of each item, None where items are independent.
        score: resamples and level.
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
    return Contest(members, comparisons)
