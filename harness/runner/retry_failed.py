"""Ask again for judgments that failed: `harness run --retry`.

A judgment that failed rests on replies that are stored, and a stored reply stays by default. Here the replies behind
certain failures are hidden from the run until they have come anew. The new reply takes the old one's place and the old
one is kept in the history, in one transaction; where no new one comes the old one stays in its place. A reply that a
judgment without such a failure rests on as well is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from harness.cache.entry import Entry, Store
from harness.records.calls import Reply
from harness.records.judgments import FAILURES
from harness.runner.run import Run
from harness.runner.session import ConversationPlan, Replies, UnavailableReplies, advance, start_conversations

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
) -> int:
    """Ask again for what failed, and for what is missing; the number of stored replies to replace.

    Args:
        run: which conversations, and how to reach the models; it makes none of the calls again that fail here.
        store: the cache of the run.
        kinds: of failures.
    """
    keys = keys_behind(run.plan, store, kinds)
    if not keys or run.connect is None:
        return 0
    from harness.runner.executor import Executor, execute

    hiding = HidingStore(store, keys)
    run.before_asking(hiding)
    run.watch.begin(run.plan.conversation_count)
    execute(run.plan, run.plan.chunks(), Executor(hiding, run.connect, run.watch, run.unavailable, 0))
    return len(keys)
