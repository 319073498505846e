"""Agreement of the evaluators behind preference data with human labels, from an evaluation run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json

IDENTITY = ("strategy", "models", "mode")
"""The components in which two cells are the same evaluator; order and repeats may differ."""


def agreement_json(evaluation: Path, run: Path) -> dict[str, Any]:
    """The kappa of every cell of an evaluation whose evaluator is one of another run's.

    Args:
        evaluation: folder of the run of an evaluation with reference labels.
        run: folder of the run that the data come from.

    Raises:
        InputError: if `evaluation` is not the run of an evaluation.
    """
    manifest = read_json(evaluation, MANIFEST)
    if manifest["kind"] != "evaluation":
        raise InputError(f"{evaluation} is not an evaluation run, so it has no agreement with human labels")
    identities = {_identity(cell) for cell in read_json(run, MANIFEST)["cells"]}
    ids = {cell["id"] for cell in manifest["cells"] if _identity(cell) in identities}
    rows = [_row(row) for row in read_json(evaluation, LEADERBOARD)["rows"] if row["cell"] in ids]
    return {"run": manifest["run"], "spec": manifest["spec"], "rows": rows}


def _identity(cell: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(cell["meaning"][name] for name in IDENTITY)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    figure = {**row["companions"], **row["metrics"]}.get("kappa")
    known = {"cell": row["cell"], "dataset": row["dataset"]}
    if figure is None:
        return {**known, "kappa": None, "low": None, "high": None, "n": row["n"], "reason": "not scored in the run"}
    return {
        **known,
        "kappa": figure["value"],
        "low": figure["low"],
        "high": figure["high"],
        "n": figure["n"],
        "reason": figure["reason"],
    }
