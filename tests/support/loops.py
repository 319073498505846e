"""Loops to step by hand, and a generation spec to run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.generation.loop import LoopContext, converse
from harness.generation.records import Selection, Stop, System, Trajectory
from harness.generation.review import Reviewing, built_in
from harness.prompting.strategy import compile_strategy
from harness.providers.simulation.dataset import make_prompts
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.spec.strategies import built_in as strategy
from support.worlds import held

PROMPT = ({"role": "user", "content": "Name a colour."},)
ITEM = Item("i1", PROMPT, "", "")
MODELS = {name: Model(name, "simulated", f"id-{name}") for name in ("writer", "critic", "other", "judge")}
QUESTIONS = compile_strategy(strategy("combined-10"))
JUDGED = Cell("drafts", "combined-10", "judge", ("judge",))
REFUSED = Reply("No.", finish="refusal")
LOST = Reply("", finish="unavailable")


def system(*reviewers: str, rounds: int = 3) -> System:
    return System("tasks", "writer", reviewers, rounds)


def room(selection: Selection = Selection("last"), stop: Stop = Stop(), models: Any = MODELS) -> LoopContext:  # noqa: B008
    return LoopContext(models, Reviewing(built_in("default")), stop, selection, QUESTIONS)


def loop(one: System, *rounds: Sequence[Reply], item: Item = ITEM, **said: Any) -> tuple[list[list[Call]], Trajectory]:
    """Hold a loop with these replies; the batches and the trajectory."""
    return held(converse(item, one, room(**said)), *rounds)


def review(score: float, text: str = "It lacks warmth.") -> Reply:
    return Reply(f"{text}\n\nScore: {score:g}/10")


def scores(best: float, new: float) -> Reply:
    return Reply(f"Score A: {best:g}/10\nScore B: {new:g}/10")


SPEC = """\
schema: 1
name: loops
kind: generation
seed: 7
prompts:
  tasks: {path: tasks.jsonl}
models:
  writer: {provider: simulated, skill: 0.5}
  novice: {provider: simulated, skill: 0.4}
  master: {provider: simulated, skill: 0.9}
matrix:
  prompts: [tasks]
  generator: [writer]
  reviewer: [none, novice, master]
  rounds: 3
selection: {by: tournament, strategy: combined-10, evaluator: {judge: master}}
compare:
  opponents: [writer, master]
  strategy: [combined-10]
  evaluator: [{judge: [master]}]
  order: [both]
score: {resamples: 400}
"""


def laid_out(folder: Path, text: str = SPEC, prompts: int = 24, name: str = "spec.yaml") -> Path:
    """A folder with a spec and its prompts; the spec's file."""
    folder.mkdir(exist_ok=True, parents=True)
    rows = make_prompts(5, prompts)
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name
