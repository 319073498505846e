"""What a simulation reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

TOLERANCE = 3.0
"""Standard errors of the simulation itself that a rate may miss its target by."""

ALL_FROM = 0.2
"""Share of the worlds from which on every kind of world is simulated; the reduced test takes fewer."""


class Row(NamedTuple):
    """How often something held in simulated worlds whose truth is known.

    Attributes:
        claim: what is measured.
        world: in which worlds, or the worst of which.
        n: items, or "" where it is not one number.
        found: a rate, or a mean where `repeats` is 0.
        target: what it must be.
        side: whether it must be at least that or at most, or is only shown beside.
        repeats: how many worlds were made; 0 for what is no rate.
    """

    claim: str
    world: str
    n: str
    found: float
    target: float
    side: Literal["at least", "at most", "shown beside"]
    repeats: int

    @property
    def is_as_claimed(self) -> bool:
        """Whether the target is met, up to the simulation's own error."""
        if self.side == "shown beside":
            return True
        error = math.sqrt(self.target * (1 - self.target) / self.repeats) if self.repeats else 0.0
        gap = self.target - self.found if self.side == "at least" else self.found - self.target
        return gap <= TOLERANCE * error


Simulation: TypeAlias = Callable[[float], Iterator[Row]]
"""Makes rows; the argument scales the number of worlds, 1 for the full simulation."""


def scaled(repeats: int, scale: float) -> int:
    """So many worlds, at least 40."""
    return max(40, round(repeats * scale))


def some_of(values: Sequence[T], scale: float) -> Sequence[T]:
    """All of some worlds or metrics, and with few worlds each the first and the last of them."""
    return values if scale >= ALL_FROM or len(values) < 3 else (values[0], values[-1])
