"""Who won in the newest run of a spec: what `winner_of` in another spec means.

The winner is the cell with the highest figure, and with it its strategy and its evaluator. A run that is not one of
the spec and the data as they are now says nothing, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.data.dataset import read_dataset
from harness.errors import RunFolderError
from harness.leaderboard.view import sorted_by
from harness.records.experiment import Cell, Choice, Spec
from harness.records.figures import RankSet
from harness.runner.find_run import newest_run
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json
from harness.spec.chaining import Axis
from harness.spec.digest import spec_digest


def winner_in(results: Path, spec: Spec, axis: Axis, metric: str, dataset: str) -> tuple[Choice, Cell]:
    """What won on an axis of a spec, and the cell that did.

    Args:
        results: the folder of all results.
        spec: the spec as it is now.
        axis: what of the winning cell is wanted.
        metric: what it must be best by.
        dataset: on which dataset of the spec.

    Raises:
        RunFolderError: where the spec has no run, where its newest run is stale, or where that has no winner.
    """
    again = _how_to_run(spec, results)
    folder = newest_run(spec.name, results)
    if folder is None:
        raise RunFolderError(f"there is no run of {spec.name} in {results}", hint=f"make it with `{again}`")
    manifest = read_json(folder, MANIFEST)
    digest = _refuse_stale(spec, dataset, manifest, folder, again)
    board = sorted_by(read_json(folder, LEADERBOARD), metric)
    rows = [row for row in board["rows"] if row["dataset"] == dataset]
    best = rows[0]
    figure = best["metrics"][metric]
    if figure["value"] is None:
        message = f"nothing won in {spec.name}: {metric} is undefined in every cell of its run {folder.name}"
        raise RunFolderError(f"{message}, {figure['reason']}", hint="name another metric with `by:`")
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
    """The figure of a cell without what its choice as the best adds to it, where the run tells that."""
    told = (one["corrected"] for one in board.get("winners", ()) if (one["cell"], one["metric"]) == (cell, metric))
    return next(told, None)


def _taken(axis: Axis) -> Callable[[Cell], str]:
    return (lambda cell: cell.strategy) if axis == "strategy" else (lambda cell: cell.evaluator)


def _is_beaten(row: Mapping[str, Any]) -> bool:
    """Whether any cell is significantly better; those above a runner-up all have what the winner has."""
    return row["rank"] is not None and row["rank"]["best"] > 1


def _refuse_stale(spec: Spec, dataset: str, manifest: Mapping[str, Any], folder: Path, again: str) -> str:
    """Raise if a run is not one of the spec and the data as they are now; else return the digest of the data."""
    hint = f"make it again with `{again}`; it asks nothing that the cache holds"
    if manifest.get("spec_digest") != spec_digest(spec):
        what = f"{spec.shown_path} or what it takes over" if spec.choices else spec.shown_path
        message = f"the newest run of {spec.name}, {folder.name}, is stale: {what} has changed since"
        raise RunFolderError(message, hint=hint)
    digest = read_dataset(spec.datasets[dataset], seed=spec.seed).digest
    if manifest["datasets"][dataset]["digest"] != digest:
        changed = spec.datasets[dataset].shown_path
        message = f"the newest run of {spec.name}, {folder.name}, is stale: its data {changed} have changed since"
        raise RunFolderError(message, hint=hint)
    return digest


def _how_to_run(spec: Spec, results: Path) -> str:
    elsewhere = "" if results == Path("results") else f" --results {results}"
    return f"harness run {spec.shown_path}{elsewhere}"
