"""Conversations that have ended, in this process or in another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast, overload

from harness.records.judgments import Outcome, Usage
from harness.runner.reply_notes import Remark

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class FinishedConversation(Protocol[T_co]):
    """A conversation that has ended."""

    @property
    def item_id(self) -> str:
        """Id of its item."""
        ...

    @property
    def outcome(self) -> T_co | None:
        """Its outcome; not None."""
        ...

    @property
    def history(self) -> tuple[str, ...]:
        """The cache keys of its calls."""
        ...

    @property
    def prompt_tokens(self) -> int:
        """Of all its calls."""
        ...

    @property
    def completion_tokens(self) -> int:
        """Of all its calls."""
        ...

    @property
    def cost_usd(self) -> float | None:
        """Cost of its replies by the prices in the spec; None if a model has no price."""
        ...

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Remarkable properties of replies."""
        ...


class EndedConversation(NamedTuple, Generic[T]):
    """A conversation that ended in another process, or that was never held; as `FinishedConversation`."""

    item_id: str
    outcome: T | None
    history: tuple[str, ...]
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class JudgedChunk(Sequence[EndedConversation[Outcome]]):
    """The ended conversations of a chunk, attribute by attribute.

    This is how judgments are scored, written and sent between processes: all of that handles columns in a fraction of
    the time that it takes for objects. As a sequence it makes the conversations one by one.

    Attributes:
        items: the id of the item of each conversation.
        outcomes: a column for each field of `Outcome`, in its order.
        keys: the cache keys of the calls of each.
        prompt_tokens: of all calls of each.
        completion_tokens: of all calls of each.
        costs_usd: of each, None where a model has no price.
        remarks: by position, those of the conversations that have some.
    """

    items: Sequence[str]
    outcomes: Sequence[Sequence[Any]]
    keys: Sequence[tuple[str, ...]]
    prompt_tokens: Sequence[int]
    completion_tokens: Sequence[int]
    costs_usd: Sequence[float | None]
    remarks: Mapping[int, tuple[Remark, ...]]

    @classmethod
    def of(cls, conversations: Sequence[FinishedConversation[Outcome]]) -> JudgedChunk:
        """Conversations that have ended in outcomes."""
        if isinstance(conversations, cls):
            return conversations
        rows = [one[:-1] for one in map(_plain, conversations)]
        items, outcomes, keys, prompt_tokens, completion_tokens, costs = [*zip(*rows, strict=True)] or [()] * 6
        remarks = {at: one.remarks for at, one in enumerate(conversations) if one.remarks}
        return cls(items, columns_of(outcomes), keys, prompt_tokens, completion_tokens, costs, remarks)

    @classmethod
    def counted(cls, items: Sequence[str], outcomes: Sequence[Outcome]) -> JudgedChunk:
        """Outcomes that no calls were made for."""
        none, nothing = [0] * len(items), [()] * len(items)
        return cls(items, columns_of(outcomes), nothing, none, none, [0.0] * len(items), {})

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int) -> EndedConversation[Outcome]: ...

    @overload
    def __getitem__(self, at: slice) -> list[EndedConversation[Outcome]]: ...

    def __getitem__(self, at: int | slice) -> EndedConversation[Outcome] | list[EndedConversation[Outcome]]:
        return [*self][at]

    def __iter__(self) -> Iterator[EndedConversation[Outcome]]:
        outcomes = map(Outcome._make, zip(*self.outcomes, strict=True))
        tokens = zip(self.prompt_tokens, self.completion_tokens, strict=True)
        rows = zip(self.items, outcomes, self.keys, tokens, self.costs_usd, strict=True)
        for at, (item, outcome, keys, (prompt, completion), cost) in enumerate(rows):
            yield EndedConversation(item, outcome, keys, prompt, completion, cost, self.remarks.get(at, ()))

    @property
    def usage(self) -> Usage:
        """What the judgments took."""
        costs, escalated = self.costs_usd, [stages or 0 for stages in self.outcomes[ESCALATED]]
        return Usage(
            sum(self.prompt_tokens),
            sum(self.completion_tokens),
            sum(map(len, self.keys)),
            None if None in costs else sum(cast("Sequence[float]", costs)),
            sum(self.outcomes[ABSTAINED]),
            tuple(sum(stage >= number for stage in escalated) for number in range(1, max(escalated, default=0) + 1)),
        )


VERDICT, FAILURE, SCORE_A, SCORE_B, VOTES, ABSTAINED, PREFERENCE, ESCALATED = range(len(Outcome._fields))
"""The positions of the columns of outcomes."""


def columns_of(outcomes: Sequence[Outcome]) -> list[Sequence[Any]]:
    """A column for each field of outcomes."""
    return [*zip(*outcomes, strict=True)] or [()] * len(Outcome._fields)


def _plain(one: FinishedConversation[Outcome]) -> EndedConversation[Outcome]:
    if isinstance(one, EndedConversation):
        return one
    tokens = (one.prompt_tokens, one.completion_tokens)
    return EndedConversation(one.item_id, one.outcome, one.history, *tokens, one.cost_usd, one.remarks)


def as_sent(ended: Sequence[EndedConversation[Any]]) -> Sequence[EndedConversation[Any]]:
    """Ended conversations in the form in which other processes receive them fastest."""
    if isinstance(ended, JudgedChunk) or not all(type(one.outcome) is Outcome for one in ended):
        return ended
    return JudgedChunk.of(ended)


def remarks_of(conversations: Sequence[FinishedConversation[Any]]) -> Iterator[tuple[str, tuple[Remark, ...]]]:
    """The items of those conversations about whose replies there are remarks, with these."""
    if isinstance(conversations, JudgedChunk):
        return ((conversations.items[at], remarks) for at, remarks in conversations.remarks.items())
    return ((one.item_id, one.remarks) for one in conversations if one.remarks)
