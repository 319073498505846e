"""Repeat the calls of failed judgments: `harness run --retry`.

A failed judgment comes from stored replies, and stored replies are reused by default. This module hides the replies of
certain failures from the run, so that it makes these calls again. A new reply replaces the old one, which moves to the
history in the same transaction; without a new reply the old one stays. A reply that a judgment without such a failure
also uses is not requested again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from harness.cache.entry import Entry, Store
from harness.records.calls import Reply
from harness.records.judgments import FAILURES
from harness.runner.retries import DAMAGED, EVERY
from harness.runner.run import Run
from harness.runner.session import ConversationPlan, Replies, UnavailableReplies, advance, start_conversations


class Replaceable(Store, Protocol):
    """A store in which a reply can replace another."""

    def replace(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Replace the reply of a key; the old one moves to the history."""
        ...


class HidingStore:
    """A store that hides some replies until new ones replace them.

    Args:
        store: the store with all replies.
        keys: the keys of the replies to hide.
    """

    def __init__(self, store: Replaceable, keys: Iterable[str]) -> None:
        self._store = store
        self._hidden = set(keys)
        self.claims = getattr(store, "claims", None)

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The stored replies of these keys that are not hidden."""
        return self._store.get_many([key for key in keys if key not in self._hidden])

    def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Store a reply; one that was hidden is replaced, and no longer hidden."""
        if key not in self._hidden:
            return self._store.put(key, call, reply)
        stored = self._store.replace(key, call, reply)
        stored.add_done_callback(lambda done: self._hidden.discard(key) if done.exception() is None else None)
        return stored

    def put_many(self, entries: Sequence[Entry]) -> None:
        """Keep several replies, as the store does."""
        self._store.put_many(entries)

    def entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        """The entries of these keys, hidden or not."""
        return self._store.entries(keys)

    def rescue(self, entries: Sequence[Entry]) -> Path | None:
        """Write entries that could not be stored to a bundle, as the store does."""
        return self._store.rescue(entries)


def kinds_of(wanted: Iterable[str]) -> frozenset[str]:
    """The kinds of failures for some of RETRIES."""
    asked = set(wanted)
    return frozenset(FAILURES if EVERY in asked else asked - {DAMAGED})


def keys_behind(plan: ConversationPlan[Any], replies: Replies, kinds: frozenset[str]) -> set[str]:
    """The keys of the stored replies that led to failures of some kinds, and to nothing else."""
    failed: set[str] = set()
    good: set[str] = set()
    for chunk in plan.chunks():
        conversations = start_conversations(plan, chunk)
        advance(conversations, replies, UnavailableReplies())
        for conversation in conversations:
            if conversation.outcome is not None:
                (failed if conversation.outcome.failure in kinds else good).update(conversation.history)
    return failed - good


def rerun_failed(
    run: Run[Any],
    store: Replaceable,
    kinds: frozenset[str],
    repeated: set[str],
) -> int:
    """Repeat failed calls and make missing ones; return the number of stored replies to replace.

    Args:
        run: the conversations and the connections; it does not repeat calls that fail here.
        store: the cache of the run.
        kinds: kinds of failures.
        repeated: keys of the calls that have been repeated before, to which those of this run are added.
    """
    keys = keys_behind(run.plan, store, kinds) - repeated
    repeated |= keys
    if not keys or run.connect is None:
        return 0
    from harness.runner.executor import Executor, execute

    hiding = HidingStore(store, keys)
    run.before_asking(hiding)
    run.watch.begin(run.plan.conversation_count)
    execute(run.plan, run.plan.chunks(), Executor(hiding, run.connect, run.watch, run.unavailable, 0))
    return len(keys)
