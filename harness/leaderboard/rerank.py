"""A leaderboard ranked by another metric of its run, or with differences to a baseline cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import InputError
from harness.hashing import rounded, seed_for
from harness.leaderboard.build import difference_json, winner_json
from harness.leaderboard.notes import findings_on
from harness.leaderboard.view import Board, metric_names, sorted_by
from harness.records.figures import Figure
from harness.records.scores import CellScore, Difference
from harness.runner.run_reader import Judged, JudgedDataset, read_judged
from harness.runner.soft import data_of
from harness.scoring.labels import reference_of
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import CellComparisons, compare_cells
from harness.scoring.score import DatasetScores, best_of
from harness.scoring.soft_holdout import with_held_out
from harness.scoring.soft_metric import is_soft
from harness.scoring.soft_scores import SoftData, compare_soft
from harness.scoring.soft_winner import best_by_soft


def reranked(folder: Path, board: Board, *, metric: str | None = None, vs: str | None = None) -> dict[str, Any]:
    """The leaderboard of a run ranked by another of its metrics, or with differences to a baseline cell.

    The cells of a dataset are compared with the same resamples as when the run was scored, so intervals are the same.
    The notes on differences and on the best cell are added.

    Args:
        folder: of the run.
        board: its leaderboard.
        metric: metric to rank by; None to keep the stored one.
        vs: id of the baseline cell, with or without its dataset; without, the cell of that name in every dataset. None
            for the best cell.

    Raises:
        InputError: if the board lacks the metric, or no dataset has the cell.
        RunFolderError: if the run cannot be read.
    """
    stored = board["metric"]
    if metric:
        board = sorted_by(board, metric)
    if vs is None and board["metric"] == stored:
        return dict(board)
    run = read_judged(folder, votes=any(map(is_soft, metric_names(board))))
    rows = {row["cell"]: row for row in board["rows"]}
    found: dict[str, dict[str, Any]] = {}
    notes, winners = list(board["notes"]), []
    for data in run.datasets:
        at = None if vs is None else _position(data, vs)
        group = _group(data, run, rows, board["metric"], every=at is not None)
        new = findings_on(group, board["metric"], at)
        notes += [note for note in new if note not in notes]
        winners += [winner_json(group.winner)] if group.winner else []
        if at is not None:
            for name, contest in group.contests.items():
                for k, cell in enumerate(data.cells):
                    difference = _difference(contest, k, at, data)
                    found.setdefault(cell.id, {})[name] = None if difference is None else difference_json(difference)
    if vs is not None and not found:
        raise no_cell(vs, list(rows))
    changed = {**board, "notes": notes}
    if board["metric"] != stored:
        changed["winners"] = rounded(winners)
    if vs is not None:
        changed["rows"] = [{**row, "metrics": _metrics(row, found.get(row["cell"]))} for row in board["rows"]]
        changed["against"] = vs
    return changed


def comparisons_of(run: Judged, board: Board) -> dict[str, CellComparisons | None]:
    """All pairs of the cells of each dataset, compared by the metric of the board as when the run was scored.

    Args:
        run: the run.
        board: its leaderboard.
    """
    rows, metric = {row["cell"]: row for row in board["rows"]}, board["metric"]
    found = {}
    for data in run.datasets:
        scores = [_score(data, k, rows) for k in range(len(data.cells))]
        found[data.name] = _contest(metric, data, scores, run, _soft_data(run, data, [metric]))
    return found


def _group(data: JudgedDataset, run: Judged, rows: Mapping[str, Any], metric: str, *, every: bool) -> DatasetScores:
    """The cells of a dataset compared by one metric, or by all of the run, and the best by the one."""
    scores = [_score(data, k, rows) for k in range(len(data.cells))]
    names = run.score.metrics if every else (metric,)
    soft = _soft_data(run, data, names)
    contests = {name: _contest(name, data, scores, run, soft) for name in names}
    if is_soft(metric):
        found = DatasetScores(data.name, tuple(scores), contests, best_by_soft(data.name, metric, scores, soft))
        return found if soft is None else with_held_out(found, soft, run.score, run.seed)
    reference = reference_of(data)
    judged = reference.of(data.outcomes)
    best = best_of(data.name, metric, scores, judged, reference, run.score, run.seed)
    return DatasetScores(data.name, tuple(scores), contests, best)


def no_cell(name: str, ids: Sequence[str]) -> InputError:
    """The error for the id of a cell that a run does not have, with the most similar ids as the hint."""
    known = dict.fromkeys(part for cell in ids for part in (cell, cell.partition("/")[2]))
    near = get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(ids[:5])}"
    return InputError(f"this run has no cell `{name}`", hint=hint)


def _position(data: JudgedDataset, name: str) -> int | None:
    names = [cell.id for cell in data.cells]
    for wanted in (name, f"{data.name}/{name}"):
        if wanted in names:
            return names.index(wanted)
    return None


def _score(data: JudgedDataset, at: int, rows: Mapping[str, Any]) -> CellScore:
    """The score of a cell from its row of the leaderboard, as far as comparisons need it."""
    cell = data.cells[at]
    row = rows[cell.id]
    table = tuple(tuple(counts) for counts in row["table"])
    reference = reference_of(data)
    merged = reference.sample(data.outcomes[:, at], 1).table
    figures = {}
    for name, stored in row["metrics"].items():
        value = stored["value"]
        if value is not None and not is_soft(name):
            value = float(
                find_metric(name, reference.labels, data.label_set).value(merged)
            )  # the stored one is rounded
        known = {key: stored[key] for key in ("low", "high", "n", "unit", "units", "level")}
        figures[name] = Figure(value, reason=stored["reason"] or "", **known)
    outcomes = tuple(int(count) for count in np.bincount(data.outcomes[:, at], minlength=len(data.label_set.outcomes)))
    return CellScore(cell, row["n"], row["items"], table, outcomes, figures)


def _soft_data(run: Judged, data: JudgedDataset, names: Sequence[str]) -> SoftData | None:
    """The soft verdicts of a dataset; None where no metric rests on them."""
    return data_of(run, data) if any(map(is_soft, names)) else None


def _contest(
    metric: str, data: JudgedDataset, scores: Sequence[CellScore], run: Judged, soft: SoftData | None
) -> CellComparisons | None:
    draws = seed_for(run.seed, "pairs", metric, data.name)
    if soft is not None and is_soft(metric):
        return compare_soft(metric, scores, soft, run.score, draws)
    reference = reference_of(data)
    judged = reference.of(data.outcomes)
    return compare_cells(metric, scores, judged, reference, run.score, draws)


def _difference(contest: CellComparisons | None, one: int, other: int, data: JudgedDataset) -> Difference | None:
    if one == other:
        return None
    if contest is None:
        return Difference(data.cells[other].id, reason="too little data to compare cells")
    return contest.held_against(one, other)


def _metrics(row: Mapping[str, Any], found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The metrics of a row with other differences, where there are any."""
    metrics = dict(row["metrics"])
    for name, difference in (found or {}).items():
        metrics[name] = {**metrics[name], "difference": rounded(difference)}
    return metrics
