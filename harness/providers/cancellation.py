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
    """

    def __init__(self) -> None:
        self.cause: BaseException | None = None
        self.asked = asyncio.Event()
        self.forced = asyncio.Event()
        self.in_attempt: set[asyncio.Task[object]] = set()

    def stop(self, cause: BaseException) -> None:
        """Stop the run; the first cause counts."""
        if self.cause is None:
            self.cause = cause
            self.asked.set()

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

    def left(self) -> None:
        """The running task has ended its attempt."""
        task = asyncio.current_task()
        assert task is not None, "calls are made in tasks"
        self.in_attempt.discard(task)
