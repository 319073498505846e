"""One model gives the verdict.

The steps of its calls:

    step-ID           each preparatory step of the strategy, in its order
    judge             the question, where it shows all responses
    judge-a, judge-b  the question, where it shows each response alone
    judge-1, judge-2  the same of several responses

With a second look:

    step-ID, judge                  as above
    step-ID-swapped, judge-swapped  the same with the responses exchanged, at the same time
    judge-second                    where the two verdicts disagree: continues `judge`, shows both replies, decides

A reply without an answer is followed by one retry: `judge.again`, `judge-second.again` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from harness.evaluators.aggregation import collapse_orders, exchanged, swap_responses
from harness.evaluators.conversation import Conversation, together
from harness.evaluators.question import (
    AnsweredCall,
    answered_calls,
    answers_to,
    call_for,
    outcome_of,
    ranked_by_scores,
    said,
    steps_before,
)
from harness.prompting.strategy import SIDES, Questions
from harness.records.calls import Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import FailureKind, Outcome
from harness.records.rankings import moved

NAME = "judge"
SUMMARY = "One model gives the verdict; one cell for each model"
ASKS_OF_MANY = ("rank", "best", "each")
SWAPPED = "-swapped"
"""Suffix of the step names of a look at the exchanged responses."""


def expand(wanted: str | Sequence[str], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each model: its models and its settings.

    Args:
        wanted: the value of `judge` in a spec: the name of a model, or a list of names.
        models: all models of the spec.
    """
    for name in [wanted] if isinstance(wanted, str) else wanted:
        yield (name,), {}


def written(models: Sequence[str], settings: Mapping[str, Any]) -> str:
    """The inverse of `expand`: the value of `judge` in a spec for one cell alone."""
    return models[0]


def calls_per_item(cell: Cell, strategy: Strategy) -> tuple[int, int]:
    """The fewest and the most calls of one conversation."""
    results = 1 if strategy.second_look is None else 2
    steps = results * len(strategy.steps)
    questions = results * (2 if strategy.ask == "each" else 1)
    asked = questions + results - 1
    return steps + questions, steps + (asked if strategy.follow_up is None else 2 * asked)


def calls_for_ranking(cell: Cell, strategy: Strategy, responses: int) -> tuple[int, int]:
    """The fewest and the most calls of one conversation about an item with several responses."""
    questions = responses if strategy.ask == "each" else 1
    steps = len(strategy.steps)
    return steps + questions, steps + (questions if strategy.follow_up is None else 2 * questions)


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Ask for a verdict on an item or a ranking of its responses, or for a score of each of them."""
    model = models[cell.models[0]]
    if questions.strategy.second_look is not None and not model.is_mapped:
        return (yield from _two_looks(item, cell, questions, model))
    replies = (yield from steps_before(item, cell, questions, model)) if questions.steps else {}
    if isinstance(replies, str):
        return Outcome(None, replies)
    if item.responses:
        return (yield from _ranked(item, cell, questions, model, replies))
    if questions.strategy.ask != "each":
        calls = [call_for("judge", questions.whole(item, replies), item, cell, model)]
    else:
        calls = [call_for(f"judge-{side}", questions.alone(item, side, replies), item, cell, model) for side in SIDES]
    answers = yield from answers_to(calls, item, cell, questions)
    return outcome_of(answers, questions)


def asks_once(questions: Questions, model: Model) -> bool:
    """Whether a conversation is one question about a pair or a single response, and its retry."""
    strategy = questions.strategy
    is_plain = strategy.second_look is None and not questions.steps and strategy.ask in ("pair", "single")
    return is_plain and not model.finds_by_place


def _ranked(
    item: Item, cell: Cell, questions: Questions, model: Model, replies: Mapping[str, str]
) -> Conversation[Outcome]:
    """Ask for a ranking of several responses, for the best of them, or for a score of each.

    A recording of rankings is asked about the responses by their places in the file of the dataset.
    """
    if questions.strategy.ask != "each":
        questions = questions.of_count(len(item.responses))
        calls = [call_for("judge", questions.whole(item, replies), item, cell, model)]
        outcome = outcome_of((yield from answers_to(calls, item, cell, questions)), questions)
        if outcome.verdict is None or not model.is_of_rankings:
            return outcome
        return Outcome(moved(outcome.verdict, item.places))
    places = item.places if model.is_of_rankings else range(len(item.responses))
    calls = [
        call_for(f"judge-{places[at] + 1}", questions.one_of(item, at, replies), item, cell, model)
        for at in range(len(item.responses))
    ]
    margin = model.settings.get("tie_margin") if model.is_mapped else None
    answers = yield from answers_to(calls, item, cell, questions)
    return ranked_by_scores(answers, questions.strategy.tie_margin if margin is None else float(margin))


def _two_looks(item: Item, cell: Cell, questions: Questions, model: Model) -> Conversation[Outcome]:
    """Ask in both orders at once; if the verdicts disagree, ask once more and show both replies."""
    shown = ((item, ""), (swap_responses(item), SWAPPED))
    results = yield from together([_one_look(each, cell, questions, model, look) for each, look in shown])
    given, swapped = (_outcome_of_look(look, questions) for look in results)
    swapped = exchanged(swapped)
    if given.failure or swapped.failure or given.verdict == swapped.verdict:
        return collapse_orders(given, swapped, questions.compare)
    first, other = cast(list[AnsweredCall], results)
    messages = [*first.call.messages, said(first.reply, first.call.model), questions.second(first.text, other.text)]
    answers = yield from answers_to([call_for("judge-second", messages, item, cell, model)], item, cell, questions)
    return outcome_of(answers, questions)


def _one_look(
    item: Item, cell: Cell, questions: Questions, model: Model, look: str
) -> Conversation[AnsweredCall | FailureKind]:
    replies = yield from steps_before(item, cell, questions, model, look)
    if isinstance(replies, str):
        return replies
    call = call_for(f"judge{look}", questions.pair(item, replies), item, cell, model)
    (answered,) = yield from answered_calls([call], item, cell, questions)
    return answered


def _outcome_of_look(look: AnsweredCall | FailureKind, questions: Questions) -> Outcome:
    return Outcome(None, look) if isinstance(look, str) else outcome_of([look.answer], questions)
