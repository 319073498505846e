"""The waves of a run: all calls that can be made now, given the replies that are known.

A follow-up question, a turn of a debate and a step of a loop depend on earlier replies, so they are part of later
waves. Models whose replies come from this machine (simulated, recorded, a Python function) are called at once, since
they need no batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.cache.entry import Store
from harness.evaluators.conversation import Conversation
from harness.records.calls import Call, Reply
from harness.records.datasets import Item
from harness.records.shared_prompts import plain_call
from harness.runner.session import (
    CallNote,
    Connect,
    ConversationChunk,
    ConversationPlan,
    HasModels,
    Place,
    ProgressListener,
    Replies,
    UnavailableReplies,
    advance,
    start_conversations,
)


class WaitingCall(NamedTuple):
    """A call that can be made now.

    Attributes:
        key: its cache key.
        call: the call.
        place: id of the cell or the system that needs it first.
        item: id of the item that it is about.
    """

    key: str
    call: Call
    place: str
    item: str


Direct = Callable[[Sequence[WaitingCall]], None]
"""Makes calls to models whose replies come from this machine, and stores their replies."""


@dataclass(frozen=True)
class Wave:
    """Finds the calls of one wave.

    Attributes:
        plan: the conversations.
        replies: the stored replies.
        unavailable: calls without a reply, which are not made again.
        direct: makes the calls to models of this machine; None leaves them among the others.
        first: number of the first chunk that is searched.
        ended: receives the number of conversations that have ended, as the search goes on.
    """

    plan: ConversationPlan[Any]
    replies: Replies
    unavailable: UnavailableReplies
    direct: Direct | None = None
    first: int = 0
    ended: Callable[[int], None] = lambda _: None

    def calls(self) -> Iterator[list[WaitingCall]]:
        """The calls, chunk by chunk in canonical order, each once."""
        seen: set[bytes] = set()
        ended = 0
        for chunk in self.plan.chunks():
            if chunk.number < self.first:
                continue
            fresh = []
            missing, over = self._missing(chunk)
            ended += over
            self.ended(ended)
            for one in missing:
                digest = bytes.fromhex(one.key)
                if digest not in seen:
                    seen.add(digest)
                    fresh.append(one)
            if fresh:
                yield fresh

    def _missing(self, chunk: ConversationChunk) -> tuple[list[WaitingCall], int]:
        """The calls that a chunk waits for, and how many of its conversations have ended."""
        conversations = start_conversations(self.plan, chunk)
        waiting = advance(conversations, self.replies, self.unavailable)
        while waiting:
            found = self.replies.get_many([key for conversation in waiting for key in conversation.keys])
            missing = [
                WaitingCall(key, plain_call(call), chunk.cell.id, conversation.item.id)
                for conversation in waiting
                for key, call in zip(conversation.keys, conversation.calls, strict=True)
                if key not in found and self.unavailable.reply_to(key, call) is None
            ]
            own = [one for one in missing if one.call.model.is_free] if self.direct is not None else []
            if self.direct is None or not own:
                return missing, len(conversations) - len(waiting)
            self.direct(own)
            waiting = advance(waiting, self.replies, self.unavailable)
        return [], len(conversations)


class _OwnPlace(NamedTuple):
    """The place of some calls."""

    id: str
    models: tuple[str, ...]


class _OwnChunk(NamedTuple):
    """Calls to the same models."""

    number: int
    cell: Place
    calls: Sequence[WaitingCall]


@dataclass(frozen=True)
class CallPlan:
    """Conversations of one call each: a `ConversationPlan` for the executor.

    Attributes:
        spec: the spec, with the models.
        waiting: the calls.
    """

    spec: HasModels
    waiting: Sequence[WaitingCall]

    @property
    def conversation_count(self) -> int:
        """The number of calls."""
        return len(self.waiting)

    def chunks(self) -> Iterator[_OwnChunk]:
        """The calls by model and place."""
        groups: dict[tuple[str, str], list[WaitingCall]] = {}
        for one in self.waiting:
            groups.setdefault((one.call.model.name, one.place), []).append(one)
        for number, ((model, place), calls) in enumerate(groups.items()):
            yield _OwnChunk(number, _OwnPlace(place, (model,)), calls)

    def conversations(self, chunk: _OwnChunk) -> Iterator[tuple[Item, Conversation[str]]]:
        """A conversation for each call."""
        for one in chunk.calls:
            yield Item(one.item, (), "", ""), _single(one.call)


def _single(call: Call) -> Conversation[str]:
    """A conversation that makes one call."""
    yield [call]
    return ""


class _CallsAlone:
    """A listener that ignores conversations: those of a `CallPlan` are none of the run's.

    Args:
        watch: receives everything about calls.
    """

    def __init__(self, watch: ProgressListener) -> None:
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._watch, name)

    def reached(self, conversations: int) -> None:
        """Ignore it."""

    def ended(self, failure: str) -> None:
        """Ignore it."""

    def called(self, call: Call, reply: Reply) -> None:
        """Pass it on."""
        self._watch.called(call, reply)

    def noted(self, note: CallNote) -> None:
        """Pass it on."""
        self._watch.noted(note)


@dataclass(frozen=True)
class DirectCalls:
    """Makes calls to models of this machine through the executor; a `Direct`.

    Attributes:
        spec: the spec, with the models.
        store: the cache.
        connect: opens connections.
        watch: receives the calls.
        unavailable: receives the calls that fail.
    """

    spec: HasModels
    store: Store
    connect: Connect
    watch: ProgressListener
    unavailable: UnavailableReplies

    def __call__(self, calls: Sequence[WaitingCall]) -> None:
        """Make the calls and store their replies."""
        from harness.runner.executor import Executor, execute

        plan = CallPlan(self.spec, calls)
        listener: Any = _CallsAlone(self.watch)
        execute(plan, plan.chunks(), Executor(self.store, self.connect, listener, self.unavailable, 0))
