"""One question to a model: the call, what its reply comes to, and the question once more where it holds no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from harness.cache.key import locator_of
from harness.evaluators.aggregation import gravest
from harness.evaluators.conversation import Conversation
from harness.prompting.parsing.values import Answer
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Item, Message
from harness.records.experiment import Cell
from harness.records.judgments import FailureKind, Outcome
from harness.records.reasoning import shown_text

ParsedAnswer: TypeAlias = Answer | FailureKind
"""What a reply came to."""
RETRY: frozenset[ParsedAnswer] = frozenset(("unparsed", "truncated"))
"""Failures after which the model is asked once more for its answer."""
EMPTY = "(no text)"
"""Stands for a reply without text when the conversation goes on: endpoints refuse an empty turn."""


class AnsweredCall(NamedTuple):
    """A question and what came back, once more included.

    Attributes:
        call: the call that was answered last; its messages hold the earlier ones.
        reply: the reply to it.
        heard: what that comes to.
        text: all that the model said since it was asked.
    """

    call: Call
    reply: Reply
    heard: ParsedAnswer
    text: str


def call_for(step: str, messages: Sequence[Message], item: Item, cell: Cell, model: Model) -> Call:
    """A call in a cell's conversation about an item, with the place of its reply where that was made elsewhere."""
    locator = locator_of(cell.dataset, item.id, cell.strategy, step) if model.finds_by_place else ""
    return Call(model, messages, 0, step, locator)


def steps_before(
    item: Item, cell: Cell, questions: Questions, model: Model, look: str = ""
) -> Conversation[Mapping[str, str] | FailureKind]:
    """Ask a strategy's preparatory steps, one after another; their replies by id, or why there are not all of them.

    Args:
        item: what is asked about.
        cell: whose conversation it is.
        questions: the strategy.
        model: whom to ask.
        look: ends the names of the calls where the steps are asked more than once about an item.
    """
    replies: dict[str, str] = {}
    for step in questions.steps:
        (reply,) = yield [call_for(f"step-{step}{look}", questions.step(step, item, replies), item, cell, model)]
        if reply.finish == "refusal":
            return "refused"
        if reply.finish == "unavailable":
            return "unavailable"
        if reply.finish == "too-long":
            return "truncated"
        replies[step] = said(reply, model)["content"]
    return replies


def answers_to(calls: Sequence[Call], item: Item, cell: Cell, questions: Questions) -> Conversation[list[ParsedAnswer]]:
    """Make calls as one batch, and once more those whose replies hold no answer; what each came to, in order."""
    calls = _in_form(calls, questions)
    replies = yield calls
    heard = [understood(reply, questions) for reply in replies]
    if not any(map(_may_answer, heard, replies)):
        return heard
    return [one.heard for one in (yield from _once_more(calls, replies, heard, item, cell, questions))]


def answered_calls(
    calls: Sequence[Call], item: Item, cell: Cell, questions: Questions
) -> Conversation[list[AnsweredCall]]:
    """As `answers_to`, with the whole conversations, for who wants to carry one on."""
    calls = _in_form(calls, questions)
    replies = yield calls
    heard = [understood(reply, questions) for reply in replies]
    return (yield from _once_more(calls, replies, heard, item, cell, questions))


def _in_form(calls: Sequence[Call], questions: Questions) -> Sequence[Call]:
    """The calls with what they ask for beside their messages."""
    return calls if questions.params is None else [call._replace(params=questions.params) for call in calls]


def _once_more(
    calls: Sequence[Call],
    replies: Sequence[Reply],
    heard: Sequence[ParsedAnswer],
    item: Item,
    cell: Cell,
    questions: Questions,
) -> Conversation[list[AnsweredCall]]:
    """Ask again, in the same conversation, where a reply holds no answer."""
    held = [
        AnsweredCall(call, reply, answer, shown(reply, call.model))
        for call, reply, answer in zip(calls, replies, heard, strict=True)
    ]
    open_ones = [index for index, one in enumerate(held) if _may_answer(one.heard, one.reply)]
    if not open_ones or questions.again is None:
        return held
    asked = []
    for index in open_ones:
        call = calls[index]
        messages = [*call.messages, said(replies[index], call.model), questions.again]
        asked.append(call_for(f"{call.step}.again", messages, item, cell, call.model))
    again = _in_form(asked, questions)
    replies = yield again
    for index, call, reply in zip(open_ones, again, replies, strict=True):
        text = f"{held[index].text}\n\n{shown(reply, call.model)}"
        held[index] = AnsweredCall(call, reply, understood(reply, questions), text)
    return held


def shown(reply: Reply, model: Model) -> str:
    """What other calls are shown of a reply: its text, and the reasoning of a model whose reasoning the spec shows."""
    return shown_text(reply, with_reasoning=model.show_reasoning)


def said(reply: Reply, model: Model) -> Message:
    """A reply as a turn of the conversation that continues after it."""
    text = shown(reply, model)
    return {"role": "assistant", "content": text if text.strip() else EMPTY}


def understood(reply: Reply, questions: Questions) -> ParsedAnswer:
    """The answer that a reply holds, or why it holds none."""
    if reply.finish == "stop":
        return questions.read(reply.text) or "unparsed"
    if reply.finish == "length":
        # Its last line may be half a line: the 1 of 10/10, the A of "A or B".
        return questions.read(reply.text.rpartition("\n")[0]) or "truncated"
    if reply.finish == "too-long":
        return "truncated"
    return "refused" if reply.finish == "refusal" else "unavailable"


def _may_answer(heard: ParsedAnswer, reply: Reply) -> bool:
    """Whether the model is asked once more: a prompt that was too long only becomes longer by it."""
    return heard in RETRY and reply.finish != "too-long"


def outcome_of(heard: Sequence[ParsedAnswer], questions: Questions) -> Outcome:
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
