"""Position bias and self-agreement of evaluators that rank several responses.

The response in a slot, shown first, second and so on, is ranked first in some share of the judgments; tied ones share
it. Its expectation without a bias is

* in both orders, the share in which the same responses are ranked first in either order: each of them was shown in a
  slot and in its mirror image, so that nothing but the slot differs (and chance, whose mean is 0);
* in one order, the share of the items on which people find the response in that slot best. Where people's best are not
  spread evenly over the slots, the errors of a judge move it as well: it is described, and no bias is claimed.

The unit of all figures is the item, or its cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.finding import DESCRIBED, Finding, claimed, excludes_zero, not_claimed, unknown
from harness.analysis.audit.probe import COUNTED, Audited, figure_text
from harness.evaluators.cell import asks
from harness.evaluators.mode import find_mode, has_own_orders
from harness.records.figures import Figure
from harness.scoring.consistency import GAP
from harness.scoring.ranked_data import rank_matrix, score_matrix
from harness.scoring.ranking_metric import NO_ORDER
from harness.scoring.ranking_metrics import kendall_tau
from harness.statistics.agreement import Array

EXCESS = "position.slot-1.excess"
FLIP_RATE = "position.flip-rate"
AGREE, TAU = "self-agreement.repeats", "self-agreement.kendall"
EACH = "each response is shown alone"
PAIRS = "a tournament shows pairs of responses"
ONE_ORDER = "one order only; `order: [both]` shows both"
NO_REPEATS = "no repeats; `repeats: [2]` adds one"
NO_TWO = "no item has two rankings to compare"


def position_figures(audited: Audited) -> dict[str, Figure]:
    """How often the response in each slot is ranked first, and how much more often than expected without a bias.

    The names `position.slot-K` and `position.slot-K.excess` go to the largest number of responses of the dataset; an
    item counts for the slots that it has. `position.flip-rate` is the share of the items on which another response is
    ranked first in the other order.
    """
    counts = np.array(audited.data.response_counts())
    width = int(counts.max(initial=0))
    slots = range(1, width + 1)
    if reason := _why_no_position(audited):
        names = [f"position.slot-{slot}{ending}" for slot in slots for ending in ("", ".excess")]
        return dict.fromkeys([*names, FLIP_RATE], audited.unknown(reason))
    if audited.cell.order == "both":
        given, swapped = (_mean_firsts(audited, order, width) for order in (0, 1))
        shown = (given + _mirrored(swapped, counts)) / 2
        expected = (given + swapped + _mirrored(given + swapped, counts)) / 4
        flips = np.where(np.isnan(given + swapped).all(axis=1), np.nan, _differ(given, swapped))
        flip_rate = audited.units.figure(flips, reason=NO_TWO)
        missing = NO_TWO
    else:
        shown = _firsts(rank_matrix(audited.data.rankings[audited.at], width))
        people = _firsts(-score_matrix(audited.data.opinions(), width))
        people[_are_all_tied(people, counts)] = np.nan
        if audited.cell.order == "swapped":
            shown, people = _mirrored(shown, counts), _mirrored(people, counts)
        shown = np.where(np.isnan(people), np.nan, shown)
        expected, flip_rate, missing = people, audited.unknown(ONE_ORDER), NO_ORDER
    found = {FLIP_RATE: flip_rate}
    for slot in slots:
        here, gap = shown[:, slot - 1], (shown - expected)[:, slot - 1]
        found[f"position.slot-{slot}"] = audited.units.figure(here, reason=missing)
        found[f"position.slot-{slot}.excess"] = audited.units.figure(gap, reason=missing, bounds=GAP)
    return found


def position_sentence(figures: Mapping[str, Figure]) -> str:
    """How often the response that is shown first is ranked first, and how often the order decides."""
    excess = figures.get(EXCESS)
    if excess is None or excess.value is None:
        return f"unknown ({'' if excess is None else excess.reason})"
    flips = figures[FLIP_RATE]
    expected = "the share that people find best (`order: [both]` separates errors from bias)"
    if flips.value is not None:
        expected = "its expectation"
    text = (
        f"the response shown first is ranked first on {figure_text(figures['position.slot-1'])}, "
        f"difference from {expected} {figure_text(excess)}"
    )
    return (
        text if flips.value is None else f"{text}; another response is first in the other order on {figure_text(flips)}"
    )


def position_finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the response shown first is ranked first more or less often than expected; only in both orders."""
    excess = figures.get(EXCESS)
    if excess is None or excess.value is None:
        return unknown(excess or Figure(None, reason=NO_TWO))
    if figures[FLIP_RATE].value is None:
        return DESCRIBED
    return claimed(EXCESS, excess.value) if excludes_zero(excess) else not_claimed(EXCESS)


