"""The runs in a results folder: when they finished, whether their spec was edited since, their leaders and cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.api.edits import CurrentSpec, environment_of, spec_file_of
from harness.errors import RunFolderError
from harness.leaderboard.failure_rate import failure_rate
from harness.leaderboard.view import datasets
from harness.runner.draws import FIRST_DRAW
from harness.runner.find_run import spec_name_in
from harness.runner.places import results_hint, shown_folder
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json
from harness.runner.stored_runs import StoredRun, stored_runs


def list_runs(spec: str | None, results: Path, *, allow_paths: Iterable[Path] = ()) -> dict[str, Any]:
    """The runs of one spec or of all, newest first, as `schemas/output/runs.schema.json` describes it.

    Args:
        spec: a spec file or the name of a spec; None for all specs.
        results: folder of all results.
        allow_paths: folders beside its own that the paths of a spec file may lead into.

    Raises:
        RunFolderError: if the spec that was named has no run.
    """
    allowed = tuple(allow_paths)
    file = Path(spec) if spec is not None and Path(spec).is_file() else None
    if file is not None:
        names = [spec_name_in(file, allowed)]
    elif spec is not None:
        names = [spec]
    else:
        names = sorted(folder.name for folder in results.iterdir()) if results.is_dir() else []
    listed = [row for name in names for row in _runs_of(name, results, file, allowed)]
    if spec is not None and not listed:
        beside = results_hint(names[0], results, file) if file else ""
        hint = beside or "`harness runs` lists the runs of all specs"
        raise RunFolderError(f"there is no run of {names[0]} in {shown_folder(results)}", hint=hint)
    return {"results": str(results.resolve()), "exists": results.is_dir(), "runs": listed}


def _runs_of(name: str, results: Path, file: Path | None, allow_paths: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    known: dict[Path, CurrentSpec] = {}
    for run in reversed(stored_runs(name, results)):
        environment = environment_of(run.folder)
        source = file or spec_file_of(environment, results)
        current = None
        if source is not None and source.is_file():
            current = known.setdefault(source, CurrentSpec(source, results, allow_paths))
        yield _run_json(run, environment, source, current)


def _run_json(
    run: StoredRun, environment: Mapping[str, Any], source: Path | None, current: CurrentSpec | None
) -> dict[str, Any]:
    head = {
        "spec": run.folder.parent.name,
        "run": run.id,
        "number": run.number or None,
        "finished": run.finished or None,
        "folder": str(run.folder),
        "spec_file": None if source is None else str(source),
    }
    unread: dict[str, Any] = {
        "kind": None,
        "state": "unknown",
        "changes": [],
        "draw": None,
        "cells": None,
        "best": [],
    }
    try:
        manifest, board = read_json(run.folder, MANIFEST), read_json(run.folder, LEADERBOARD)
        failures = failure_rate(board)
        edits = None if current is None else current.edits_since(run.folder)
        return {
            **head,
            "kind": manifest.get("kind", "evaluation"),
            "state": "unknown" if edits is None else edits.state,
            "changes": [] if edits is None else list(edits.changes),
            "draw": manifest.get(FIRST_DRAW, 0),
            "cells": len(manifest["cells"]),
            "best": list(_leaders(board)),
            "judgments": failures.judged,
            "failed": failures.failed,
            **_spend_json(environment),
            "problem": None,
        }
    except RunFolderError as error:
        problem = error.problems[0].message
    except (KeyError, TypeError, AttributeError, ValueError):
        problem = f"{run.folder} is damaged: its files lack what this version of the harness writes"
    return {**head, **unread, "judgments": None, "failed": None, **_spend_json(environment), "problem": problem}


def _leaders(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The first cell of each dataset, or the first system before each opponent, where its figure is defined."""
    if board.get("kind") == "generation":
        ties = board["score"]["ties"]
        found = [
            (f"{one['prompts']}, against {one['opponent']}", row["system"], f"win-rate-{ties}", row["win_rates"][ties])
            for one in board["boards"]
            for row in one["rows"][:1]
        ]
    else:
        metric = board["metric"]
        found = [(name, rows[0]["cell"], metric, rows[0]["metrics"][metric]) for name, rows in datasets(board)]
    for dataset, cell, metric, figure in found:
        if figure["value"] is not None:
            yield {"dataset": dataset, "cell": cell, "metric": metric} | {
                key: figure[key] for key in ("value", "low", "high")
            }


def _spend_json(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Calls made by a run and their cost; null where a model has no price, or the file is missing."""
    spend = environment.get("spend")
    if not isinstance(spend, Mapping) or not all(isinstance(one, Mapping) for one in spend.values()):
        return {"calls_made": None, "cost_usd": None}
    costs = [one.get("cost_usd") for one in spend.values() if one.get("calls")]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    made = environment.get("calls_made")
    cost_usd = sum(known) if len(known) == len(costs) else None
    return {"calls_made": made if type(made) is int else None, "cost_usd": cost_usd}
