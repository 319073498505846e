"""`winner_of`: the winner in the newest run of another spec.

The winner is the cell with the highest figure; its strategy or evaluator is taken over. A run of an older version of
the spec or of its data is stale and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.data.dataset import read_dataset
from harness.data.hub.client import HubAccess
from harness.data.hub.local_copy import fetched
from harness.errors import RunFolderError
from harness.leaderboard.view import sorted_by
from harness.records.experiment import Cell, Choice, Spec
from harness.records.figures import RankSet
from harness.runner.corruption import diagnose_corruption
from harness.runner.find_run import newest_run
from harness.runner.run_check import check_run
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json
from harness.spec.chaining import Axis
from harness.spec.digest import spec_digest


def winner_in(results: Path, spec: Spec, axis: Axis, metric: str, dataset: str) -> tuple[Choice, Cell]:
    """The winner on an axis of a spec, and its cell.

    Args:
        results: the folder of all results.
        spec: the spec as it is now.
        axis: the component of the winning cell.
        metric: the metric to win by.
        dataset: the dataset of the spec.

    Raises:
        RunFolderError: if the spec has no run, or its newest run is stale or has no winner.
    """
    command = _run_command(spec, results)
    folder = newest_run(spec.name, results)
    if folder is None:
        raise RunFolderError(f"there is no run of {spec.name} in {results}", hint=f"run `{command}` first")
    check_run(folder)
    with diagnose_corruption(folder):
        return _winner(spec, axis, metric, dataset, folder, command)


def _winner(spec: Spec, axis: Axis, metric: str, dataset: str, folder: Path, command: str) -> tuple[Choice, Cell]:
    manifest = read_json(folder, MANIFEST)
    digest = _refuse_stale(spec, dataset, manifest, folder, command)
    board = sorted_by(read_json(folder, LEADERBOARD), metric)
    rows = [row for row in board["rows"] if row["dataset"] == dataset]
    best = rows[0]
    figure = best["metrics"][metric]
    if figure["value"] is None:
        message = f"{spec.name} has no winner: {metric} is undefined in every cell of its run {folder.name}"
        raise RunFolderError(f"{message}, {figure['reason']}", hint="choose another metric with `by:`")
    cells = {cell.id: cell for cell in spec.cells}
    taken = _taken(axis)
    cell = cells[best["cell"]]
    runner_up = next((row for row in rows if taken(cells[row["cell"]]) != taken(cell)), None)
    choice = Choice(
        axis=axis,
        taken=taken(cell),
        spec=spec.name,
        run=folder.name,
        dataset=dataset,
        dataset_digest=digest,
        metric=metric,
        value=figure["value"],
        corrected=_corrected(board, best["cell"], metric),
        low=figure["low"],
        high=figure["high"],
        rank=None if best["rank"] is None else RankSet(**best["rank"]),
        cell=cell.id,
        candidates=len(rows),
        runner_up=None if runner_up is None else runner_up["cell"],
        is_distinguishable=None if runner_up is None or best["rank"] is None else _is_beaten(runner_up),
    )
    return choice, cell


def _corrected(board: Mapping[str, Any], cell: str, metric: str) -> float | None:
    """The figure of a cell corrected for its choice as the best; None where the run has none."""
    corrected = (one["corrected"] for one in board.get("winners", ()) if (one["cell"], one["metric"]) == (cell, metric))
    return next(corrected, None)


def _taken(axis: Axis) -> Callable[[Cell], str]:
    return (lambda cell: cell.strategy) if axis == "strategy" else (lambda cell: cell.evaluator)


def _is_beaten(row: Mapping[str, Any]) -> bool:
    """Whether any cell is significantly better; all cells above the runner-up share the component of the winner."""
    return row["rank"] is not None and row["rank"]["best"] > 1


def _refuse_stale(spec: Spec, dataset: str, manifest: Mapping[str, Any], folder: Path, command: str) -> str:
    """The digest of the data; raises if a run is of an older version of the spec or of the data."""
    hint = f"repeat it with `{command}`; cached replies are reused"
    if manifest.get("spec_digest") != spec_digest(spec):
        changed = f"{spec.shown_path} or a winner it uses" if spec.choices else spec.shown_path
        message = f"the newest run of {spec.name}, {folder.name}, is stale: {changed} has changed since"
        raise RunFolderError(message, hint=hint)
    source = fetched(spec.datasets[dataset], HubAccess(offline=True))
    digest = read_dataset(source, seed=spec.seed).digest
    if manifest["datasets"][dataset]["digest"] != digest:
        changed = spec.datasets[dataset].shown_path
        message = f"the newest run of {spec.name}, {folder.name}, is stale: its data {changed} have changed since"
        raise RunFolderError(message, hint=hint)
    return digest


def _run_command(spec: Spec, results: Path) -> str:
    elsewhere = "" if results == Path("results") else f" --results {results}"
    return f"harness run {spec.shown_path}{elsewhere}"
