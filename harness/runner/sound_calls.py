"""Write the calls of damaged entries again: a part of `harness run --retry damaged`.

An entry holds its call beside the reply. A replay reads the reply alone, so an entry whose call was changed is replayed
as before, but cannot be exported. The run that makes the call knows it, so nothing has to be asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from harness.cache.key import call_bytes
from harness.records.calls import Reply
from harness.runner.session import ConversationPlan, start_conversations


class Repairable(Protocol):
    """A store that finds entries whose reply is right and whose call is not."""

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The stored replies of these keys."""
        ...

    def with_damaged_call(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies of those of these keys whose entries hold another call."""
        ...

    def overwrite(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Write an entry again."""
        ...


def write_damaged_calls(plan: ConversationPlan[Any], store: Repairable) -> int:
    """Write the entries of a plan again whose replies are right and whose calls are damaged; return their number.

    Raises:
        CacheError: where the cache cannot be read or written.
    """
    written: dict[str, Future[None]] = {}
    for chunk in plan.chunks():
        active = start_conversations(plan, chunk)
        while active:
            calls = {key: call for one in active for key, call in zip(one.keys, one.calls, strict=True)}
            for key, reply in store.with_damaged_call(calls).items():
                if key not in written:
                    written[key] = store.overwrite(key, call_bytes(calls[key]), reply)
            found = store.get_many(calls)
            active = [one for one in active if _goes_on(one, found)]
    for stored in written.values():
        stored.result()
    return len(written)


def _goes_on(conversation: Any, found: Mapping[str, Reply]) -> bool:
    """Advance a conversation by a batch of replies; whether it has a next one."""
    received = [found.get(key) for key in conversation.keys]
    return None not in received and conversation.receive(received)
