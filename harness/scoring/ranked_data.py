"""Rankings as numbers: the judged ranks of the cells of a dataset, and what people say of the responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.rankings import ranks_of
from harness.records.scores import CellScore, Winner
from harness.scoring.pairwise import is_comparable
from harness.scoring.ranking_metric import NO_ORDER, RankingMetric
from harness.scoring.soft_metric import MeanOverItems, SoftMetric, find_soft_metric
from harness.scoring.soft_scores import SoftData
from harness.scoring.winner import FEW, METHOD
from harness.statistics.agreement import Array
from harness.statistics.selection import Own, correct_mean_winner

CHANCE = "chance"
"""Ends the name of the figure of a ranking in random order."""
OF_CHANCE = "the mean under a ranking in random order, without interval"
_EMPTY = np.empty((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class RankedData(SoftData):
    """The rankings of the cells of a dataset, in place of soft verdicts.

    Attributes:
        ranks: of each cell, items × responses, the judged rank of each, tied ones the mean of their ranks; NaN beyond
            the responses of an item, and where the judgment failed.
        scores: items × responses, how good people find each; NaN beyond the responses of an item, and where they say
            nothing.
    """

    counts_failures: bool = True
    ranks: Sequence[Array] = ()
    scores: Array = field(default_factory=lambda: _EMPTY)

    @property
    def is_ordered(self) -> NDArray[np.bool_]:
        """Whether people order at least two responses of each item."""
        known = ~np.isnan(self.scores)
        least = np.where(known, self.scores, np.inf).min(axis=1, initial=np.inf)
        most = np.where(known, self.scores, -np.inf).max(axis=1, initial=-np.inf)
        found: NDArray[np.bool_] = most > least
        return found

    def of(self, k: int, metric: SoftMetric) -> Array | None:
        """The value of each item; NaN where people order nothing."""
        return self._values(k, _ranking(metric), _ranking(metric).FAILED)

    def worlds(self, k: int, metric: SoftMetric, values: Array) -> Iterator[tuple[str, Array]]:
        """The values without failed judgments, and those if every failed one were as wrong, and as right, as can be."""
        failed = np.isnan(self.ranks[k]).all(axis=1)
        if failed.any():
            least, most = metric.RANGE
            for ending, value in (("complete-case", np.nan), ("failures-wrong", least), ("failures-right", most)):
                yield ending, self._values(k, _ranking(metric), value)

    def nothing(self, metric: SoftMetric) -> str:
        """Why a figure rests on no item."""
        return NO_ORDER

    def part(self, rows: NDArray[np.bool_]) -> RankedData:
        """Some of the items."""
        return replace(
            self,
            values=[None if one is None else one[rows] for one in self.values],
            y=self.y[rows],
            group=None if self.group is None else self.group[rows],
            ranks=[one[rows] for one in self.ranks],
            scores=self.scores[rows],
            ids=self.ids_of(rows),
        )

    def only(self, columns: Sequence[int]) -> RankedData:
        """Some of the cells."""
        return replace(self, values=[self.values[k] for k in columns], ranks=[self.ranks[k] for k in columns])

    def corrected(self, winner: Winner, metric: SoftMetric, scores: Sequence[CellScore]) -> Winner:
        """The best of the cells with its mean corrected for the choice."""
        figures = {one.cell.id: one.figures[winner.metric] for one in scores}
        figure = figures[str(winner.cell)]
        rivals = sorted(name for name, one in figures.items() if is_comparable(one))
        if len(rivals) < 2 or winner.cell not in rivals or figure.low is None or figure.high is None:
            return replace(winner, reason=figure.reason or FEW)
        rows, ids = self.is_ordered, [one.cell.id for one in scores]
        values = [self._values(ids.index(name), _ranking(metric), _ranking(metric).FAILED)[rows] for name in rivals]
        group = None if self.group is None else self.group[rows]
        worth = figure.n / (figure.design_effect or 1.0)
        own = Own(figure.low, figure.high, worth, figure.units - 1.0, figure.level, is_clustered=group is not None)
        found = correct_mean_winner(np.column_stack(values), group, rivals.index(winner.cell), own, metric.RANGE)
        corrected = replace(winner, corrected=found.corrected, low=found.low, high=found.high)
        return replace(corrected, method=METHOD, reason="")

    def companions(self, names: Sequence[str], score: ScoreSpec) -> dict[str, Figure]:
        """The figure of a ranking in random order for each metric."""
        rows = self.is_ordered
        n, found = int(rows.sum()), {}
        for name in names:
            value = float(_ranking(find_soft_metric(name)).chance(self.scores[rows]).mean()) if n else None
            reason = OF_CHANCE if n else NO_ORDER
            found[f"{name}.{CHANCE}"] = Figure(value, reason=reason, n=n, level=score.level, units=n, systems=1)
        return found

    def _values(self, k: int, metric: RankingMetric, of_failed: float) -> Array:
        """The value of each item, that of a failed judgment as given; NaN where people order nothing."""
        ordered, failed = self.is_ordered, np.isnan(self.ranks[k]).all(axis=1)
        found = np.full(len(ordered), np.nan)
        found[ordered & failed] = of_failed
        rows = ordered & ~failed
        if rows.any():
            found[rows] = metric.values(self.ranks[k][rows], self.scores[rows])
        return found


def _ranking(metric: SoftMetric) -> RankingMetric:
    """The metric of rankings behind a metric of a number for each item."""
    assert isinstance(metric, MeanOverItems), "rankings have metrics of rankings alone"
    return metric.metric


def rank_matrix(rankings: Sequence[str | None], width: int) -> Array:
    """Items × responses, the rank of each; NaN for failures and beyond the responses of an item.

    Args:
        rankings: the text of each, None for a failure.
        width: the largest number of responses.
    """
    found = np.full((len(rankings), width), np.nan)
    known: dict[str, tuple[float, ...]] = {}
    for row, ranking in enumerate(rankings):
        if ranking is not None:
            ranks = known.get(ranking) or known.setdefault(ranking, ranks_of(ranking))
            found[row, : len(ranks)] = ranks
    return found


def score_matrix(opinions: Sequence[Sequence[float] | None], width: int) -> Array:
    """Items × responses, how good people find each; NaN where they say nothing and beyond the responses of an item."""
    found = np.full((len(opinions), width), np.nan)
    for row, scores in enumerate(opinions):
        if scores is not None:
            found[row, : len(scores)] = scores
    return found
