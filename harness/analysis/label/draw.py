"""A draw of items to label: which items each round draws and with which probability, from a seed alone.

The random number of an item is a digest of the seed and its id, so that a draw is the same in every version of every
package; `harness.statistics.sampling` says why the rounds together are a probability sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.hashing import digest_of
from harness.statistics.agreement import Array
from harness.statistics.inverse_probability import Design
from harness.statistics.sampling import (
    allocated,
    disagreement,
    shares_of,
    spreads_of,
    strata_of,
    variance_cost,
)

Kind: TypeAlias = Literal["uniform", "disagreement"]
Ints: TypeAlias = NDArray[np.int64]

ID_LENGTH = 12
"""Characters of the id of a draw: enough to notice a file of another one."""


class Round(NamedTuple):
    """A round: how it draws, and how many items."""

    kind: Kind
    n: int


class Strata(NamedTuple):
    """Strata by disagreement of the cells.

    Attributes:
        of_items: the stratum of each item.
        shares: mean disagreement of the items of each.
    """

    of_items: Ints
    shares: Array

    @property
    def sizes(self) -> Ints:
        """Items of each."""
        return np.bincount(self.of_items)


class DrawnItem(NamedTuple):
    """An item of a round.

    Attributes:
        key: what the item is called in a file to fill in; it says nothing about the item.
        at: its position in the dataset.
        round: from 1.
        probability: with which the round draws it from the items that no earlier round drew.
        is_swapped: whether response b of a pair is shown first.
    """

    key: str
    at: int
    round: int
    probability: float
    is_swapped: bool


@dataclass(frozen=True, eq=False)
class Draw:
    """The draws from one dataset of a run.

    Attributes:
        run: id of the run.
        dataset: its name.
        seed: from which everything is drawn.
        items: ids of all items, in order.
        rounds: in order.
        strata: None as long as every round is uniform.
    """

    run: str
    dataset: str
    seed: int
    items: Sequence[str]
    rounds: tuple[Round, ...] = ()
    strata: Strata | None = None

    @cached_property
    def id(self) -> str:
        """What files of this draw call it: a digest of the run, the items and the seed."""
        return "d" + digest_of(["draw", self.run, self.dataset, self.seed, list(self.items)])[:ID_LENGTH]

    @cached_property
    def drawn(self) -> list[list[DrawnItem]]:
        """The items of each round, in the order of their random numbers."""
        order = np.array(sorted(range(len(self.items)), key=lambda at: self._number("item", self.items[at])), np.int64)
        taken = np.zeros(len(self.items), dtype=bool)
        found = []
        for number, one in enumerate(self.rounds, 1):
            left = order[~taken[order]]
            rows, probabilities = self._round(one, left, taken)
            taken[rows] = True
            found.append(
                [
                    DrawnItem(f"r{number}-{place:03d}", int(at), number, float(p), self._is_swapped(int(at)))
                    for place, (at, p) in enumerate(zip(rows, probabilities, strict=True), 1)
                ]
            )
        return found

    def _round(self, one: Round, left: Ints, taken: NDArray[np.bool_]) -> tuple[Ints, Array]:
        """The positions that a round draws from what is left, and their probabilities."""
        if one.kind == "uniform" or self.strata is None:
            rows = left[: one.n]
            return rows, np.full(len(rows), len(rows) / max(1, len(left)))
        strata, sizes = self.strata.of_items, self.strata.sizes
        there = np.bincount(strata[left], minlength=len(sizes))
        counts = allocated(one.n, there, spreads_of(self.strata.shares), sizes - there)
        own = strata[left]
        place = np.zeros(len(left), dtype=np.int64)  # of each item among those of its stratum
        for stratum in range(len(sizes)):
            place[own == stratum] = np.arange(there[stratum])
        rows = left[place < counts[own]]
        return rows, (counts / np.maximum(1, there))[strata[rows]]

    def shuffled(self, number: int, annotator: str) -> list[DrawnItem]:
        """The items of a round in the order in which an annotator sees them.

        Args:
            number: of the round, from 1.
            annotator: each has an order of their own.
        """
        return sorted(self.drawn[number - 1], key=lambda one: self._number("order", annotator, self.items[one.at]))

    def order_shown(self, at: int, count: int) -> list[int]:
        """The order in which the responses of an item are shown, where there are several: positions in the data.

        Args:
            at: position of the item.
            count: of its responses.
        """
        return sorted(range(count), key=lambda place: self._number("place", self.items[at], str(place)))

    def design(self, labelled: NDArray[np.bool_] | None = None) -> Design:
        """The probability of every item over all rounds, and the strata within which it is the same.

        Of rounds that are labelled in part, it is the probability of being drawn and labelled: the order in which
        annotators see the items of a round is random.

        Args:
            labelled: which items have a label; None for the probability of being drawn.
        """
        n = len(self.items)
        strata = np.zeros(n, np.int64) if self.strata is None else self.strata.of_items
        sizes = np.bincount(strata)
        counts = np.zeros(len(sizes))
        for items in self.drawn:
            at = [one.at for one in items]
            share = 1.0 if labelled is None else float(labelled[at].mean())
            counts += share * np.bincount(strata[at], minlength=len(sizes))
        return Design((counts / sizes)[strata], None if self.strata is None else strata)

    def cost(self) -> float:
        """How many times the variance of a uniform draw a figure has that is unrelated to the strata."""
        if self.strata is None:
            return 1.0
        drawn = [one.at for items in self.drawn for one in items]
        sizes = self.strata.sizes
        return variance_cost(np.bincount(self.strata.of_items[drawn], minlength=len(sizes)), sizes)

    def with_round(self, one: Round, strata: Strata | None) -> Draw:
        """The draw with one more round.

        Args:
            one: the round; of more items than there are left, it draws those.
            strata: where the draw has none yet, and this round needs them.
        """
        left = len(self.items) - sum(each.n for each in self.rounds)
        kept = self.strata if self.strata is not None or one.kind == "uniform" else strata
        return replace(self, rounds=(*self.rounds, one._replace(n=min(one.n, left))), strata=kept)

    def _number(self, *parts: str) -> bytes:
        text = "\x1f".join((str(self.seed), self.dataset, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def _is_swapped(self, at: int) -> bool:
        return bool(self._number("side", self.items[at])[0] & 1)


def strata_by_disagreement(outcomes: NDArray[np.int8], classes: int) -> Strata | None:
    """The strata of a dataset; None where every item is in the same one.

    Args:
        outcomes: items × cells; from `classes` on failures, which are one outcome.
        classes: labels of the label set.
    """
    if outcomes.shape[1] < 2:
        return None
    return strata_by_share(disagreement(np.minimum(outcomes, classes)))


def strata_by_share(share: Array) -> Strata | None:
    """The strata of items by a share of disagreement, 0 to 1; None where every item is in the same one."""
    strata = strata_of(share)
    return Strata(strata, shares_of(share, strata)) if strata.max(initial=0) else None
