"""Pseudo-random numbers that depend on a text alone, the same on every machine and Python version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_BYTES = 8


class Chance:
    """A stream of numbers from SHA-256 of a purpose and a counter."""

    def __init__(self, *parts: str) -> None:
        self._seed = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        self._block = b""
        self._blocks = 0

    def number(self) -> float:
        """The next number, uniform in [0, 1)."""
        if not self._block:
            self._block = hashlib.sha256(self._seed + self._blocks.to_bytes(_BYTES, "big")).digest()
            self._blocks += 1
        taken, self._block = self._block[:_BYTES], self._block[_BYTES:]
        return (int.from_bytes(taken, "big") >> 11) / 2**53

    def happens(self, probability: float) -> bool:
        """Whether an event of that probability happens."""
        return self.number() < probability

    def error(self) -> float:
        """The next error of measurement: mean 0, standard deviation 1, bell-shaped, never beyond 3."""
        # Sums of uniform numbers need no logarithm or cosine, whose last bits differ between machines.
        return 2.0 * (self.number() + self.number() + self.number() - 1.5)

    def pick(self, things: Sequence[T], count: int) -> list[T]:
        """A sample without replacement, in random order."""
        left = list(things)
        return [left.pop(int(self.number() * len(left))) for _ in range(count)]
