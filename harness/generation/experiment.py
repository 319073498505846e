"""Generations: systems write, review and revise drafts, which evaluators compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cache.cache import Cache
from harness.data.hub.client import HubAccess
from harness.generation.estimate import estimate_generation as estimate
from harness.generation.plan import LoopPlan, make_loop_plan
from harness.generation.records import GenerationSpec
from harness.generation.run import finished_matches
from harness.generation.run import generation_keys as keys
from harness.generation.run import run_generation as run
from harness.generation.spec import generation_digest
from harness.records.datasets import Dataset
from harness.records.experiment import Spec
from harness.runner.session import ConversationPlan

if TYPE_CHECKING:
    from harness.leaderboard.tables import BoardTables
    from harness.runner.explain import Explanation

__all__ = [
    "agendas",
    "board_tables",
    "estimate",
    "explain",
    "inputs",
    "keys",
    "known_keys",
    "plan",
    "power",
    "run",
    "spec_digest",
]


def plan(spec: Spec, access: HubAccess | None = None) -> LoopPlan:
    """As `harness.api.experiment.Experiment.plan`."""
    assert isinstance(spec, GenerationSpec), "the kind of a spec selects its loader"
    return make_loop_plan(spec, access)


def known_keys(plan: LoopPlan, cache: Cache) -> Iterator[str]:
    """As `harness.api.experiment.Experiment.known_keys`: the matches depend on every draft."""
    yield from keys(plan, cache)


def agendas(plan: LoopPlan, cache: Cache) -> Iterator[ConversationPlan[Any]]:
    """As `Experiment.agendas`: the loops, then the comparisons of what they wrote."""
    yield plan
    yield finished_matches(plan, cache)


def inputs(plan: LoopPlan) -> Mapping[str, Dataset]:
    """As `harness.api.experiment.Experiment.inputs`."""
    return plan.prompts


def spec_digest(spec: Spec) -> str:
    """As `harness.api.experiment.Experiment.spec_digest`."""
    assert isinstance(spec, GenerationSpec), "the kind of a spec selects its loader"
    return generation_digest(spec)


def explain(plan: LoopPlan, name: str | None, item: str | None, cache: Cache) -> Explanation:
    """As `harness.api.experiment.Experiment.explain`."""
    from harness.generation.explain_text import explain_generation

    return explain_generation(plan, name, item, cache)


def power(plan: LoopPlan, results: Path, question: Any) -> None:
    """Power analysis does not cover generations: it needs evaluators that are scored against human labels."""


def board_tables(board: Mapping[str, Any]) -> BoardTables:
    """As `harness.api.experiment.Experiment.board_tables`."""
    from harness.generation import board_tables as tables

    return tables.board_tables(board)
