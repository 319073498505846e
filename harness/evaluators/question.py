"""One question to a model: its call, the parsed answer, and one retry if the reply has no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson

from harness.cache.key import locator_of
from harness.evaluators.aggregation import OTHER, gravest
from harness.evaluators.conversation import Conversation
from harness.prompting.parsing.values import Answer
from harness.prompting.single import SingleRule
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Finish, Model, Reply
from harness.records.datasets import Item, Message
from harness.records.experiment import Cell
from harness.records.judgments import FAILURES, FailureKind, Outcome
from harness.records.rankings import ranking_of
from harness.records.reasoning import shown_text

ParsedAnswer: TypeAlias = Answer | FailureKind
"""The answer that was read from a reply, or the failure."""
RETRY: frozenset[ParsedAnswer] = frozenset(("unparsed", "truncated"))
"""Failures after which the model is asked for its answer once more."""
WITHOUT_TEXT: Mapping[Finish, FailureKind] = {
    "refusal": "refused",
    "too-long": "truncated",
    "unavailable": "unavailable",
}
"""The failure of a reply whose text cannot be used, by how the reply ended."""
SWAPPED = "swapped"
"""Begins the step of a call that shows the responses exchanged."""
EMPTY = "(no text)"
"""Replaces an empty reply in a conversation that continues, because endpoints refuse an empty turn."""


class AnsweredCall(NamedTuple):
    """A question and its answer, a retry included.

    Attributes:
        call: the last call; its messages contain the earlier ones.
        reply: the reply to it.
        answer: the parsed answer, or the failure.
        text: the text of all replies to the question.
    """

    call: Call
    reply: Reply
    answer: ParsedAnswer
    text: str


def call_for(step: str, messages: Sequence[Message], item: Item, cell: Cell, model: Model) -> Call:
    """A call in a cell's conversation about an item, with its place if the provider finds replies by place."""
    locator = locator_of(cell.dataset, item.id, cell.strategy, step) if model.finds_by_place else ""
    return Call(model, messages, 0, step, locator)


def with_step(call: Call, step: str) -> Call:
    """A call under another step, also in the place where its recorded reply is found."""
    locator = ""
    if call.locator:
        dataset, item, strategy, _ = orjson.loads(call.locator)
        locator = locator_of(dataset, item, strategy, step)
    return call._replace(step=step, locator=locator)


def steps_before(
    item: Item, cell: Cell, questions: Questions, model: Model, look: str = ""
) -> Conversation[Mapping[str, str] | FailureKind]:
    """Ask the preparatory steps of a strategy in order; their replies by id, or the failure of one of them.

    Args:
        item: the item.
        cell: the cell.
        questions: the compiled strategy.
        model: the model that is asked.
        look: suffix of the step names, for a mode that asks the steps more than once about an item.
    """
    if model.is_mapped:
        return dict.fromkeys(questions.steps, "")
    replies: dict[str, str] = {}
    for step in questions.steps:
        (reply,) = yield [call_for(f"step-{step}{look}", questions.step(step, item, replies), item, cell, model)]
        if reply.finish in WITHOUT_TEXT:
            return WITHOUT_TEXT[reply.finish]
        replies[step] = said(reply, model)["content"]
    return replies


def answers_to(calls: Sequence[Call], item: Item, cell: Cell, questions: Questions) -> Conversation[list[ParsedAnswer]]:
    """The answers to calls that are made as one batch, in order, with one retry for each reply without an answer."""
    calls = _in_form(calls, questions)
    replies = yield calls
    answers = [understood(reply, questions) for reply in replies]
    if not any(map(_may_answer, answers, replies, calls)):
        return answers
    return [one.answer for one in (yield from _once_more(calls, replies, answers, item, cell, questions))]


