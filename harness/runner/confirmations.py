"""Wait in an event loop for what another thread does, with one wake-up of the loop for all that is done at once."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future


class Confirmations:
    """The ends of futures that a thread ends in groups, as the writer of a cache does after each commit.

    `asyncio.wrap_future` wakes the loop by a system call for each of them.
    """

    def __init__(self) -> None:
        self._ended: deque[tuple[asyncio.Future[None], Future[None]]] = deque()
        self._is_scheduled = False

    def of(self, stored: Future[None]) -> asyncio.Future[None]:
        """A future of the running loop that ends as `stored` does."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def end(ended: Future[None]) -> None:
            self._ended.append((waiter, ended))
            if not self._is_scheduled and not loop.is_closed():
                self._is_scheduled = True
                loop.call_soon_threadsafe(self._pass_on)

        stored.add_done_callback(end)
        return waiter

    def _pass_on(self) -> None:
        # Before the rest, so that what is added meanwhile is scheduled again.
        self._is_scheduled = False
        while self._ended:
            waiter, ended = self._ended.popleft()
            if waiter.done():
                continue  # the run was stopped
            error = ended.exception()
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
