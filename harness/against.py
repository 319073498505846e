"""A leaderboard with differences to a cell of one's choice in place of those to the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.board import Board
from harness.contest import Contest, hold_contest
from harness.digest import rounded, seed_for
from harness.errors import InputError
from harness.judged import JudgedDataset, read_judged
from harness.metric import find_metric
from harness.rank import difference_json
from harness.records import CellScore, Difference, Figure, ScoreSpec
from harness.reference import reference_of


def against(folder: Path, board: Board, name: str) -> dict[str, Any]:
    """The leaderboard of a run with every difference to one cell, in the datasets that have it.

    The cells of a dataset are compared as they were when the run was scored, with the same draws, so intervals are
    the same; only the cell that others are held against is another.

    Args:
        folder: of the run.
        board: its leaderboard.
        name: id of the cell, with or without its dataset; without, all datasets that have such a cell are meant.

    Raises:
        InputError: where no dataset has the cell.
        RunFolderError: where the run cannot be read back.
    """
    run = read_judged(folder)
    rows = {row["cell"]: row for row in board["rows"]}
    found: dict[str, dict[str, Any]] = {}
    for data in run.datasets:
        at = _position(data, name)
        if at is None:
            continue
        scores = [_score(data, k, rows) for k in range(len(data.cells))]
        for metric in run.score.metrics:
            contest = _contest(metric, data, scores, run.score, run.seed)
            for k, cell in enumerate(data.cells):
                difference = _difference(contest, k, at, data)
                found.setdefault(cell.id, {})[metric] = None if difference is None else difference_json(difference)
    if not found:
        names = dict.fromkeys(name for cell in rows for name in (cell, cell.partition("/")[2]))
        near = get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(list(rows)[:5])}"
        raise InputError(f"this run has no cell `{name}`", hint=hint)
    changed = [{**row, "metrics": _metrics(row, found.get(row["cell"]))} for row in board["rows"]]
    return {**board, "rows": changed, "against": name}


def _position(data: JudgedDataset, name: str) -> int | None:
    names = [cell.id for cell in data.cells]
    for wanted in (name, f"{data.name}/{name}"):
        if wanted in names:
            return names.index(wanted)
    return None


def _score(data: JudgedDataset, at: int, rows: Mapping[str, Any]) -> CellScore:
    """A cell's score as its row of the leaderboard tells it, as far as comparing needs it."""
    cell = data.cells[at]
    row = rows[cell.id]
    table = tuple(tuple(counts) for counts in row["table"])
    merged = reference_of(data).sample(data.outcomes[:, at], 1).table
    figures = {}
    for name, told in row["metrics"].items():
        value = None if told["value"] is None else float(find_metric(name).value(merged))  # told is rounded
        figures[name] = Figure(value, n=told["n"], unit=told["unit"], units=told["units"], level=told["level"])
    return CellScore(cell, row["n"], row["items"], table, (), figures)


def _contest(
    metric: str, data: JudgedDataset, scores: Sequence[CellScore], score: ScoreSpec, seed: int
) -> Contest | None:
    reference = reference_of(data)
    draws = seed_for(seed, "pairs", metric, data.name)
    judged = reference.of(data.outcomes)
    return hold_contest(metric, scores, reference.labels, judged, reference.clusters, score, draws)


def _difference(contest: Contest | None, one: int, other: int, data: JudgedDataset) -> Difference | None:
    if one == other:
        return None
    if contest is None:
        return Difference(data.cells[other].id, reason="no cell rests on enough to be compared")
    return contest.held_against(one, other)


def _metrics(row: Mapping[str, Any], found: Mapping[str, Any] | None) -> dict[str, Any]:
    """The metrics of a row with other differences, where there are any."""
    metrics = dict(row["metrics"])
    for name, difference in (found or {}).items():
        metrics[name] = {**metrics[name], "difference": rounded(difference)}
    return metrics
