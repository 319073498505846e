"""The cells of several runs as one leaderboard, on the items that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.matching import partner_datasets
from harness.analysis.compare.soft_columns import soft_columns
from harness.records.figures import RankSet
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import verdict_shares
from harness.scoring.score import DatasetScores, score_dataset
from harness.scoring.soft_metric import is_soft
from harness.scoring.soft_scores import SoftData, verdict_score, with_soft
from harness.scoring.winner import best_first


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """The cells of several runs on the items of one dataset that all of them share and label alike.

    Attributes:
        dataset: its name in the first run.
        runs: of each cell, the id of its run; in the order of the scores.
        scores: of the cells, with the seed and settings of the first run.
    """

    dataset: str
    runs: tuple[str, ...]
    scores: DatasetScores

    def order(self, metric: str) -> list[int]:
        """Positions of the cells, best first."""
        return best_first(self.scores.scores, metric)

    def ranks(self, metric: str) -> dict[int, RankSet]:
        """The rank ranges, by position."""
        contest = self.scores.contests[metric]
        return contest.rank_sets() if contest else {}


def merge(runs: Sequence[Judged]) -> list[Merged]:
    """One leaderboard for each dataset of the first run that shares items with all others.

    A cell with the same content and outcomes in two runs is listed once. Intervals are seeded by the id of a cell, so
    that merging in an evaluator does not change the others.
    """
    first, *others = runs
    partners = [partner_datasets(first.datasets, run.datasets) for run in others]
    merged = []
    for at, data in enumerate(first.datasets):
        if all(at in found for found in partners):
            sides = [(run.datasets[found[at][0]], found[at][1]) for run, found in zip(others, partners, strict=True)]
            rows = np.ones(len(data), bool)
            places = []
            for _, shared in sides:
                there = np.full(len(data), -1, np.intp)
                there[shared.one[shared.labelled]] = shared.other[shared.labelled]
                rows &= there >= 0
                places.append(there)
            kept = [np.flatnonzero(rows), *(there[rows] for there in places)]
            soft = _soft(runs, [data, *(side for side, _ in sides)], kept)
            parts = [data.part(rows, range(len(data.cells)))]
            parts += [
                side.part(there[rows], range(len(side.cells))) for (side, _), there in zip(sides, places, strict=True)
            ]
            merged.append(_merged(runs, parts, soft))
    return merged


def _soft(runs: Sequence[Judged], sides: Sequence[JudgedDataset], rows: Sequence[NDArray[np.intp]]) -> SoftData | None:
    """The soft verdicts of all cells of some runs, one run after the other; None where no metric rests on them."""
    if not any(map(is_soft, runs[0].score.metrics)):
        return None
    columns = [(at, k) for at, data in enumerate(sides) for k in range(len(data.cells))]
    return soft_columns(list(zip(runs, sides, strict=True)), rows, columns)


def _merged(runs: Sequence[Judged], parts: Sequence[JudgedDataset], soft: SoftData | None) -> Merged:
    names, cells, columns, usage = [], [], [], []
    seen: set[tuple[str, ...]] = set()
    at, kept, shares = 0, [], []
    for run, part in zip(runs, parts, strict=True):
        for k, cell in enumerate(part.cells):
            rankings = [repr(part.rankings[k])] if part.rankings else []
            numbers = soft.values[at] if soft is not None and part.label_set.is_number else None
            given = _bytes_of(part.outcomes[:, k] if numbers is None else numbers)
            key = (*part.meanings[k].values(), given, *rankings)
            if key not in seen:
                seen.add(key)
                names.append(run.id)
                cells.append(replace(cell, dataset=parts[0].name))
                columns.append(part.outcomes[:, k])
                usage.append(part.usage[k])
                kept.append(at)
                shares.append(verdict_shares(part.outcomes[:, k], part.label_set))
            at += 1
    outcomes = np.column_stack(columns)
    score, seed = replace(runs[0].score, holdout=None), runs[0].seed
    verdicts = score if soft is None else verdict_score(score, parts[0].label_set)
    scored = score_dataset(cells, parts[0], outcomes, verdicts, seed, usage, [None] * len(cells))
    if soft is not None:
        some = soft.only(kept)
        scored = with_soft(scored, some if soft.counts_failures else replace(some, verdicts=shares), score, seed)
    return Merged(parts[0].name, tuple(names), scored)


def _bytes_of(outcomes: NDArray[Any]) -> str:
    return outcomes.tobytes().decode("latin-1")
