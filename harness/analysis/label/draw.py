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
    """A round: how it draws, and how many items or clusters."""

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
        clusters: of each item, where whole clusters are drawn; None where single items are.
    """

    run: str
    dataset: str
    seed: int
    items: Sequence[str]
    rounds: tuple[Round, ...] = ()
    strata: Strata | None = None
    clusters: Ints | None = None

    @cached_property
    def id(self) -> str:
        """What files of this draw call it: a digest of the run, the items and the seed."""
        return "d" + digest_of(["draw", self.run, self.dataset, self.seed, list(self.items)])[:ID_LENGTH]

    @cached_property
    def units(self) -> list[Ints]:
        """What is drawn: the positions of the items of each unit, an item alone or a whole cluster."""
        if self.clusters is None:
            return [np.array([at]) for at in range(len(self.items))]
        order = np.argsort(self.clusters, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.clusters[order])) + 1)

    @property
    def unit(self) -> Literal["item", "cluster"]:
        """What is drawn, in a word."""
        return "item" if self.clusters is None else "cluster"

    @property
    def left(self) -> int:
        """Units that no round drew."""
        return len(self.units) - sum(one.n for one in self.rounds)

    @cached_property
    def drawn(self) -> list[list[DrawnItem]]:
        """The items of each round, in the order of the random numbers of their units."""
        names = [self.items[items[0]] for items in self.units]
        order = np.array(sorted(range(len(names)), key=lambda unit: self._number(self.unit, names[unit])), np.int64)
        taken = np.zeros(len(names), dtype=bool)
        found = []
        for number, one in enumerate(self.rounds, 1):
            left = order[~taken[order]]
            rows, probabilities = self._round(one, left)
            taken[rows] = True
            pairs = [
                (int(at), float(p)) for unit, p in zip(rows, probabilities, strict=True) for at in self.units[unit]
            ]
            found.append(
                [
                    DrawnItem(f"r{number}-{place:03d}", at, number, p, self._is_swapped(at))
                    for place, (at, p) in enumerate(pairs, 1)
                ]
            )
        return found

    @cached_property
    def _unit_strata(self) -> Ints:
        """The stratum of each unit, all 0 without strata."""
        if self.strata is None:
            return np.zeros(len(self.units), np.int64)
        return self.strata.of_items[[items[0] for items in self.units]]

    def _round(self, one: Round, left: Ints) -> tuple[Ints, Array]:
        """The units that a round draws from what is left, and their probabilities."""
        if one.kind == "uniform" or self.strata is None:
            rows = left[: one.n]
            return rows, np.full(len(rows), len(rows) / max(1, len(left)))
        strata = self._unit_strata
        sizes = np.bincount(strata, minlength=len(self.strata.shares))
        there = np.bincount(strata[left], minlength=len(sizes))
        counts = allocated(one.n, there, spreads_of(self.strata.shares), sizes - there)
        own = strata[left]
        place = np.zeros(len(left), dtype=np.int64)  # of each unit among those of its stratum
        for stratum in range(len(sizes)):
            place[own == stratum] = np.arange(there[stratum])
        rows = left[place < counts[own]]
        return rows, (counts / np.maximum(1, there))[strata[rows]]

    def shuffled(self, number: int, annotator: str) -> list[DrawnItem]:
        """The items of a round in the order in which an annotator sees them; those of a cluster that is drawn together.

        Args:
            number: of the round, from 1.
            annotator: each has an order of their own.
        """

        def place(one: DrawnItem) -> tuple[bytes, bytes]:
            own = self._number("order", annotator, self.items[one.at])
            if self.clusters is None:
                return own, own
            return self._number("order of clusters", annotator, self.items[first[numbers[one.at]]]), own

        if self.clusters is not None:
            _, first, numbers = np.unique(self.clusters, return_index=True, return_inverse=True)
        return sorted(self.drawn[number - 1], key=place)

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
        units = self._unit_strata
        sizes = np.bincount(units)
        counts = np.zeros(len(sizes))
        unit_of = np.empty(len(self.items), np.int64)
        for number, some in enumerate(self.units):
            unit_of[some] = number
        for items in self.drawn:
            at = [one.at for one in items]
            share = 1.0 if labelled is None else float(labelled[at].mean())
            counts += share * np.bincount(units[np.unique(unit_of[at])], minlength=len(sizes))
        probabilities = (counts / np.maximum(1, sizes))[units[unit_of]]
        return Design(probabilities, None if self.strata is None else self.strata.of_items, self.clusters)

    def cost(self) -> float:
        """How many times the variance of a uniform draw a figure has that is unrelated to the strata."""
        if self.strata is None:
            return 1.0
        drawn = [one.at for items in self.drawn for one in items]
        sizes = self.strata.sizes
        return variance_cost(np.bincount(self.strata.of_items[drawn], minlength=len(sizes)), sizes)

    def cluster_cost(self) -> float:
        """The variance of labels of which those of a cluster agree, over that of independent items (Kish 1965)."""
        sizes = np.array([len(items) for items in self.units], dtype=float)
        return 1.0 if self.clusters is None else float((sizes**2).sum() / sizes.sum())

    def with_round(self, one: Round, strata: Strata | None) -> Draw:
        """The draw with one more round.

        Args:
            one: the round; of more units than there are left, it draws those.
            strata: where the draw has none yet, and this round needs them.
        """
        kept = self.strata if self.strata is not None or one.kind == "uniform" else strata
        return replace(self, rounds=(*self.rounds, one._replace(n=min(one.n, self.left))), strata=kept)

    def _number(self, *parts: str) -> bytes:
        text = "\x1f".join((str(self.seed), self.dataset, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def _is_swapped(self, at: int) -> bool:
        return bool(self._number("side", self.items[at])[0] & 1)


def strata_by_disagreement(outcomes: NDArray[np.int8], classes: int, clusters: Ints | None = None) -> Strata | None:
    """The strata of a dataset; None where every item is in the same one.

    Args:
        outcomes: items × cells; from `classes` on failures, which are one outcome.
        classes: labels of the label set.
        clusters: of each item, where whole clusters are drawn.
    """
    if outcomes.shape[1] < 2:
        return None
    return strata_by_share(disagreement(np.minimum(outcomes, classes)), clusters)


def strata_by_share(share: Array, clusters: Ints | None = None) -> Strata | None:
    """The strata of items by a share of disagreement, 0 to 1; None where every item is in the same one.

    Args:
        share: of each item.
        clusters: of each item, where whole clusters are drawn: the mean share of a cluster counts.
    """
    if clusters is not None:
        numbers = np.unique(clusters, return_inverse=True)[1]
        means = np.bincount(numbers, share) / np.bincount(numbers)
        strata = strata_of(means)
        return Strata(strata[numbers], shares_of(means, strata)) if strata.max(initial=0) else None
    strata = strata_of(share)
    return Strata(strata, shares_of(share, strata)) if strata.max(initial=0) else None
