"""The feedback loop about one prompt, without I/O.

    draft-1 ─▶ review-1-1, review-1-2, … (at once) ─▶ draft-2 ─▶ review-2-1, … ─▶ draft-3 … ─▶ select-2, select-3, …

The generator keeps its conversation, and each reviewer its own. A reviewer that fails is left out of that round; a
generator that fails ends the loop with the drafts so far. The last draft is reviewed only if its score is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.cache.key import call_key, locator_of
from harness.evaluators.conversation import Conversation
from harness.evaluators.question import failure_without_text, shown
from harness.generation.records import Draft, Ended, Review, Selection, Stop, System, Trajectory
from harness.generation.review import Reviewing
from harness.generation.selection import pick
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Item, Message
from harness.records.judgments import FailureKind

LOOP = "loop"
"""Stands for the strategy in the place of a recorded draft or review."""


@dataclass(frozen=True, slots=True)
class LoopContext:
    """The settings that all loops of a spec share.

    Attributes:
        models: the models, by name.
        reviewing: the messages to reviewers and generators.
        stop: when a loop ends early.
        selection: how the best draft is selected.
        questions: the compiled strategy of a tournament, None where there is none.
    """

    models: Mapping[str, Model]
    reviewing: Reviewing
    stop: Stop
    selection: Selection
    questions: Questions | None = None


def converse(item: Item, system: System, context: LoopContext) -> Conversation[Trajectory]:
    """Write, review and revise, and pick the best draft."""
    drafts, failure, ended = yield from _drafts(item, system, context)
    if not drafts:
        return Trajectory((), -1, failure, ended)
    picked, duels = yield from pick(item, drafts, system, context.selection, context.questions, context.models)
    return Trajectory(drafts, picked, failure, ended, duels)


def _drafts(
    item: Item, system: System, context: LoopContext
) -> Conversation[tuple[tuple[Draft, ...], FailureKind | None, Ended]]:
    drafts: list[Draft] = []
    chat: list[Message] = list(item.prompt)
    chats: dict[int, list[Message]] = {}
    for number in range(1, system.rounds + 1):
        call = _call(f"draft-{number}", chat, item, system, context.models[system.generator])
        (reply,) = yield [call]
        failure = failure_without_text(reply)
        if failure is not None:
            return tuple(drafts), failure, ""
        text = shown(reply, call.model)
        if context.stop.unchanged and drafts and _same(text, drafts[-1].text):
            return tuple(drafts), None, "unchanged"
        draft = Draft(text, reply.finish == "length", call_key(call), (), _is_stripped(reply, call.model))
        is_last = number == system.rounds
        if system.reviewers and not (is_last and context.selection.by != "score"):
            draft = draft._replace(reviews=(yield from _reviews(item, system, context, number, draft.text, chats)))
        drafts.append(draft)
        if is_last:
            break
        if context.stop.score is not None and draft.score is not None and draft.score >= context.stop.score:
            return tuple(drafts), None, "score"
        valid = [review for review in draft.reviews if review.failure is None]
        if not valid:
            return tuple(drafts), None, "no-feedback"
        said: Message = {"role": "assistant", "content": text}
        chat = [*chat, said, context.reviewing.revision(item.prompt, valid)]
    return tuple(drafts), None, ""


def _reviews(
    item: Item, system: System, context: LoopContext, number: int, text: str, chats: dict[int, list[Message]]
) -> Conversation[tuple[Review, ...]]:
    """Ask all reviewers about a draft in one batch; each continues its own conversation with its past answers."""
    calls = []
    for at, name in enumerate(system.reviewers):
        messages = context.reviewing.ask(item.prompt, text, chats.get(at, ()))
        step = f"review-{number}" if len(system.reviewers) == 1 else f"review-{number}-{at + 1}"
        call = _call(step, messages, item, system, context.models[name])
        calls.append(call._replace(params=context.reviewing.params))
    replies = yield calls
    reviews = []
    for at, (name, call, reply) in enumerate(zip(system.reviewers, calls, replies, strict=True)):
        failure = failure_without_text(reply)
        if failure is None:
            said = shown(reply, call.model)
            chats[at] = [*call.messages, {"role": "assistant", "content": said}]
            score, is_stripped = context.reviewing.score(reply.text), _is_stripped(reply, call.model)
            reviews.append(Review(name, said, score, None, call_key(call), is_stripped))
        else:
            reviews.append(Review(name, "", None, failure, call_key(call)))
    return tuple(reviews)


def _call(step: str, messages: Sequence[Message], item: Item, system: System, model: Model) -> Call:
    """A call of a loop, with the location of its reply in a recording.

    A first draft is the same call in all systems of a generator: it is made once, and recorded once.
    """
    if not model.finds_by_place:
        return Call(model, messages, 0, step)
    alone = step == "draft-1"
    place = LOOP if alone else f"{LOOP}:{system.name}"
    return Call(model, messages, 0, step, locator_of(system.prompts, item.id, place, step))


def _is_stripped(reply: Reply, model: Model) -> bool:
    """Whether reasoning was separated from a reply."""
    return bool(reply.reasoning) and not model.show_reasoning


def _same(one: str, other: str) -> bool:
    """Whether two texts are equal apart from white space."""
    return one.split() == other.split()
