"""What must be said with a run whose spec took over the winner of another: from where, how sure, and on which data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.leaderboard import wording
from harness.records.experiment import Choice
from harness.runner.plan import Plan
from harness.spec.chaining import choice_json


def choices_json(plan: Plan) -> list[dict[str, Any]]:
    """The choices as a manifest writes them: with the datasets of this run that each was already made on."""
    return [
        {**choice_json(choice), "same_data": same_data(plan, choice), "remarks": list(_remarks(plan, choice))}
        for choice in plan.spec.choices
    ]


def notes_on_choices(plan: Plan) -> list[str]:
    """Sentences that must stand under the leaderboard."""
    return [remark for choice in plan.spec.choices for remark in _remarks(plan, choice)]


def same_data(plan: Plan, choice: Choice) -> list[str]:
    """Names of the datasets of a plan that are the very one on which a choice was made."""
    return [name for name, dataset in plan.datasets.items() if dataset.digest == choice.dataset_digest]


def _remarks(plan: Plan, choice: Choice) -> Iterator[str]:
    yield wording.taken_over(choice)
    if choice.runner_up is not None:  # else there was nothing to choose from
        for name in same_data(plan, choice):
            yield wording.chosen_on_the_same_data(name, choice)
