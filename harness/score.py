"""Judgments to scores: what the cells of one dataset amount to, each alone and against each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.contest import Contest, hold_contest
from harness.digest import seed_for
from harness.figures import Sample, make_figures
from harness.metric import all_metrics
from harness.records import OUTCOMES, VERDICTS, Cell, CellScore, Dataset, ScoreSpec, Usage
from harness.statistics.agreement import SHAPE, Array


@dataclass(frozen=True, slots=True, eq=False)
class DatasetScores:
    """The scores of all cells of one dataset.

    Attributes:
        dataset: its name.
        scores: in the order of the cells.
        contests: for each metric that the spec lists, all pairs of cells; None where nothing can be compared.
    """

    dataset: str
    scores: tuple[CellScore, ...]
    contests: Mapping[str, Contest | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """The items of a dataset that have a reference label.

    Attributes:
        rows: their positions, None where all items have one.
        reference: the label of each.
        clusters: the cluster of each, None where items are independent.
    """

    rows: NDArray[np.intp] | None
    reference: NDArray[np.int8]
    clusters: NDArray[np.int64] | None

    def of(self, outcomes: NDArray[np.int8]) -> NDArray[np.int8]:
        """The outcomes on these items."""
        return outcomes if self.rows is None else outcomes[self.rows]


def score_dataset(
    cells: Sequence[Cell],
    dataset: Dataset,
    outcomes: NDArray[np.int8],
    score: ScoreSpec,
    seed: int,
    usage: Sequence[Usage],
    votes: Sequence[NDArray[np.int8] | None],
) -> DatasetScores:
    """Score the cells of one dataset and compare them with each other.

    Args:
        cells: the cells of this dataset, in canonical order.
        dataset: what they judged.
        outcomes: items × cells, positions in `OUTCOMES`.
        score: how judgments become scores.
        seed: of the spec.
        usage: of each cell.
        votes: of each cell, items × votes in the order of `Outcome.votes`; None where a judgment is one verdict.
    """
    scores = score_cells(cells, dataset, outcomes, score, seed, usage)
    labels = _labels_of(dataset)
    judged = labels.of(outcomes)
    contests = {
        name: hold_contest(
            name, scores, labels.reference, judged, labels.clusters, score, seed_for(seed, "pairs", name, dataset.name)
        )
        for name in score.metrics
    }
    return DatasetScores(dataset.name, tuple(scores), contests)


def score_cells(
    cells: Sequence[Cell],
    dataset: Dataset,
    outcomes: NDArray[np.int8],
    score: ScoreSpec,
    seed: int,
    usage: Sequence[Usage],
) -> list[CellScore]:
    """Score each cell of one dataset alone. Arguments as for `score_dataset`.

    A cell's resamples are seeded from the seed of the spec and the id of the cell, so that neither another evaluator
    nor another metric changes its intervals. Cells are scored on all processors; numpy lets go of the interpreter
    while it draws.
    """
    if outcomes.shape != (len(dataset), len(cells)):
        raise ValueError(f"outcomes are {outcomes.shape}, not items × cells = {(len(dataset), len(cells))}")
    if outcomes.size and not 0 <= outcomes.min() <= outcomes.max() < len(OUTCOMES):
        raise ValueError(f"outcomes must be positions in {OUTCOMES}")
    labels = _labels_of(dataset)
    metrics = all_metrics()

    def scored(column: int) -> CellScore:
        cell, judged = cells[column], outcomes[:, column]
        table, sample = _counted(labels, judged, len(cells))
        return CellScore(
            cell=cell,
            n=int(table.sum()),
            items=len(judged),
            table=tuple(tuple(int(count) for count in row) for row in table),
            outcomes=tuple(int(count) for count in np.bincount(judged, minlength=len(OUTCOMES))),
            figures=make_figures(sample, metrics, score, seed_for(seed, "interval", cell.id)),
            usage=usage[column],
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(scored, range(len(cells))))


def _labels_of(dataset: Dataset) -> _Labels:
    codes: NDArray[np.int8] = dataset.reference_codes()
    clusters: NDArray[np.int64] | None = dataset.cluster_codes() if dataset.clustered else None
    if (codes >= 0).all():
        return _Labels(None, codes, clusters)
    rows = np.flatnonzero(codes >= 0)
    return _Labels(rows, codes[rows], None if clusters is None else clusters[rows])


def _counted(labels: _Labels, judged: NDArray[np.int8], systems: int) -> tuple[NDArray[np.intp], Sample]:
    """Counts by kind of failure, and the sample that figures are made from."""
    kinds = labels.of(judged)
    counts = np.bincount(labels.reference * np.intp(len(OUTCOMES)) + kinds, minlength=len(VERDICTS) * len(OUTCOMES))
    table = counts.reshape(len(VERDICTS), len(OUTCOMES))
    merged: Array = np.column_stack([table[:, :3], table[:, 3:].sum(axis=1)]).astype(float)
    places = None
    if labels.clusters is not None:
        places = labels.reference * np.intp(SHAPE[1]) + np.minimum(kinds, SHAPE[1] - 1)
    return table, Sample(merged, systems, labels.clusters, places)
