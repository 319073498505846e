"""As many attempts at once as an endpoint bears: fewer once they are too many for it, more again as it answers."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

SHRINK = 0.5
"""What is left of the number when the endpoint says that it was too many."""
STEPS = 32
"""Rounds of answers in which the number comes back from 0, at most."""


class Concurrency:
    """Lets attempts in, in the order in which they come. A context for each attempt.

    The number at once begins at the most that the model allows. It is halved when the endpoint asks to slow down, at
    most once for all attempts that were under way together, and with as many answers as it is it grows by one, or by a
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
        """How many attempts may be under way now."""
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
        """An attempt was answered: a little more may be borne."""
        if self._limit < self._most:
            self._limit = min(float(self._most), self._limit + self._step / self._limit)
            self._let_in()

    def too_many(self, started: int) -> None:
        """The endpoint asked to slow down.

        Args:
            started: what entering gave for the attempt that was told so; attempts that began before the last time
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
