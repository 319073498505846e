"""Conversations in progress, advanced together over the cache with one look-up a round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from harness.cache.key import call_key
from harness.evaluators.conversation import Conversation
from harness.records.calls import UNAVAILABLE, Call, Model, Price, Reply
from harness.records.datasets import Item
from harness.runner.finished import EndedConversation
from harness.runner.reply_notes import Remark, remark_on

if TYPE_CHECKING:
    from harness.providers.cancellation import Cancellation
    from harness.providers.provider import Connection

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

FREE = Price(0, 0)


class Place(Protocol):
    """The owner of conversations: a cell, or a system."""

    @property
    def id(self) -> str:
        """Stable and readable."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that are called."""
        ...


class ConversationChunk(Protocol):
    """Some neighbouring conversations of one place."""

    @property
    def number(self) -> int:
        """Position in the canonical order of all chunks."""
        ...

    @property
    def cell(self) -> Place:
        """Where they belong."""
        ...


class HasModels(Protocol):
    """The part of a spec that conversations need."""

    @property
    def models(self) -> Mapping[str, Model]:
        """By name."""
        ...


class ConversationPlan(Protocol[T_co]):
    """The conversations of a run, in canonical order."""

    @property
    def spec(self) -> HasModels:
        """The spec, with the models that are called."""
        ...

    @property
    def conversation_count(self) -> int:
        """The number of conversations."""
        ...

    def chunks(self) -> Iterator[Any]:
        """All chunks, in canonical order."""
        ...

    def conversations(self, chunk: Any) -> Iterator[tuple[Item, Conversation[T_co]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        ...


class ConversationMaker(Protocol[T_co]):
    """Makes conversations without the data of a plan. It can be pickled."""

    def conversations(self, chunk: Any, material: Any) -> Iterator[tuple[Item, Conversation[T_co]]]:
        """The items of a chunk, each with a fresh conversation about it; `material` is what the plan gives of it."""
        ...


class DistributablePlan(Protocol[T_co]):
    """A plan whose conversations can be made in another process.

    `conversations(chunk)` is `maker().conversations(chunk, material(chunk))`.
    """

    def maker(self) -> ConversationMaker[T_co]:
        """What makes its conversations."""
        ...

    def material(self, chunk: Any) -> Iterable[Any]:
        """What the conversations of a chunk are about; each element can be pickled."""
        ...


class Replies(Protocol):
    """Where stored replies are looked up."""

    def get_many(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """The stored replies among `keys`; those that are not stored are left out."""
        ...


class CallNote(NamedTuple):
    """A call that was answered, or that failed.

    Attributes:
        place: id of the cell or the system that asked first.
        item: id of the item that it was asked about.
        call: the call.
        key: its cache key.
        seconds: time until it was answered and stored, or failed, with all attempts and waits.
        attempts: number of attempts.
        reply: the reply, None if it failed.
        reason: why it failed, "" if it was answered.
    """

    place: str
    item: str
    call: Call
    key: str
    seconds: float
    attempts: int
    reply: Reply | None
    reason: str = ""


class ProgressListener(Protocol):
    """Receives the progress of a run."""

    def begin(self, conversations: int) -> None:
        """A run of a number of conversations starts."""
        ...

    def reached(self, conversations: int) -> None:
        """A number of conversations have ended, from the cache or from new replies."""
        ...

    def ended(self, failure: str) -> None:
        """A conversation that needed calls ended, with the kind of its failure, "" for none."""
        ...

    def called(self, call: Call, reply: Reply) -> None:
        """A call was answered and its reply stored, or it failed (finish `unavailable`)."""
        ...

    def noted(self, note: CallNote) -> None:
        """A call was answered or failed, with the details for a log."""
        ...

    def tries(self, call: Call) -> int:
        """The number of attempts of an ended call."""
        ...

    def stopped(self, model: str, reason: str) -> None:
        """A model failed."""
        ...

    def stopping(self, in_flight: int) -> None:
        """The run is stopping and waits for a number of calls."""
        ...

    def warned(self, message: str) -> None:
        """Something happened that the user has to know at once."""
        ...


Connect: TypeAlias = "Callable[[str, Cancellation], Connection]"
"""Opens the connection to a model of the spec, by name; `Cancellation` reports whether the run is to stop."""


class UnavailableReplies:
    """Calls of this run without a reply: they count as failures and are not made again."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        """Kind of failure by cache key."""
        self.models: dict[str, str] = {}
        """Failed models, with the reason."""

    def reply_to(self, key: str, call: Call) -> Reply | None:
        """The mark of an unavailable reply, or None where the call may still be made."""
        if key in self.keys or call.model.name in self.models:
            return UNAVAILABLE
        return None


class ConversationState(Generic[T]):
    """One conversation about one item, and its state.

    Attributes:
        item: the item.
        calls: the batch that it waits for.
        keys: the cache keys of these calls.
        outcome: None while it is in progress.
        cost_usd: cost of the replies so far, by the prices in the spec; None if a model has no price.
        remarks: remarkable properties of replies.
    """

    __slots__ = (
        "calls",
        "completion_tokens",
        "conversation",
        "cost_usd",
        "history",
        "item",
        "keys",
        "outcome",
        "prompt_tokens",
        "remarks",
    )

    def __init__(self, item: Item, conversation: Conversation[T]) -> None:
        self.item = item
        self.conversation = conversation
        self.history: tuple[str, ...] = ()
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost_usd: float | None = 0.0
        self.remarks: tuple[Remark, ...] = ()
        self.outcome: T | None = None
        self.calls: Sequence[Call] = next(conversation)
        self.keys = [call_key(call) for call in self.calls]

    def receive(self, replies: Sequence[Reply]) -> bool:
        """Pass in the replies to the batch; return whether the conversation continues."""
        for key, call, reply in zip(self.keys, self.calls, replies, strict=True):
            if reply is not UNAVAILABLE:
                self.history += (key,)
                self.prompt_tokens += reply.prompt_tokens
                self.completion_tokens += reply.completion_tokens
                if self.cost_usd is not None:
                    self._pay(call.model, reply)
                if (remark := remark_on(call, reply)) is not None:
                    self.remarks += (remark,)
        try:
            self.calls = self.conversation.send(replies)
        except StopIteration as stop:
            self.outcome = stop.value
            self.calls, self.keys = (), []
            return False
        self.keys = [call_key(call) for call in self.calls]
        return True

    def _pay(self, model: Model, reply: Reply) -> None:
        """Add what a reply cost to the cost so far, which is known."""
        assert self.cost_usd is not None
        if reply.cost_usd is not None:
            self.cost_usd += reply.cost_usd
            return
        price = FREE if model.is_free else model.price
        if price is None:
            self.cost_usd = None
        else:
            self.cost_usd += price.cost(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)

    @property
    def item_id(self) -> str:
        """Id of the item."""
        return self.item.id

    def finished(self) -> EndedConversation[T]:
        """The conversation, which has ended, as another process receives it."""
        return EndedConversation(
            self.item.id,
            self.outcome,
            self.history,
            self.prompt_tokens,
            self.completion_tokens,
            self.cost_usd,
            self.remarks,
        )


def advance(
    conversations: Iterable[ConversationState[T]], replies: Replies, unavailable: UnavailableReplies
) -> list[ConversationState[T]]:
    """Advance every conversation as far as stored replies allow; return those that need a call, in order."""
    active, waiting = list(conversations), []
    while active:
        found = replies.get_many([key for conversation in active for key in conversation.keys])
        going = []
        for conversation in active:
            received = [
                found.get(key) or unavailable.reply_to(key, call)
                for key, call in zip(conversation.keys, conversation.calls, strict=True)
            ]
            if None in received:
                waiting.append(conversation)
            elif conversation.receive(received):  # type: ignore[arg-type]  # None was ruled out
                going.append(conversation)
        active = going
    return waiting


def start_conversations(plan: ConversationPlan[T], chunk: ConversationChunk) -> list[ConversationState[T]]:
    """Fresh conversations about the items of a chunk, each waiting for its first batch."""
    return [ConversationState(item, conversation) for item, conversation in plan.conversations(chunk)]


def keys_up_to_missing(plan: ConversationPlan[Any], replies: Replies) -> Iterator[str]:
    """The keys of all calls that conversations have made or wait for, given the stored replies; no call is made."""
    for chunk in plan.chunks():
        conversations = start_conversations(plan, chunk)
        advance(conversations, replies, UnavailableReplies())
        for conversation in conversations:
            yield from conversation.history
            yield from conversation.keys