def answered_calls(
    calls: Sequence[Call], item: Item, cell: Cell, questions: Questions
) -> Conversation[list[AnsweredCall]]:
    """As `answers_to`, with the calls and replies, for a conversation that continues."""
    calls = _in_form(calls, questions)
    replies = yield calls
    answers = [understood(reply, questions) for reply in replies]
    return (yield from _once_more(calls, replies, answers, item, cell, questions))


def _in_form(calls: Sequence[Call], questions: Questions) -> Sequence[Call]:
    """The calls with the parameters that the answer rule needs, such as `response_format`."""
    return calls if questions.params is None else [call._replace(params=questions.params) for call in calls]


def _once_more(
    calls: Sequence[Call],
    replies: Sequence[Reply],
    answers: Sequence[ParsedAnswer],
    item: Item,
    cell: Cell,
    questions: Questions,
) -> Conversation[list[AnsweredCall]]:
    """Ask once more, in the same conversation, where a reply has no answer."""
    answered = [
        AnsweredCall(call, reply, answer, shown(reply, call.model))
        for call, reply, answer in zip(calls, replies, answers, strict=True)
    ]
    unanswered = [index for index, one in enumerate(answered) if _may_answer(one.answer, one.reply, one.call)]
    if not unanswered or questions.again is None:
        return answered
    asked = []
    for index in unanswered:
        call = calls[index]
        messages = [*call.messages, said(replies[index], call.model), questions.again]
        asked.append(call_for(f"{call.step}.again", messages, item, cell, call.model))
    again = _in_form(asked, questions)
    replies = yield again
    for index, call, reply in zip(unanswered, again, replies, strict=True):
        text = f"{answered[index].text}\n\n{shown(reply, call.model)}"
        answered[index] = AnsweredCall(call, reply, understood(reply, questions), text)
    return answered


def shown(reply: Reply, model: Model) -> str:
    """What other calls are shown of a reply: its text, and the reasoning of a model whose reasoning the spec shows."""
    return shown_text(reply, with_reasoning=model.show_reasoning)


def said(reply: Reply, model: Model) -> Message:
    """A reply as a turn of the conversation that continues after it."""
    text = shown(reply, model)
    return {"role": "assistant", "content": text if text.strip() else EMPTY}


def understood(reply: Reply, questions: Questions) -> ParsedAnswer:
    """The answer in a reply, or the failure. The soft verdict of a recording comes before its text."""
    if reply.finish == "judged":
        return _judged_answer(reply, questions)
    answer = _read(reply, questions)
    return answer if isinstance(answer, str) or not reply.is_exchanged else _mapped_back(answer)


def _read(reply: Reply, questions: Questions) -> ParsedAnswer:
    if reply.preference is not None and reply.finish in ("stop", "length"):
        return soft_answer(reply.preference, 1 - reply.preference, reply.preference)
    if questions.read_logprobs is not None and reply.finish in ("stop", "length"):
        return questions.read_logprobs(reply.logprobs) or "unparsed"
    if reply.finish == "stop":
        return questions.read(reply.text) or "unparsed"
    if reply.finish == "length":
        # Its last line may be half a line: the 1 of 10/10, the A of "A or B".
        return questions.read(reply.text.rpartition("\n")[0]) or "truncated"
    return WITHOUT_TEXT[reply.finish]


def _judged_answer(reply: Reply, questions: Questions) -> ParsedAnswer:
    """The result of a recorded judgment without a reply."""
    values = orjson.loads(reply.text)
    result, preference = values.get("result"), reply.preference
    if questions.single is not None and result not in FAILURES:
        return _judged_single(result, values.get("score"), questions) or "unparsed"
    if "score" in values:
        return Answer(score=values["score"])
    if result in FAILURES:
        failure: FailureKind = result
        return failure
    score_a, score_b = values.get("score_a"), values.get("score_b")
    if preference is not None and (score_a is None or score_b is None):
        score_a, score_b = preference, 1 - preference
    return Answer(verdict=result, score_a=score_a, score_b=score_b, preference=preference)


