"""One model gives the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.flow import Conversation
from harness.question import answers_to, call_for, outcome_of
from harness.records import Cell, Item, Model, Outcome, Strategy
from harness.strategy import SIDES, Questions

NAME = "judge"
SUMMARY = "One model gives the verdict; one cell for each model"


def expand(wanted: str | Sequence[str], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each model: its models and its settings.

    Args:
        wanted: what a spec says under `judge`: a model's name, or a list of them.
        models: all models of the spec.
    """
    for name in [wanted] if isinstance(wanted, str) else wanted:
        yield (name,), {}


def written(models: Sequence[str], settings: Mapping[str, Any]) -> str:
    """What a spec would say under `judge` for one cell alone: `expand` gives its models and settings back."""
    return models[0]


def calls_per_item(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[int, int]:
    """The fewest and the most calls that one item takes."""
    fewest = 1 if strategy.ask == "pair" else 2
    return fewest, fewest if strategy.follow_up is None else 2 * fewest


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Ask for a verdict on an item, or for a score of each of its responses, and once more for what is not answered."""
    model = models[cell.models[0]]
    if questions.strategy.ask == "pair":
        calls = [call_for("judge", questions.pair(item), item, cell, model)]
    else:
        calls = [call_for(f"judge-{side}", questions.alone(item, side), item, cell, model) for side in SIDES]
    heard = yield from answers_to(calls, item, cell, questions)
    return outcome_of(heard, questions)
