"""Provenance of `winner_of`: the run a choice comes from, its certainty, and the data it was made on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.leaderboard import wording
from harness.records.experiment import Choice
from harness.runner.plan import Plan
from harness.spec.chaining import choice_json


def choices_json(plan: Plan) -> list[dict[str, Any]]:
    """The choices as the manifest writes them, each with the datasets of this run that it was made on."""
    return [
        {**choice_json(choice), "same_data": same_data(plan, choice), "remarks": list(_remarks(plan, choice))}
        for choice in plan.spec.choices
    ]


def notes_on_choices(plan: Plan) -> list[str]:
    """The notes of the leaderboard on its choices."""
    return [remark for choice in plan.spec.choices for remark in _remarks(plan, choice)]


def same_data(plan: Plan, choice: Choice) -> list[str]:
    """Names of the datasets of a plan that are identical to the one the choice was made on."""
    return [name for name, dataset in plan.datasets.items() if dataset.digest == choice.dataset_digest]


def _remarks(plan: Plan, choice: Choice) -> Iterator[str]:
    yield wording.chosen_upstream(choice)
    if choice.runner_up is not None:  # without a runner-up there was only one candidate
        for name in same_data(plan, choice):
            yield wording.chosen_on_the_same_data(name, choice)
