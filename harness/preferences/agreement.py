"""How far the evaluators behind preference data agree with people, as an evaluation run tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json

ASKED_ALIKE = ("strategy", "models", "mode")
"""What must mean the same for two cells to be the same evaluator; the order and repeats are told beside."""


def agreement_json(evaluation: Path, run: Path) -> dict[str, Any]:
    """The kappa of every cell of an evaluation whose evaluator is one of another run's.

    Args:
        evaluation: folder of the run of an evaluation with reference labels.
        run: folder of the run that the data come from.

    Raises:
        InputError: where the evaluation is none.
    """
    manifest = read_json(evaluation, MANIFEST)
    if manifest["kind"] != "evaluation":
        raise InputError(f"{evaluation} is no evaluation, and tells of no agreement with people")
    wanted = {_identity(cell) for cell in read_json(run, MANIFEST)["cells"]}
    alike = {cell["id"] for cell in manifest["cells"] if _identity(cell) in wanted}
    rows = [_row(row) for row in read_json(evaluation, LEADERBOARD)["rows"] if row["cell"] in alike]
    return {"run": manifest["run"], "spec": manifest["spec"], "rows": rows}


def _identity(cell: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(cell["meaning"][name] for name in ASKED_ALIKE)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    figure = {**row["companions"], **row["metrics"]}.get("kappa")
    known = {"cell": row["cell"], "dataset": row["dataset"]}
    if figure is None:
        return {**known, "kappa": None, "low": None, "high": None, "n": row["n"], "reason": "the run does not score it"}
    return {
        **known,
        "kappa": figure["value"],
        "low": figure["low"],
        "high": figure["high"],
        "n": figure["n"],
        "reason": figure["reason"],
    }
