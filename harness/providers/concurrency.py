"""Adaptive concurrency: fewer attempts at once when an endpoint asks to slow down, more again as it answers."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

SHRINK = 0.5
"""Factor on the number of attempts at once when the endpoint asks to slow down."""
STEPS = 32
"""The number recovers from 0 within at most this many rounds of answers."""


class Concurrency:
    """A limit on attempts at once, first come, first served. Use it as a context for each attempt.

    The number at once begins at the most that the model allows. It is halved when the endpoint asks to slow down, at
    most once for all attempts that were in flight together, and with as many answers as it is it grows by one, or by a
    32nd of the most where that is more (additive increase, multiplicative decrease: Chiu and Jain 1989).

    Args:
        most: attempts at once that the model allows.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._step = max(1.0, most / STEPS)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._started = 0
        self._slowed_after = 0

    @property
    def limit(self) -> int:
        """How many attempts may be in flight now."""
        return int(self._limit)

    async def __aenter__(self) -> int:
        if self._taken >= self.limit or self._waiting:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave()  # its turn had come, and goes to the next one
                elif turn in self._waiting:
                    self._waiting.remove(turn)
                raise
        else:
            self._taken += 1
        self._started += 1
        return self._started

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def answered(self) -> None:
        """Record an answer: the limit rises a little."""
        if self._limit < self._most:
            self._limit = min(float(self._most), self._limit + self._step / self._limit)
            self._let_in()

    def too_many(self, started: int) -> None:
        """Record that the endpoint asked to slow down: the limit is halved.

        Args:
            started: the number that entering gave for that attempt; attempts that began before the last time
                that the number was halved tell nothing new.
        """
        if started > self._slowed_after:
            self._limit = max(1.0, self._limit * SHRINK)
            self._slowed_after = self._started

    def _leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._taken < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