def repeat_figures(audited: Audited) -> dict[str, Figure]:
    """The share of pairs of repeats in one order that rank the same responses first, and their Kendall's tau-b."""
    if audited.cell.repeats < 2:
        return dict.fromkeys((AGREE, TAU), audited.unknown(NO_REPEATS))
    if not audited.ranking_votes:
        return dict.fromkeys((AGREE, TAU), audited.unknown(audited.reason_without_votes))
    width = max(audited.data.response_counts(), default=0)
    alike, taus = [], []
    for order in range(2 if audited.cell.order == "both" else 1):
        for one, other in combinations(_draws(audited, order, width), 2):
            there = ~np.isnan(one).all(axis=1) & ~np.isnan(other).all(axis=1)
            same = np.where(there, 1 - _differ(_firsts(one), _firsts(other)), np.nan)
            tau = np.full(len(one), np.nan)
            if there.any():
                tau[there] = kendall_tau.values(one[there], -other[there])
            alike.append(same)
            taus.append(tau)
    return {
        AGREE: audited.units.figure(_mean(alike), reason=NO_TWO),
        TAU: audited.units.figure(_mean(taus), reason=NO_TWO, bounds=GAP),
    }


def repeat_sentence(figures: Mapping[str, Figure]) -> str:
    """The share of pairs of repeats that agree on the first."""
    found = figures[AGREE]
    if found.value is None:
        return f"unknown ({found.reason})"
    return (
        f"{figure_text(found)} of pairs of repeats rank the same responses first; Kendall's tau-b of whole rankings "
        f"{figure_text(figures[TAU])}"
    )


def _why_no_position(audited: Audited) -> str:
    """Why a cell has no slots, "" where it has."""
    mode = find_mode(audited.cell.mode)
    if not asks(audited.cell):
        return COUNTED
    if has_own_orders(mode):
        return PAIRS
    if audited.ask == "each":
        return EACH
    return audited.reason_without_votes if audited.cell.order == "both" and not audited.ranking_votes else ""


def _draws(audited: Audited, order: int, width: int) -> list[Array]:
    """The ranks of each draw in one order, the first or the second one of the cell; NaN where a draw failed."""
    first = order * audited.cell.repeats
    votes = audited.ranking_votes or ()
    return [
        rank_matrix([None if not cast else cast[at] for cast in votes], width)
        for at in range(first, first + audited.cell.repeats)
    ]


def _mean_firsts(audited: Audited, order: int, width: int) -> Array:
    return _mean([_firsts(ranks) for ranks in _draws(audited, order, width)])


def _firsts(ranks: Array) -> Array:
    """1 for the response that is ranked first, shared by tied ones; NaN where the ranks are."""
    least = np.where(np.isnan(ranks), np.inf, ranks).min(axis=1, initial=np.inf, keepdims=True)
    is_first = ranks == least
    found: Array = np.where(np.isnan(ranks), np.nan, is_first / np.maximum(is_first.sum(axis=1, keepdims=True), 1))
    return found


def _differ(one: Array, other: Array) -> Array:
    """Whether other responses are ranked first: 1 or 0 for each item."""
    return (np.abs(np.nan_to_num(one) - np.nan_to_num(other)) > 1e-9).any(axis=1).astype(float)


def _are_all_tied(firsts: Array, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Items on which all responses are first."""
    found: NDArray[np.bool_] = (firsts > 0).sum(axis=1) == counts
    return found


def _mirrored(values: Array, counts: NDArray[np.int64]) -> Array:
    """The values of each item from its last response to its first one."""
    at = counts[:, None] - 1 - np.arange(values.shape[1])
    return np.where(at >= 0, np.take_along_axis(values, np.maximum(at, 0), axis=1), np.nan)


def _mean(values: Sequence[Array]) -> Array:
    """The mean of those that are not NaN; NaN where all are."""
    stacked = np.stack(values)
    known = ~np.isnan(stacked)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)