def _judged_single(label: str | None, score: float | None, questions: Questions) -> Answer | None:
    """A recorded label in any case, or score; None where the strategy has no such label or its scale no such score."""
    rule = questions.strategy.answer
    if label is not None:
        names = questions.single.labels.names if questions.single and not questions.single.labels.is_number else ()
        found = [label] if label in names else [name for name in names if name.casefold() == label.casefold()]
        return Answer(verdict=found[0]) if len(found) == 1 else None
    if score is None or rule["kind"] == "label" or ("tokens" in rule and len(rule["tokens"]) > 2):
        return None
    scale = rule.get("scale")
    return Answer(score=score) if scale is None or scale["min"] <= score <= scale["max"] else None


def _mapped_back(answer: Answer) -> Answer:
    """An answer about exchanged responses as one about the order of the call."""
    verdict = None if answer.verdict is None else OTHER[answer.verdict]
    preference = None if answer.preference is None else 1 - answer.preference
    return answer._replace(verdict=verdict, score_a=answer.score_b, score_b=answer.score_a, preference=preference)


def soft_answer(score_a: float, score_b: float, preference: float) -> Answer:
    """A soft verdict as an answer; the probabilities of both responses are its scores, which the tie margin compares.

    Args:
        score_a: the probability that the response shown first is better.
        score_b: the probability that the other one is.
        preference: the first of them, with half the probability of a tie.
    """
    return Answer(score_a=score_a, score_b=score_b, preference=preference)


def failure_without_text(reply: Reply) -> FailureKind | None:
    """Why a reply holds no text that can be used; None for a reply with text, even if it was cut off."""
    if reply.finish in WITHOUT_TEXT:
        return WITHOUT_TEXT[reply.finish]
    if reply.text.strip():
        return None
    return "truncated" if reply.finish == "length" else "unparsed"


def _may_answer(answer: ParsedAnswer, reply: Reply, call: Call) -> bool:
    """Whether the model is asked once more: a prompt that was too long only becomes longer, a table has no more."""
    return answer in RETRY and reply.finish != "too-long" and not call.model.is_mapped


def outcome_of(answers: Sequence[ParsedAnswer], questions: Questions) -> Outcome:
    """The outcome of one answer about both responses, or of one answer about each.

    It is a verdict, or the most serious failure with the scores that were read; of a single response it is its label.
    """
    first = answers[0]
    if questions.single is not None:
        return _labelled(first, questions.single)
    if not isinstance(first, str) and first.verdict is not None:
        return Outcome(first.verdict, None, first.score_a, first.score_b, preference=first.preference)
    if len(answers) == 1:
        if isinstance(first, str):
            return Outcome(None, first)
        score_a, score_b, preference = first.score_a, first.score_b, first.preference
    else:
        preference = None
        score_a, score_b = (None if isinstance(one, str) else one.score for one in answers)
    if score_a is None or score_b is None:
        return Outcome(None, gravest(one for one in answers if isinstance(one, str)), score_a, score_b)
    return Outcome(questions.compare(score_a, score_b), None, score_a, score_b, preference=preference)


def ranked_by_scores(answers: Sequence[ParsedAnswer], margin: float) -> Outcome:
    """The ranking of several responses by the score of each, or the most serious failure where one has no score."""
    scores = [None if isinstance(one, str) else one.score for one in answers]
    known = [score for score in scores if score is not None]
    if len(known) < len(answers):
        return Outcome(None, gravest(one for one in answers if isinstance(one, str)))
    return Outcome(ranking_of(known, margin=margin))


def _labelled(answer: ParsedAnswer, rule: SingleRule) -> Outcome:
    """The label of a single response, with its score where there is one."""
    if isinstance(answer, str):
        return Outcome(None, answer)
    if answer.verdict is not None:
        return Outcome(answer.verdict)
    assert answer.score is not None, "an answer about a single response is a label or a score"
    return Outcome(rule.label_of(answer.score), None, answer.score, preference=answer.preference)
