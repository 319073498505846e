"""One model gives the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.answer import Answer
from harness.digest import locator_of
from harness.flow import Conversation
from harness.records import Call, Cell, FailureKind, Item, Message, Model, Outcome, Reply, Strategy
from harness.strategy import Questions

NAME = "judge"
SUMMARY = "One model gives the verdict; one cell for each model"

AGAIN: frozenset[FailureKind | None] = frozenset({"unparsed", "truncated"})
"""Failures after which the model is asked once more for its answer."""
GRAVEST_FIRST: tuple[FailureKind, ...] = ("unavailable", "refused", "truncated", "unparsed")
"""Of two failures on one item, the one that stands first here is the item's: it says more about what to mend."""
EMPTY = "(no text)"
"""Stands for a reply without text when the conversation goes on: endpoints refuse an empty turn."""


class Question(NamedTuple):
    """What is asked in one conversation, and the step that it is."""

    step: str
    messages: list[Message]


class Heard(NamedTuple):
    """What a reply came to: an answer or a failure."""

    answer: Answer | None
    failure: FailureKind | None


def expand(wanted: str | Sequence[str], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each model: its models and its settings.

    Args:
        wanted: what a spec says under `judge`: a model's name, or a list of them.
        models: all models of the spec.
    """
    for name in [wanted] if isinstance(wanted, str) else wanted:
        yield (name,), {}


def calls_per_item(strategy: Strategy) -> tuple[int, int]:
    """The fewest and the most calls that one item takes."""
    fewest = 1 if strategy.ask == "pair" else 2
    return fewest, fewest if strategy.follow_up is None else 2 * fewest


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Ask for a verdict on an item, or for a score of each of its responses, and once more for what is not answered."""
    if questions.strategy.ask == "pair":
        asked = [Question("judge", questions.pair(item))]
    else:
        asked = [Question(f"judge-{side}", questions.alone(item, side)) for side in ("a", "b")]
    heard = yield from _ask(asked, item, cell, questions, models[cell.models[0]])
    return _outcome(heard, questions)


def _ask(
    asked: Sequence[Question], item: Item, cell: Cell, questions: Questions, model: Model
) -> Conversation[list[Heard]]:
    replies = yield [_call(question, item, cell, model) for question in asked]
    heard = [_understood(reply, questions) for reply in replies]
    if questions.again is None:
        return heard
    open_ones = [index for index, one in enumerate(heard) if one.failure in AGAIN]
    if open_ones:
        more = [_once_more(asked[index], replies[index], questions.again) for index in open_ones]
        replies = yield [_call(question, item, cell, model) for question in more]
        for index, reply in zip(open_ones, replies, strict=True):
            heard[index] = _understood(reply, questions)
    return heard


def _call(question: Question, item: Item, cell: Cell, model: Model) -> Call:
    recorded = model.provider == "recorded"
    locator = locator_of(cell.dataset, item.id, cell.strategy, question.step) if recorded else ""
    return Call(model, question.messages, 0, question.step, locator)


def _once_more(question: Question, reply: Reply, again: Message) -> Question:
    said: Message = {"role": "assistant", "content": reply.text if reply.text.strip() else EMPTY}
    return Question(f"{question.step}.again", [*question.messages, said, again])


def _understood(reply: Reply, questions: Questions) -> Heard:
    if reply.finish == "refusal":
        return Heard(None, "refused")
    if reply.finish == "unavailable":
        return Heard(None, "unavailable")
    if reply.finish == "length":
        # Its last line may be half a line: the 1 of 10/10, the A of "A or B".
        answer = questions.read(reply.text.rpartition("\n")[0])
        return Heard(answer, None if answer else "truncated")
    answer = questions.read(reply.text)
    return Heard(answer, None if answer else "unparsed")


def _outcome(heard: Sequence[Heard], questions: Questions) -> Outcome:
    """A verdict, or the gravest failure and whatever scores there are."""
    failures = {one.failure for one in heard}
    if len(heard) == 1:
        answer = heard[0].answer
        if answer is None:
            return Outcome(None, heard[0].failure)
        if answer.verdict is not None:
            return Outcome(answer.verdict)
        score_a, score_b = answer.score_a, answer.score_b
    else:
        score_a, score_b = (one.answer.score if one.answer else None for one in heard)
    if score_a is None or score_b is None:
        return Outcome(None, next(kind for kind in GRAVEST_FIRST if kind in failures), score_a, score_b)
    return Outcome(questions.compare(score_a, score_b), None, score_a, score_b)
