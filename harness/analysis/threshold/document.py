"""Thresholds as `schemas/output/threshold.schema.json` describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from harness.analysis.threshold.choose import Aim
from harness.analysis.threshold.threshold import CellThreshold, Chosen, DatasetThresholds
from harness.hashing import rounded
from harness.runner.run_reader import Judged
from harness.scoring.figure_json import figure_json


def threshold_json(run: Judged, aim: Aim, folds: int, found: Sequence[DatasetThresholds]) -> dict[str, Any]:
    """The results as JSON, floats rounded to 12 significant digits."""
    document = {
        "run": run.id,
        "spec": run.spec_name,
        "level": run.score.level,
        "labels": list(run.label_set.names),
        "aim": {"metric": aim.metric, "keep": aim.keep or None, "at_least": aim.at_least if aim.keep else None},
        "folds": folds,
        "datasets": [
            {
                "dataset": one.dataset,
                "items": one.items,
                "labelled": one.labelled,
                "cells": [_cell_json(cell, aim) for cell in one.cells],
            }
            for one in found
        ],
    }
    return cast(dict[str, Any], rounded(document))


def _cell_json(cell: CellThreshold, aim: Aim) -> dict[str, Any]:
    return {
        "cell": cell.soft.cell.id,
        "source": cell.soft.source,
        "negative": cell.n[0],
        "positive": cell.n[1],
        "failed": cell.failed,
        "auc": figure_json(cell.auc),
        "roc": [
            {"threshold": threshold, "recall_negative": negative, "recall_positive": positive}
            for threshold, negative, positive in cell.roc
        ],
        "reason": cell.reason or None,
        "chosen": None if cell.chosen is None else _chosen_json(cell.chosen, aim),
    }


def _chosen_json(chosen: Chosen, aim: Aim) -> dict[str, Any]:
    return {
        "threshold": chosen.threshold,
        "answer": None if chosen.answer is None else {"thresholds": dict(chosen.answer)},
        "answer_reason": chosen.answer_reason or None,
        "in_sample": dict(chosen.in_sample),
        "held_out": {name: figure_json(figure) for name, figure in chosen.held_out.items()},
        "held_out_reason": chosen.held_out_reason or None,
        "optimism": _optimism(chosen, aim),
        "fold_thresholds": list(chosen.fold_thresholds),
    }


def _optimism(chosen: Chosen, aim: Aim) -> float | None:
    """How far the value of the aim in the sample is above that on held-out items."""
    inside, outside = chosen.in_sample[aim.metric], chosen.held_out.get(aim.metric)
    return None if inside is None or outside is None or outside.value is None else inside - outside.value
