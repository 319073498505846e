"""Judgments to scores: the figures of the cells of one dataset, each alone and compared with each other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.datasets import LabelledItems
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.judgments import Usage
from harness.records.scores import CellScore, Winner
from harness.scoring.consistency import Asked, consistency_figures, single_votes
from harness.scoring.estimates import figures_of
from harness.scoring.failure_bounds import failure_bounds
from harness.scoring.holdout import choose_and_measure
from harness.scoring.labels import Reference, reference_of
from harness.scoring.metric import metrics_of
from harness.scoring.pairwise import CellComparisons, compare_cells
from harness.scoring.winner import choose_winner

VOTE_RESAMPLES = 2_000
"""Resamples, at most, for the figures of one order or round, which are companions of those of the verdicts."""


@dataclass(frozen=True, slots=True, eq=False)
class DatasetScores:
    """The scores of all cells of one dataset.

    Attributes:
        dataset: its name.
        scores: in the order of the cells.
        contests: for each metric that the spec lists, all pairs of cells; None where nothing can be compared.
        winner: the best by the first of these metrics; None where there are no cells.
    """

    dataset: str
    scores: tuple[CellScore, ...]
    contests: Mapping[str, CellComparisons | None]
    winner: Winner | None


def score_dataset(
    cells: Sequence[Cell],
    dataset: LabelledItems,
    outcomes: NDArray[np.int8],
    score: ScoreSpec,
    seed: int,
    usage: Sequence[Usage],
    votes: Sequence[NDArray[np.int8] | None],
) -> DatasetScores:
    """Score the cells of one dataset and compare them with each other.

    Args:
        cells: the cells of this dataset, in canonical order.
        dataset: the dataset that they judged.
        outcomes: items × cells, codes of the label set.
        score: how judgments become scores.
        seed: of the spec.
        usage: of each cell.
        votes: of each cell, items × votes in the order of `Outcome.votes`; None where a judgment is one verdict.
    """
    if dataset.label_set.is_ranking:  # figures and comparisons rest on the rankings, not on their codes
        return DatasetScores(dataset.name, tuple(_counted(cells, dataset, outcomes, usage)), {}, None)
    scores = score_cells(cells, dataset, outcomes, score, seed, usage, votes)
    reference = reference_of(dataset)
    judged = reference.of(outcomes)

    def contest(name: str) -> CellComparisons | None:
        draws = seed_for(seed, "pairs", name, dataset.name)
        return compare_cells(name, scores, judged, reference, score, draws)

    if not score.metrics:  # of labels that are numbers, whose metrics rest on scores
        return DatasetScores(dataset.name, tuple(scores), {}, None)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        best = pool.submit(best_of, dataset.name, score.metrics[0], scores, judged, reference, score, seed)
        contests = dict(zip(score.metrics, pool.map(contest, score.metrics), strict=True))
    return DatasetScores(dataset.name, tuple(scores), contests, best.result())


def _counted(
    cells: Sequence[Cell], dataset: LabelledItems, outcomes: NDArray[np.int8], usage: Sequence[Usage]
) -> Iterator[CellScore]:
    """What was judged in each cell, without figures. Arguments as for `score_dataset`."""
    reference, known = reference_of(dataset), len(dataset.label_set.outcomes)
    for column, cell in enumerate(cells):
        judged = outcomes[:, column]
        table = tuple(tuple(int(count) for count in row) for row in reference.count(judged))
        counts = tuple(int(count) for count in np.bincount(judged, minlength=known))
        yield CellScore(cell, sum(map(sum, table)), len(judged), table, counts, {}, usage[column])


def best_of(
    dataset: str,
    metric: str,
    scores: Sequence[CellScore],
    judged: NDArray[np.int8],
    reference: Reference,
    score: ScoreSpec,
    seed: int,
) -> Winner | None:
    """The best cell of a dataset, corrected for the choice and, where the spec asks for it, measured on held-out items.

    Args:
        dataset: its name.
        metric: what it must be best by.
        scores: of the cells.
        judged: labelled items × cells.
        reference: the labels.
        score: how intervals are made, and the share to hold out.
        seed: of the spec.
    """
    if not scores:
        return None
    draws = seed_for(seed, "selection", metric, dataset)
    best = choose_winner(dataset, metric, scores, judged, reference, draws)
    if score.holdout is None or not len(judged):
        return best
    split = seed_for(seed, "holdout", metric, dataset)
    cells, by = [one.cell for one in scores], replace(score, metrics=(metric,))
    return replace(best, held_out=choose_and_measure(cells, judged, reference, by, share=score.holdout, seed=split))


def score_cells(
    cells: Sequence[Cell],
    dataset: LabelledItems,
    outcomes: NDArray[np.int8],
    score: ScoreSpec,
    seed: int,
    usage: Sequence[Usage],
    votes: Sequence[NDArray[np.int8] | None],
) -> list[CellScore]:
    """Score each cell of one dataset alone. Arguments as for `score_dataset`.

    A cell's resamples are seeded from the seed of the spec and the id of the cell, so that neither another evaluator
    nor another metric changes its intervals.
    """
    if outcomes.shape != (len(dataset), len(cells)):
        raise ValueError(f"outcomes are {outcomes.shape}, not items × cells = {(len(dataset), len(cells))}")
    known = dataset.label_set.outcomes
    if outcomes.size and not 0 <= outcomes.min() <= outcomes.max() < len(known):
        raise ValueError(f"outcomes must be positions in {known}")
    reference = reference_of(dataset)
    alone = [
        {} if cast is None or reference.label_set.is_number else single_votes(cell, cast)
        for cell, cast in zip(cells, votes, strict=True)
    ]
    figures = _figures(cells, [*outcomes.T], alone, reference, score, seed)
    scores = []
    for column, (cell, found) in enumerate(zip(cells, figures, strict=True)):
        cast, judged = votes[column], outcomes[:, column]
        if cast is not None and not reference.label_set.is_number:
            asked = Asked(cell, cast, judged, alone[column])
            found |= consistency_figures(asked, reference, score, systems=len(cells))
        table = reference.count(judged)
        counted = CellScore(
            cell=cell,
            n=int(table.sum()),
            items=len(judged),
            table=tuple(tuple(int(count) for count in row) for row in table),
            outcomes=tuple(int(count) for count in np.bincount(judged, minlength=len(known))),
            figures=found,
            usage=usage[column],
        )
        scores.append(counted)
    return scores


def _figures(
    cells: Sequence[Cell],
    judged: Sequence[NDArray[np.int8]],
    alone: Sequence[Mapping[str, NDArray[np.int8]]],
    reference: Reference,
    score: ScoreSpec,
    seed: int,
) -> list[dict[str, Figure]]:
    """The metrics of each cell with their bounds over failures, and those of its single votes.

    Args:
        cells: in canonical order.
        judged: the outcomes of each.
        alone: of each the verdicts in one order or after one round, by name.
        reference: the labels.
        score: how intervals are made.
        seed: of the spec.
    """
    metrics = metrics_of(score, reference.labels, reference.label_set)
    samples = [reference.sample(outcomes, len(cells)) for outcomes in judged]
    bounds = failure_bounds(samples, metrics, score)
    made = figures_of(samples, metrics, score, [seed_for(seed, "interval", cell.id) for cell in cells])
    figures: list[dict[str, Figure]] = []
    for own, beside in zip(made, bounds, strict=True):
        figures.append({})
        for name, figure in own.items():
            figures[-1] |= {name: figure, **{key: one for key, one in beside.items() if key.startswith(f"{name}.")}}
    parts = [(at, name) for at, verdicts in enumerate(alone) for name in verdicts]
    samples = [reference.sample(alone[at][name], len(cells)) for at, name in parts]
    seeds = [seed_for(seed, "interval", cells[at].id, name) for at, name in parts]
    fewer = replace(score, resamples=min(score.resamples, VOTE_RESAMPLES))
    for (at, part), found in zip(parts, figures_of(samples, metrics, fewer, seeds), strict=True):
        figures[at] |= {f"{name}.{part}": figure for name, figure in found.items()}
    return figures
