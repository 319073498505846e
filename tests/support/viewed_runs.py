"""Runs of small specs, as the report and the viewer open them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.api import load_spec, run_spec
from harness.report.items.reader import Items, open_items
from harness.report.items.texts import Texts
from harness.runner.run_folder import MANIFEST, SPEC, read_json
from support.loops import laid_out

EVALUATION = """\
schema: 1
name: many-modes
seed: 7
datasets:
  pairs: {path: pairs.jsonl}
models:
  novice: {provider: simulated, skill: 0.5, malformed_rate: 0.2, position_bias: 0.6}
  master: {provider: simulated, skill: 0.9}
matrix:
  dataset: [pairs]
  strategy: [combined-10]
  evaluator:
    - judge: [novice, master]
    - jury: {of: [novice, master]}
    - debate: {model: [master], rounds: 2, decide: majority}
  order: [given, both]
  exclude:
    - {evaluator: debate, order: both}
    - {evaluator: jury, order: both}
score: {metrics: [kappa], resamples: 200}
"""


class Files:
    """A run folder, opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = read_json(folder, MANIFEST)
        self.spec: dict[str, Any] = read_json(folder, SPEC)


def pair(number: int, **changed: Any) -> dict[str, Any]:
    """A row of data with the texts of the simulated world."""
    row = {
        "id": f"p{number}",
        "prompt": "Write a notice for the open garden day. It must mention: the honey stand; the choir.",
        "response_a": f"Here it is ({number}). Do not miss the honey stand. Do not miss the choir.",
        "response_b": f"Here it is ({number}). Do not miss the honey stand.",
        "labels": ["a" if number % 3 else "b"],
        "category": "notice" if number % 2 else "letter",
    }
    return row | changed


def evaluated(folder: Path, rows: Iterable[dict[str, Any]] = (), text: str = EVALUATION) -> Files:
    """A run of an evaluation whose spec is in a folder, with its cache and results."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(rows) or [pair(number) for number in range(1, 13)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    return ran(folder, folder / "spec.yaml")


def generated(folder: Path, prompts: int = 6) -> Files:
    """A run of a generation."""
    return ran(folder, laid_out(folder, prompts=prompts))


def ran(folder: Path, spec: Path) -> Files:
    """The run of a spec, with its cache and results in a folder."""
    done = run_spec(load_spec(spec), cache=folder / "cache", results=folder / "results")
    return Files(done.folder)


def opened(files: Files, folder: Path) -> Items:
    """The items of a run whose spec, data and cache are in a folder."""
    return open_items(files, Texts((folder,), folder / "cache"))
