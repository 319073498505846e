"""The conversation of a cell about an item: its mode, in one order or both, once or several times.

Orders and repeats are handled here and not in the modes. The responses are exchanged before the mode sees them, and
its verdict is mapped back to the original order; the calls of a repeat have its number, which is part of the cache
key. All orders and repeats advance together, so that their calls form one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

from harness.evaluators import probing
from harness.evaluators.aggregation import (
    Combine,
    Ranking,
    collapse_orders,
    collapse_repeats,
    exchanged,
    swap_responses,
)
from harness.evaluators.conversation import Conversation, map_calls, together
from harness.evaluators.mode import (
    AskingMode,
    CountingMode,
    MemberVotes,
    calls_for_ranking,
    find_mode,
    has_own_orders,
    is_asking,
)
from harness.evaluators.question import SWAPPED, with_step
from harness.prompting.single import SingleRule
from harness.prompting.strategy import Questions, compared
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import FAILURES, Outcome
from harness.records.label_set import RANKED, VERDICT_LABELS

ORDERS: Mapping[str, tuple[str, ...]] = {"given": ("given",), "swapped": (SWAPPED,), "both": ("given", SWAPPED)}
"""The orders in which a cell's responses are shown."""


def asks(cell: Cell) -> bool:
    """Whether a cell makes calls; one that does not combines the judgments of other cells."""
    return is_asking(find_mode(cell.mode))


def calls_per_item(cell: Cell, strategy: Strategy, responses: int = 0) -> tuple[int, int]:
    """The fewest and the most calls of a cell for one item.

    Args:
        cell: the cell.
        strategy: its strategy.
        responses: how many responses the item has, where they are ranked; 0 for pairs and single responses.
    """
    mode = find_mode(cell.mode)
    if not is_asking(mode):
        return 0, 0
    fewest, most = (
        calls_for_ranking(mode, cell, strategy, responses) if responses else mode.calls_per_item(cell, strategy)
    )
    if has_own_orders(mode):
        return fewest, most
    times = len(ORDERS[cell.order]) * cell.repeats
    if isinstance(cell, probing.ProbeCell):
        times = probing.judgments_per_item(cell)
    return times * fewest, times * most


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """The conversation of a cell about an item; that of a cell that counts asks all its members as one batch."""
    mode = find_mode(cell.mode)
    if not is_asking(mode):
        return _members_counted(cast(CountingMode, mode), item, cell, questions, models)
    if isinstance(cell, probing.ProbeCell):
        return probing.converse(item, cell, questions, models)
    if (cell.order == "given" and cell.repeats == 1) or has_own_orders(mode):
        return mode.converse(item, cell, questions, models)
    return _in_orders_and_repeats(mode, item, cell, questions, models)


def _members_counted(
    mode: CountingMode, item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]
) -> Conversation[Outcome]:
    """Ask all members of a cell as one batch, and count their judgments."""
    import numpy as np

    outcomes = yield from together([converse(item, member, questions, models) for member in mode.members(cell)])
    labels = RANKED if item.responses else VERDICT_LABELS if questions.single is None else questions.single.labels
    codes = np.array([[labels.outcome_codes[outcome.name]] for outcome in outcomes], dtype=np.int8)
    scores = np.array([[(one.score_a, one.score_b)] for one in outcomes], dtype=np.float64)  # None becomes NaN
    rankings = [(outcome.verdict,) for outcome in outcomes] if labels.is_ranking else None
    needed = scores if mode.averages_scores(cell) or labels.is_number else None
    votes = MemberVotes(codes, needed, labels, rankings)
    counted = mode.count(cell, questions.strategy, votes)
    code, classes = int(counted.codes[0]), len(labels.names)
    if code >= classes:
        return Outcome(None, FAILURES[code - classes])
    if counted.rankings is not None:
        return Outcome(counted.rankings[0], abstained=int((codes >= classes).sum()))
    score_a, score_b = (None, None) if counted.scores is None else counted.scores[0].tolist()
    score_b = None if score_b != score_b else score_b  # a single response has one score
    return Outcome(labels.names[code], None, score_a, score_b, abstained=int((codes >= classes).sum()))


def _in_orders_and_repeats(
    mode: AskingMode, item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]
) -> Conversation[Outcome]:
    """Hold the conversation in each order and repeat; each outcome is a vote, and the votes become one outcome."""
    conversations = []
    for order in ORDERS[cell.order]:
        shown = item if order == "given" else swap_responses(item)
        conversations += [
            map_calls(mode.converse(shown, cell, questions, models), partial(_drawn, draw=draw, order=order))
            for draw in range(cell.repeats)
        ]
    outcomes = yield from together(conversations)
    return votes_as_one(outcomes, cell, Ranking.BY_MEAN_RANK if item.responses else combine_of(cell, questions, models))


def votes_as_one(outcomes: list[Outcome], cell: Cell, compare: Combine) -> Outcome:
    """The outcomes of all orders and repeats as one, of which they are the votes where they are several.

    Args:
        outcomes: in the order in which they were asked for; those of exchanged responses as they were given.
        cell: the cell.
        compare: turns mean scores into a verdict, a label or a ranking.
    """
    if cell.order != "given":
        outcomes[-cell.repeats :] = map(exchanged, outcomes[-cell.repeats :])
    one = _collapsed(outcomes, cell, compare)
    if len(outcomes) == 1:
        return one
    return one._replace(votes=tuple(vote.name for vote in outcomes))


def _collapsed(outcomes: Sequence[Outcome], cell: Cell, compare: Combine) -> Outcome:
    """The outcomes of all orders and repeats as one."""
    if cell.collapse == "all-votes" and len(outcomes) > 1:
        return collapse_repeats(outcomes, compare, by_score=False)
    first, last = (_once(part, cell, compare) for part in (outcomes[: cell.repeats], outcomes[-cell.repeats :]))
    if cell.order != "both":
        return first
    assert not isinstance(compare, SingleRule), "a single response has no order"
    return collapse_orders(first, last, compare)


def _once(votes: Sequence[Outcome], cell: Cell, compare: Combine) -> Outcome:
    """Repeated answers as one."""
    if len(votes) == 1:
        return votes[0]
    return collapse_repeats(votes, compare, by_score=cell.collapse == "mean-score")


def combine_of(cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Combine:
    """Turns scores into a verdict: by the margin of the strategy, or of the recording whose scores they are."""
    if questions.single is not None:
        return questions.single
    margins = [models[name].settings.get("tie_margin") for name in cell.models if models[name].is_mapped]
    if not margins or margins[0] is None:
        return questions.compare
    margin = float(margins[0])
    return lambda score_a, score_b: compared(score_a, score_b, margin)


def _drawn(call: Call, *, draw: int, order: str) -> Call:
    """A call with the number of the draw, and draw and order in its step."""
    step = f"{SWAPPED}/{call.step}" if order == SWAPPED else call.step
    return with_step(call, f"{step}#{draw}" if draw else step)._replace(draw=draw)
