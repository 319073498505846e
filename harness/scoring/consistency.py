"""Figures of the single votes behind a verdict: each order, each repeat and each round of a debate.

All of them are companions, shown beside the figures of the combined verdict:

    METRIC.given, METRIC.swapped    of the verdicts in one order alone; of repeats, of the verdict with most votes
    METRIC.round-1, ...             of the verdicts after each round of a debate
    flip-rate                       share of the items whose verdict changes with the order
    slot-preference                 of the items on which one slot won in both orders, how many the first slot won
    slot-preference.p-value         of that share against one half: exact binomial test
    tie-inflation                   share of the items that are a tie only because both orders were made one
    self-agreement                  share of the pairs of repeats, in the same order, that agree
    repeat-flip-rate                share of them that differ: what noise alone changes, beside `flip-rate`
    excess-flip-rate                how much more often two repeats differ in different orders than in the same one

A change of the verdict with the order is bias only as far as it exceeds what asking again changes. None of these
figures but the metrics needs a reference label: they rest on all items judged that have verdicts to compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.evaluators.voting import most_votes
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS, clustered_facts
from harness.scoring.labels import Reference
from harness.statistics import consistency, win_rate
from harness.statistics.agreement import Array
from harness.statistics.clustered import mean_interval
from harness.statistics.codes import Codes

P_VALUE = "exact binomial test against one half"
CLUSTER_P_VALUE = "exact sign test of clusters that lean to one slot against one half"
NO_PAIRS = "no item has two verdicts to compare"
NO_SLOT = "on no item did one slot win in both orders"
SHARE = (0.0, 1.0)
GAP = (-1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """The votes of a cell: items × draws for each order, or items × rounds of a debate.

    Attributes:
        orders: the draws in each order, by its name; empty where the votes are rounds.
        rounds: the verdicts after each round; None where the votes are draws.
    """

    orders: Mapping[str, NDArray[np.int8]]
    rounds: NDArray[np.int8] | None = None


def votes_of(cell: Cell, votes: NDArray[np.int8]) -> Votes:
    """What the columns of a cell's votes are, in the order of `Outcome.votes`."""
    if cell.order == "both":
        return Votes({"given": votes[:, : cell.repeats], "swapped": votes[:, cell.repeats :]})
    if cell.repeats > 1:
        return Votes({cell.order: votes})
    return Votes({}, votes)


class Asked(NamedTuple):
    """A cell that asked several times for each item.

    Attributes:
        cell: the cell.
        votes: items × votes, positions in `OUTCOMES`, in the order of `Outcome.votes`.
        collapsed: the outcome of each item.
        alone: the verdicts in one order or after one round, by name, as `single_votes` gives them.
    """

    cell: Cell
    votes: NDArray[np.int8]
    collapsed: Codes
    alone: Mapping[str, Codes]


def single_votes(cell: Cell, votes: NDArray[np.int8]) -> dict[str, Codes]:
    """The verdicts that have figures of their own, by name: those in each order, or after each round.

    Args:
        cell: the cell.
        votes: items × votes, positions in the label set, in the order of `Outcome.votes`.
    """
    cast = votes_of(cell, votes)
    if cast.rounds is not None:
        return {f"round-{number}": column for number, column in enumerate(cast.rounds.T, 1)}
    if cell.order != "both":
        return {}
    return {order: most_votes(draws.T) if cell.repeats > 1 else draws[:, 0] for order, draws in cast.orders.items()}


def consistency_figures(asked: Asked, reference: Reference, score: ScoreSpec, *, systems: int) -> dict[str, Figure]:
    """The companions that compare the votes of a cell with each other.

    Args:
        asked: the cell with its votes.
        reference: the labels.
        score: level.
        systems: how many cells were scored on the same items.
    """
    cell, votes, collapsed, alone = asked
    units = Units(reference.all_clusters, score.level, systems)
    figures: dict[str, Figure] = {}
    if cell.order == "both":
        figures |= _between_orders(alone["given"], alone["swapped"], collapsed, units)
    if cell.repeats > 1:
        figures |= _between_repeats(list(votes_of(cell, votes).orders.values()), units, reference.shape[0])
    return figures


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What a mean over items rests on.

    Attributes:
        clusters: the cluster of each item, None where items are independent.
        level: confidence level.
        systems: how many cells were scored on the same items.
    """

    clusters: NDArray[np.int64] | None
    level: float
    systems: int

    def figure(self, values: Array, *, reason: str = NO_PAIRS, bounds: tuple[float, float] = SHARE) -> Figure:
        """The mean of the values of the items, with its interval; NaN does not count.

        A share of independent items has Wilson's interval, any other mean that of
        `harness.statistics.clustered.mean_interval`. Neither has zero width.
        """
        counts = ~np.isnan(values)
        known_values = values[counts]
        n = len(known_values)
        known: dict[str, Any] = {"n": n, "level": self.level, "systems": self.systems}
        if not n:
            return Figure(None, reason=reason, **known)
        mean = float(known_values.mean())
        known["units"] = n
        if self.clusters is None and n < MIN_ITEMS:
            return Figure(mean, reason=TOO_FEW_ITEMS, **known)
        if self.clusters is None and bounds == SHARE and np.isin(known_values, SHARE).all():
            share = consistency.wilson_interval(mean, n, self.level)
            return Figure(mean, share.low, share.high, method="wilson", **known)
        group = None if self.clusters is None else self.clusters[counts]
        found = mean_interval(known_values, group, bounds, self.level)
        if group is None:
            return Figure(mean, found.low, found.high, method="analytic", **known)
        known |= clustered_facts(found)
        return Figure(
            mean, found.low, found.high, found.reason, method="none" if found.reason else "clustered", **known
        )


def _between_orders(given: Codes, swapped: Codes, collapsed: Codes, units: Units) -> Iterator[tuple[str, Figure]]:
    """Figures of the effect of the order of the responses."""
    won = consistency.first_slot_wins(given, swapped)
    preference = units.figure(won, reason=NO_SLOT)
    yield "flip-rate", units.figure(consistency.flips(given, swapped))
    yield "slot-preference", preference
    yield "slot-preference.p-value", _p_value(won, preference, units)
    yield "tie-inflation", units.figure(consistency.made_ties(given, swapped, collapsed))


def _p_value(won: Array, preference: Figure, units: Units) -> Figure:
    """Exact sign test of slot preference, over clusters where items are not independent."""
    known: dict[str, Any] = {"n": preference.n, "level": preference.level, "systems": preference.systems}
    if preference.value is None:
        return Figure(None, reason=NO_SLOT, units=preference.n, **known)
    counts = ~np.isnan(won)
    first = int(np.nansum(won))
    second = preference.n - first
    if units.clusters is None:
        return Figure(consistency.even_chance_p(first, preference.n), reason=P_VALUE, units=preference.n, **known)
    outcomes = np.where(won[counts] > 0, 0, 2).astype(np.int8)
    first, second = win_rate.cluster_signs(outcomes, units.clusters[counts])
    p = consistency.even_chance_p(first, first + second)
    return Figure(p, reason=CLUSTER_P_VALUE, unit="cluster", units=first + second, **known)


def _between_repeats(orders: list[NDArray[np.int8]], units: Units, classes: int) -> Iterator[tuple[str, Figure]]:
    """Figures of the differences between repeats."""
    within = consistency.disagreement_within(*orders, classes=classes)
    yield "self-agreement", units.figure(1 - within)
    if len(orders) > 1:
        yield "repeat-flip-rate", units.figure(within)
        excess = consistency.disagreement_between(*orders) - within
        yield "excess-flip-rate", units.figure(excess, bounds=GAP)
