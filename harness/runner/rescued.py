"""Replies that were paid for and that the cache could not store, at the end of a run."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from concurrent.futures import Future, wait

from harness.cache.entry import Entry, Store
from harness.errors import HarnessError, Problem
from harness.runner.session import ProgressListener
from harness.text import pluralized


def not_stored(storing: Collection[tuple[Entry, Future[None]]]) -> list[Entry]:
    """Wait until the store has ended with some entries, or for an interrupt; those that it has not stored."""
    try:
        wait([stored for _, stored in storing])
    except KeyboardInterrupt:
        pass  # the caller writes what is left to a bundle
    return [entry for entry, stored in storing if not stored.done() or stored.exception()]


def rescue(
    entries: Sequence[Entry], store: Store, watch: ProgressListener, cause: BaseException | None
) -> BaseException | None:
    """Write replies that the store could not keep to a file, and return the cause with a word on where they are."""
    if not entries:
        return cause
    file = store.rescue(entries)
    problem = Problem(message=f"{pluralized(len(entries), 'paid reply', 'paid replies')} could not be stored anywhere")
    if file is not None:
        count = pluralized(len(entries), "reply", "replies")
        hint = f"`harness cache import {shlex.quote(str(file))}` adds them to a cache"
        problem = Problem(file=str(file), message=f"holds {count} that the cache could not store", hint=hint)
    if isinstance(cause, HarnessError):
        cause.add(problem)
    else:
        watch.warned(str(problem))
    return cause
