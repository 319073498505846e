"""An event loop on a virtual clock: waiting takes no time, and the order of events depends on nothing else."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

MOST_ROUNDS = 200_000
"""Rounds of the loop after which a run counts as one that never ends."""


class _Selector:
    """Polls the real files, which only signals use, and advances the clock in place of waiting."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now_s = 0.0
        self.rounds = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.rounds += 1
        if self.rounds > MOST_ROUNDS:
            raise AssertionError("the run does not end")
        events = self._real.select(0)
        if not events and timeout is None:
            raise AssertionError("the run waits for something that never happens")
        if not events and timeout:
            self.now_s += timeout
        return events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The event loop of one simulated process.

    Attributes:
        at_close: called before it closes: what another thread would go on to do.
    """

    def __init__(self) -> None:
        self._virtual = _Selector()
        self.at_close: list[Callable[[], None]] = []
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual.now_s

    def close(self) -> None:
        """Close it, once what it left has been done."""
        for left in self.at_close:
            left()
        self.at_close = []
        super().close()


class VirtualPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes every new loop a virtual one."""

    _loop_factory = VirtualLoop
