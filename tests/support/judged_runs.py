"""Runs as they are read back, made of labels and outcomes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import VERDICTS, Usage
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.tables import ITEM_COLUMNS

SCORE = ScoreSpec(resamples=400)


def meaning(model: str, **changed: str) -> dict[str, str]:
    return {"strategy": "s", "models": model, "mode": "m", "order": "given", "repeats": "1"} | changed


def dataset(
    codes: Sequence[int] | Any,
    judges: Mapping[str, Any],
    *,
    name: str = "fair",
    ids: Sequence[str] | None = None,
    contents: Sequence[str] | None = None,
    clusters: Sequence[Any] | None = None,
    meanings: Mapping[str, Mapping[str, str]] | None = None,
) -> JudgedDataset:
    """A dataset of a run.

    Args:
        codes: the label of each item, −1 for none.
        judges: outcomes by model.
        name: of the dataset.
        ids: of the items, numbers where not given.
        contents: what tells items apart beside their ids.
        clusters: of the items.
        meanings: by model, where it is not that of the model alone.
    """
    n = len(codes)
    ids = ids or [str(k) for k in range(n)]
    frame = pl.DataFrame(
        {
            "dataset": [name] * n,
            "item": list(ids),
            "content": list(contents or ["same"] * n),
            "reference": [VERDICTS[code] if code >= 0 else None for code in codes],
            "labels": [[VERDICTS[code] if code >= 0 else None] for code in codes],
            "cluster": [str(one) for one in (clusters if clusters is not None else ids)],
            "category": [None] * n,
            "model_a": [None] * n,
            "model_b": [None] * n,
            "length_a": [1] * n,
            "length_b": [1] * n,
        },
        schema=ITEM_COLUMNS,
    )
    return JudgedDataset(
        name,
        f"digest of {name}",
        ("human",),
        clusters is not None,
        frame,
        tuple(Cell(name, "direct", "judge", (model,)) for model in judges),
        np.column_stack([np.asarray(column, np.int8) for column in judges.values()]),
        tuple((meanings or {}).get(model, meaning(model)) for model in judges),
        (None,) * len(judges),
        (Usage(),) * len(judges),
    )


def run(run_id: str, *datasets: JudgedDataset, score: ScoreSpec = SCORE, **spec: Any) -> Judged:
    """A run of some datasets."""
    resolved = {"name": f"spec-{run_id}", "seed": 7, **spec}
    return Judged(Path("/nowhere") / run_id, run_id, f"spec-{run_id}", resolved, 7, score, tuple(datasets))
