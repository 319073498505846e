"""One question to a model: the call, what its reply comes to, and the question once more where it holds no answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from harness.answer import Answer
from harness.collapse import gravest
from harness.digest import locator_of
from harness.flow import Conversation
from harness.records import Call, Cell, FailureKind, Item, Message, Model, Outcome, Reply
from harness.strategy import Questions

Heard: TypeAlias = Answer | FailureKind
"""What a reply came to."""
AGAIN: frozenset[Heard] = frozenset(("unparsed", "truncated"))
"""Failures after which the model is asked once more for its answer."""
EMPTY = "(no text)"
"""Stands for a reply without text when the conversation goes on: endpoints refuse an empty turn."""


def call_for(step: str, messages: Sequence[Message], item: Item, cell: Cell, model: Model) -> Call:
    """A call in a cell's conversation about an item, with the place of its reply where that was made elsewhere."""
    recorded = model.provider == "recorded"
    return Call(model, messages, 0, step, locator_of(cell.dataset, item.id, cell.strategy, step) if recorded else "")


def answers_to(calls: Sequence[Call], item: Item, cell: Cell, questions: Questions) -> Conversation[list[Heard]]:
    """Make calls as one batch, and once more those whose replies hold no answer; what each came to, in order."""
    replies = yield calls
    heard = [understood(reply, questions) for reply in replies]
    open_ones = [index for index, one in enumerate(heard) if one in AGAIN]
    if open_ones and questions.again is not None:
        replies = yield [_once_more(calls[at], replies[at], questions.again, item, cell) for at in open_ones]
        for index, reply in zip(open_ones, replies, strict=True):
            heard[index] = understood(reply, questions)
    return heard


def said(reply: Reply) -> Message:
    """A reply as a turn of the conversation that goes on after it."""
    return {"role": "assistant", "content": reply.text if reply.text.strip() else EMPTY}


def _once_more(call: Call, reply: Reply, again: Message, item: Item, cell: Cell) -> Call:
    return call_for(f"{call.step}.again", [*call.messages, said(reply), again], item, cell, call.model)


def understood(reply: Reply, questions: Questions) -> Heard:
    """The answer that a reply holds, or why it holds none."""
    if reply.finish == "stop":
        return questions.read(reply.text) or "unparsed"
    if reply.finish == "length":
        # Its last line may be half a line: the 1 of 10/10, the A of "A or B".
        return questions.read(reply.text.rpartition("\n")[0]) or "truncated"
    return "refused" if reply.finish == "refusal" else "unavailable"


def outcome_of(heard: Sequence[Heard], questions: Questions) -> Outcome:
    """What one answer about both responses, or one about each of them, amounts to.

    A verdict, or the gravest failure and whatever scores there are.
    """
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
        return Outcome(None, gravest(one for one in heard if isinstance(one, str)), score_a, score_b)
    return Outcome(questions.compare(score_a, score_b), None, score_a, score_b)
