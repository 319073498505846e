"""Rate limits of one model: calls at once, requests and tokens per minute, and pauses that the endpoint asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from harness.providers.concurrency import Concurrency
from harness.records.calls import Limits

CATCH_UP_S = 1.0
"""A late caller may make up for so much lost time; without it every late wake-up of a timer would cost throughput."""

_MINUTE_S = 60.0


class Meter:
    """Spaces out units (requests or tokens) so that no minute holds more than its rate; a leaky bucket.

    A rate of n a minute is spaced at (60 + CATCH_UP_S) / n seconds: a minute then holds at most n units, those
    included that make up for lost time. The last taker may overdraw, and the next one waits for that.
    """

    def __init__(self, per_minute: int) -> None:
        self._unit_s = (_MINUTE_S + CATCH_UP_S) / per_minute
        self.free_at = float("-inf")

    def take(self, units: int, now: float) -> None:
        """Use up so many units now."""
        self.free_at = max(self.free_at, now - CATCH_UP_S) + units * self._unit_s

    def correct(self, units: int) -> None:
        """Correct the units taken: so many more were used, or fewer if negative."""
        self.free_at += units * self._unit_s


class RateLimit:
    """The limits of one model. Each attempt waits for a slot and for its turn, and holds the slot while it is made."""

    def __init__(
        self, limits: Limits, *, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self.slots = Concurrency(limits.concurrency)
        self._requests = Meter(limits.rpm) if limits.rpm else None
        self._tokens = Meter(limits.tpm) if limits.tpm else None
        self._paused_until = float("-inf")
        self._clock = clock
        self._sleep = sleep
        self._door = asyncio.Lock()

    @property
    def counts_tokens(self) -> bool:
        """Whether it matters how many tokens are announced."""
        return self._tokens is not None

    async def turn(self, tokens: int) -> None:
        """Wait until a request that may use so many tokens can be sent."""
        if self._requests is None and self._tokens is None and self._paused_until <= self._clock():
            return
        async with self._door:  # first come, first served; only the first one looks at the clock
            while (wait_s := self._opens_at() - self._clock()) > 0:
                await self._sleep(wait_s)
            now = self._clock()
            if self._requests is not None:
                self._requests.take(1, now)
            if self._tokens is not None:
                self._tokens.take(tokens, now)

    def settle(self, announced: int, used: int) -> None:
        """Correct what a request announced to what it used; 0 means that the endpoint reported none."""
        if self._tokens is not None and used:
            self._tokens.correct(used - announced)

    def pause(self, seconds: float) -> None:
        """Send no request of the model for so many seconds."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _opens_at(self) -> float:
        meters = [meter.free_at for meter in (self._requests, self._tokens) if meter is not None]
        return max(self._paused_until, *meters) if meters else self._paused_until
