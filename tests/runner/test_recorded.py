"""Everything that is read back of the shipped runs, and what messages say of cells and items, compared with a record.

`HARNESS_RECORD=1 python -m pytest tests/runner/test_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.runner.lookup import find_cell, find_item
from harness.runner.run_reader import KINDS, read_judged
from support.recorded import check
from support.worlds import model, plan_of

RESULTS = Path(__file__).parents[2] / "results"
RECORDS = Path(__file__).with_name("recorded")
RUNS = sorted(path.parent.name for path in RESULTS.glob("*/*"))
METHODS = (
    "ids",
    "reference_codes",
    "annotator_codes",
    "numbers",
    "soft_labels",
    "opinions",
    "cluster_codes",
    "slice_columns",
    "lengths",
)
COLUMNS = ("contents", "categories", "models_a", "models_b")


def columns(dataset: Any) -> dict[str, Any]:
    """Every column of a dataset of a run, long lists by their first values and their number."""
    found = {field.name: getattr(dataset, field.name) for field in fields(dataset) if field.name != "frame"}
    labels = dataset.label_set
    skipped = {"lengths"} if labels.is_ranking else set() if labels.is_number else {"numbers"}
    found |= {name: getattr(dataset, name)() for name in METHODS if name not in skipped}
    found |= {name: getattr(dataset, name) for name in COLUMNS}
    if labels.is_ranking:
        found["response_counts"] = dataset.response_counts()
    return {name: _short(value) for name, value in found.items()} | {"items": len(dataset)}


def _short(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and len(value) > 12:
        return [*map(_short, value[:3]), len(value)]
    return [_short(one) for one in value] if type(value) in (list, tuple) else value


@pytest.mark.parametrize("name", RUNS)
def test_a_shipped_run_is_read_back_as_it_was(name: str) -> None:
    (folder,) = (RESULTS / name).iterdir()
    found: dict[str, Any] = {}
    for votes in (True, False):
        run = read_judged(folder, votes=votes, kinds=KINDS)
        facts = {
            one.name: getattr(run, one.name) for one in fields(run) if one.name not in ("folder", "spec", "datasets")
        }
        found[f"votes {votes}"] = {**facts, "labels": run.label_set, "spec": sorted(run.spec)}
        for dataset in run.datasets if votes else run.datasets[:1]:
            found[f"{dataset.name} {votes}"] = columns(dataset)
            part = dataset.part(np.arange(len(dataset)) % 7 == 2, [0, len(dataset.cells) - 1])
            found[f"part of {dataset.name} {votes}"] = columns(part)
            turned = dataset.part(np.arange(len(dataset))[::-5].copy(), [len(dataset.cells) - 1])
            found[f"turned {dataset.name} {votes}"] = [turned.ids()[:3], turned.outcomes, turned.votes, turned.rankings]
    check(RECORDS / f"{name}.json", found)


def _said(find: Any, *given: Any) -> str:
    try:
        found = find(*given)
    except HarnessError as error:
        return f"{type(error).__name__}: {error}"
    return found.id if hasattr(found, "id") else str(found)


def test_cells_and_items_are_found_by_what_is_written_of_them() -> None:
    few = plan_of(items=3, models=(model("x"), model("y")), strategies=("direct",))
    many = plan_of(items=30, models=[model(f"m{at}") for at in range(5)], strategies=("direct", "independent-10"))
    wanted = (
        "d/direct/judge:x",
        "judge:x",
        "direct",
        "x",
        "judge",
        "judg:x",
        "q",
        "",
        "m1",
        "direct/judge:m1",
        "d/direct",
        "independent",
        "judge:m",
        "drect/judge:m1",
    )
    found = {one: [_said(find_cell, plan, one) for plan in (few, many)] for one in wanted}
    for plan in (few, many):
        for one in (None, "i0", "i2", "i29", "i", "j", "I1", "item"):
            found.setdefault(f"item {one}", []).append(_said(find_item, plan, plan.cells[0], one))
    check(RECORDS / "names.json", found)
