"""Whose turn it is to make a call that runs in several processes need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from harness.cache.claims import CallClaims
from harness.cache.entry import Store
from harness.records.calls import Reply

FIRST_STEP_S = 0.02
MOST_STEP_S = 0.5
"""Seconds between two looks at a call that another process makes; they double from look to look."""
FRESH_S = 0.02
"""Seconds for which it is taken for granted that no other process has stored the reply since it was looked up."""


class Turn:
    """One call of this run, whose reply is not there, and which another process may be making.

    Args:
        store: the cache.
        key: the cache key of the call.
        most_s: seconds after which the other process is not waited for any more. It may be stopped.
        is_looked_up: whether its reply was looked up just now.

    Attributes:
        key: the cache key.
        found: the reply, where another process has stored it.
        is_mine: whether to make the call.
    """

    def __init__(self, store: Store, key: str, most_s: float, *, is_looked_up: bool = True) -> None:
        self._store, self.key, self._most_s = store, key, most_s
        self._looked_up_s = asyncio.get_running_loop().time() if is_looked_up else float("-inf")
        self._claims: CallClaims | None = getattr(store, "claims", None)
        self._waited_s, self._step_s = 0.0, FIRST_STEP_S
        self.found: Reply | None = None
        self.is_mine = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take the turn where it is free, for the block, in which `found` and `is_mine` hold."""
        claims = self._claims
        is_claimed = claims is not None and claims.take(self.key)
        try:
            is_old = asyncio.get_running_loop().time() - self._looked_up_s > FRESH_S
            if is_old or (claims is not None and claims.has_others()):
                self.found = self._store.get_many([self.key]).get(self.key)
            self.is_mine = is_claimed or claims is None or self._waited_s >= self._most_s
            yield
        finally:
            if is_claimed and claims is not None:
                claims.release(self.key)

    async def wait(self) -> None:
        """Wait before the next look."""
        await asyncio.sleep(self._step_s)
        self._waited_s += self._step_s
        self._step_s = min(MOST_STEP_S, 2 * self._step_s)
