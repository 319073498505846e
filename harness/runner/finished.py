"""Conversations that have ended, in this process or in another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from harness.records.judgments import Judgment, Outcome
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
    """A conversation that ended in another process; as `FinishedConversation`."""

    item_id: str
    outcome: T | None
    history: tuple[str, ...]
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    remarks: tuple[Remark, ...]


class EndedConversations(list[EndedConversation[Any]]):
    """The ended conversations of a chunk. Other processes receive their columns, which takes half the time."""

    def __reduce__(self) -> tuple[Any, ...]:
        if not self or not all(type(one.outcome) is Outcome for one in self):
            return type(self), ([*self],)
        items, outcomes, *others = zip(*self, strict=True)
        return _of_columns, (items, [*zip(*outcomes, strict=True)], *others)


def _of_columns(items: Sequence[str], outcomes: Sequence[Sequence[Any]], *others: Sequence[Any]) -> EndedConversations:
    """Ended conversations from columns, one for each attribute, and columns of the outcomes."""
    made = map(Outcome._make, zip(*outcomes, strict=True))
    return EndedConversations(map(EndedConversation._make, zip(items, made, *others, strict=True)))


def judgment_of(conversation: FinishedConversation[Any]) -> Judgment:
    """A finished conversation as a row, where it ended in an outcome."""
    one = conversation
    assert one.outcome is not None, "the conversation has ended"
    return Judgment(one.item_id, cast(Outcome, one.outcome), one.history, one.prompt_tokens, one.completion_tokens)
