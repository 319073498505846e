"""One model gives the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.answer import Answer
from harness.digest import locator_of
from harness.flow import Conversation
from harness.records import Call, Cell, FailureKind, Item, Message, Model, Outcome, Reply, Strategy
from harness.strategy import SIDES, Questions

NAME = "judge"
SUMMARY = "One model gives the verdict; one cell for each model"

Heard: TypeAlias = Answer | FailureKind
"""What a reply came to."""
AGAIN: frozenset[Heard] = frozenset(("unparsed", "truncated"))
"""Failures after which the model is asked once more for its answer."""
GRAVEST_FIRST: tuple[FailureKind, ...] = ("unavailable", "refused", "truncated", "unparsed")
"""Of two failures on one item, the one that stands first here is the item's: it says more about what to mend."""
EMPTY = "(no text)"
"""Stands for a reply without text when the conversation goes on: endpoints refuse an empty turn."""


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
    model = models[cell.models[0]]
    if questions.strategy.ask == "pair":
        calls = [_call("judge", questions.pair(item), item, cell, model)]
    else:
        calls = [_call(f"judge-{side}", questions.alone(item, side), item, cell, model) for side in SIDES]
    replies = yield calls
    heard = [_understood(reply, questions) for reply in replies]
    open_ones = [index for index, one in enumerate(heard) if one in AGAIN]
    if open_ones and questions.again is not None:
        replies = yield [_once_more(calls[at], replies[at], questions.again, item, cell) for at in open_ones]
        for index, reply in zip(open_ones, replies, strict=True):
            heard[index] = _understood(reply, questions)
    return _outcome(heard, questions)


def _call(step: str, messages: list[Message], item: Item, cell: Cell, model: Model) -> Call:
    recorded = model.provider == "recorded"
    return Call(model, messages, 0, step, locator_of(cell.dataset, item.id, cell.strategy, step) if recorded else "")


def _once_more(call: Call, reply: Reply, again: Message, item: Item, cell: Cell) -> Call:
    said: Message = {"role": "assistant", "content": reply.text if reply.text.strip() else EMPTY}
    return _call(f"{call.step}.again", [*call.messages, said, again], item, cell, call.model)


def _understood(reply: Reply, questions: Questions) -> Heard:
    if reply.finish == "stop":
        return questions.read(reply.text) or "unparsed"
    if reply.finish == "length":
        # Its last line may be half a line: the 1 of 10/10, the A of "A or B".
        return questions.read(reply.text.rpartition("\n")[0]) or "truncated"
    return "refused" if reply.finish == "refusal" else "unavailable"


def _outcome(heard: Sequence[Heard], questions: Questions) -> Outcome:
    """A verdict, or the gravest failure and whatever scores there are."""
    first = heard[0]
    if len(heard) == 1:
        if isinstance(first, str):
            return Outcome(None, first)
        if first.verdict is not None:
            return Outcome(first.verdict)
        score_a, score_b = first.score_a, first.score_b
    else:
        score_a, score_b = (None if isinstance(one, str) else one.score for one in heard)
    if score_a is None or score_b is None:
        return Outcome(None, next(kind for kind in GRAVEST_FIRST if kind in heard), score_a, score_b)
    return Outcome(questions.compare(score_a, score_b), None, score_a, score_b)
