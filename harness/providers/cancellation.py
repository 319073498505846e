"""Cancellation of a run: no new call is sent, and calls in flight are waited for."""

from __future__ import annotations

import asyncio


class Cancellation:
    """Whether a run is to stop, and which of its tasks are in the middle of an attempt.

    Attributes:
        cause: the error that ends the run, None while it goes on.
        asked: set once the run is to stop.
        forced: set once the run is to stop without waiting.
        in_attempt: tasks whose request is on its way, or whose reply is being stored.
        idle: set when the last of them has ended its attempt.
    """

    def __init__(self) -> None:
        self.cause: BaseException | None = None
        self.asked = asyncio.Event()
        self.forced = asyncio.Event()
        self.in_attempt: set[asyncio.Task[object]] = set()
        self.idle = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self, cause: BaseException) -> None:
        """Stop the run; the first cause counts."""
        if self.cause is None:
            self.cause = cause
            self.asked.set()

    def bind(self) -> None:
        """Remember the running event loop, so that the run can be stopped from another thread."""
        self._loop = asyncio.get_running_loop()

    def stop_from_outside(self, cause: BaseException) -> None:
        """As `stop`, from another thread than that of the run; nothing where the run has ended."""
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self.stop, cause)
            except RuntimeError:
                pass  # the loop of the run is closed

    async def let_through(self) -> None:
        """Return, or, where the run is to stop, wait to be cancelled."""
        if self.cause is not None:
            self.left()
            await asyncio.get_running_loop().create_future()

    def entered(self) -> None:
        """The running task begins an attempt."""
        task = asyncio.current_task()
        assert task is not None, "calls are made in tasks"
        self.in_attempt.add(task)
        self.idle.clear()

    def left(self) -> None:
        """The running task has ended its attempt."""
        task = asyncio.current_task()
        assert task is not None, "calls are made in tasks"
        self.in_attempt.discard(task)
        if not self.in_attempt:
            self.idle.set()
