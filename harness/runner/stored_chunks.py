"""Advance the conversations of a chunk as far as stored replies allow; those of which none is needed are not held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar, cast

from harness.evaluators.conversation import Conversation
from harness.records.datasets import Item
from harness.runner.finished import EndedConversation, FinishedConversation, JudgedChunk
from harness.runner.session import (
    ConversationState,
    DistributablePlan,
    Replies,
    UnavailableReplies,
    advance,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ConversationSource(Protocol[T_co]):
    """What gives the conversations of a chunk; it may be a `DistributablePlan` as well."""

    def conversations(self, chunk: Any) -> Iterator[tuple[Item, Conversation[T_co]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        ...


def advanced(
    source: ConversationSource[T], chunk: Any, replies: Replies, unavailable: UnavailableReplies
) -> tuple[Sequence[FinishedConversation[T]], list[ConversationState[T]]]:
    """The conversations of a chunk as far as stored replies allow, and those of them that need a call."""
    replayed = replayed_directly(source, chunk, replies)
    if isinstance(replayed, JudgedChunk):
        return cast("Sequence[FinishedConversation[T]]", replayed), []
    if replayed is None:
        held = [ConversationState(*pair) for pair in source.conversations(chunk)]
        return held, advance(held, replies, unavailable)
    pairs = zip(replayed, source.conversations(chunk), strict=True)
    every = [ConversationState(*pair) if one is None else one for one, pair in pairs]
    started = [one for one in every if isinstance(one, ConversationState)]
    return every, advance(started, replies, unavailable)


def replayed_directly(
    source: ConversationSource[T], chunk: Any, replies: Replies
) -> Sequence[EndedConversation[T] | None] | None:
    """The conversations of a chunk as they end, where that is known without holding them.

    Returns:
        None for each conversation that has to be held, or None where all have to be.
    """
    if not hasattr(source, "maker"):
        return None
    distributable = cast("DistributablePlan[T]", source)
    replayed = getattr(distributable.maker(), "replayed", None)
    return None if replayed is None else replayed(chunk, lambda: distributable.material(chunk), replies)
