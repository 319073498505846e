"""A calibration as `schemas/output/calibrate.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from harness.analysis.calibrate.calibrate import CellCalibration, DatasetCalibration
from harness.hashing import rounded
from harness.runner.run_reader import Judged
from harness.scoring.figure_json import figure_json


def calibration_json(run: Judged, found: Sequence[DatasetCalibration]) -> dict[str, Any]:
    """The results as JSON, floats rounded to 12 significant digits."""
    document = {
        "run": run.id,
        "spec": run.spec_name,
        "level": run.score.level,
        "datasets": [
            {
                "dataset": one.dataset,
                "items": one.items,
                "labelled": one.labelled,
                "annotators": list(one.annotators),
                "cells": [_cell_json(cell) for cell in one.cells],
            }
            for one in found
        ],
    }
    return cast(dict[str, Any], rounded(document))


def _cell_json(cell: CellCalibration) -> dict[str, Any]:
    ties = cell.ties
    return {
        "cell": cell.soft.cell.id,
        "source": cell.soft.source,
        "n": cell.n,
        "reason": cell.reason or None,
        "metrics": {name: figure_json(figure) for name, figure in cell.figures.items()},
        "ece_by_chance": cell.by_chance,
        "reliability": [
            {"low": one.low, "high": one.high, "predicted": one.predicted, "observed": figure_json(one.observed)}
            for one in cell.bins
        ],
        "coverage": [
            {"coverage": one.coverage, "threshold": one.threshold, "accuracy": figure_json(one.accuracy)}
            for one in cell.coverage
        ],
        "calibrated": {
            name: {
                "metrics": {key: figure_json(figure) for key, figure in figures.items()},
                "map": [list(pair) for pair in cell.maps[name][::10]],
            }
            for name, figures in cell.calibrated.items()
        },
        "calibrated_reason": cell.fit_reason or None,
        "tie": None
        if ties is None
        else {
            "margin": ties.margin,
            "tie_margin": ties.tie_margin,
            "accuracy": figure_json(ties.accuracy),
            "stored_accuracy": figure_json(ties.stored),
        },
        "tie_reason": cell.tie_reason or None,
    }
