"""Ask again for judgments that failed: `harness run --retry`.

A judgment that failed rests on replies that are stored, and a stored reply stays by default. Here the replies behind
certain failures are hidden from the run until they have come anew. The new reply takes the old one's place and the old
one is kept in the history, in one transaction; where no new one comes the old one stays in its place. A reply that a
judgment without such a failure rests on as well is not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from harness.cache.entry import Entry, Store
from harness.records.calls import Reply
from harness.records.judgments import FAILURES
from harness.runner.session import (
    Agenda,
    Connect,
    ProgressListener,
    Replies,
    UnavailableReplies,
    advance,
    start_conversations,
)

EVERY = "failed"
RETRIES = (EVERY, *FAILURES)
"""What may be asked for again: all failures, or those of a kind."""


class Replaceable(Store, Protocol):
    """A store in which a reply can take the place of another."""

    def replace(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Keep a reply in place of the one for the key, which stays in the history."""
        ...


class HidingStore:
    """A store in which some replies are hidden until they have come anew.

    Args:
        store: with all replies.
        keys: of the replies to hide.
    """

    def __init__(self, store: Replaceable, keys: Iterable[str]) -> None:
        self._store = store
        self._hidden = set(keys)

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies of those keys that are there and not hidden."""
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
        """The entries of those keys that are there, hidden or not."""
        return self._store.entries(keys)


def kinds_of(wanted: Iterable[str]) -> frozenset[str]:
    """The kinds of failures that some of RETRIES mean."""
    asked = set(wanted)
    return frozenset(FAILURES if EVERY in asked else asked)


def keys_behind(plan: Agenda[Any], replies: Replies, kinds: frozenset[str]) -> set[str]:
    """The keys of the stored replies that led to failures of some kinds, and to nothing else."""
    failed: set[str] = set()
    good: set[str] = set()
    for chunk in plan.chunks():
        talks = start_conversations(plan, chunk)
        advance(talks, replies, UnavailableReplies())
        for talk in talks:
            if talk.outcome is not None:
                (failed if talk.outcome.failure in kinds else good).update(talk.history)
    return failed - good


def rerun_failed(
    plan: Agenda[Any],
    store: Replaceable,
    connect: Connect,
    watch: ProgressListener,
    kinds: frozenset[str],
    tell: Callable[[Replies], None],
    lost: UnavailableReplies,
) -> int:
    """Ask again for what failed, and for what is missing; how many stored replies were to be asked for again.

    Args:
        plan: whose judgments.
        store: the cache.
        connect: opens the connection to a model.
        watch: who is told.
        kinds: of failures.
        tell: called before the first call is made, with the replies that count as there.
        lost: what could not be had; the run that follows asks for none of it once more.
    """
    keys = keys_behind(plan, store, kinds)
    if not keys:
        return 0
    from harness.runner.executor import Executor, fill

    unheard = HidingStore(store, keys)
    tell(unheard)
    watch.begin(plan.conversation_count)
    fill(plan, plan.chunks(), Executor(unheard, connect, watch, lost, 0))
    return len(keys)
