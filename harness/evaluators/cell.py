"""How a cell asks about an item: its mode, in one order or both, once or several times.

A mode knows nothing of orders and repeats. Responses are exchanged before it sees them and its outcome is named
back; repeated conversations differ in the number of the draw, which is part of every cache key. All of them are
held together, so that their calls go out as one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from harness import registry
from harness.cache.key import locator_of
from harness.evaluators.aggregation import collapse_orders, collapse_repeats, exchanged, swap_responses
from harness.evaluators.conversation import Conversation, together
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome

SWAPPED = "swapped"
ORDERS: Mapping[str, tuple[str, ...]] = {"given": ("given",), "swapped": (SWAPPED,), "both": ("given", SWAPPED)}
"""The orders in which a cell's responses are shown."""


def asks(cell: Cell) -> bool:
    """Whether a cell holds conversations; those that do not are counted from the judgments of other cells."""
    return hasattr(registry.find("modes", cell.mode), "converse")


def calls_per_item(cell: Cell, strategy: Strategy) -> tuple[int, int]:
    """The fewest and the most calls that one item takes in a cell."""
    if not asks(cell):
        return 0, 0
    fewest, most = registry.find("modes", cell.mode).calls_per_item(strategy, cell.settings)
    times = len(ORDERS[cell.order]) * cell.repeats
    return times * fewest, times * most


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """The conversation that a cell holds about an item."""
    mode = registry.find("modes", cell.mode)
    if cell.order == "given" and cell.repeats == 1:
        plain: Conversation[Outcome] = mode.converse(item, cell, questions, models)
        return plain
    return _several(item, cell, questions, models)


def _several(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Hold the conversation in each order so many times; every outcome is a vote, and they are collapsed to one."""
    converse = registry.find("modes", cell.mode).converse
    talks = []
    for order in ORDERS[cell.order]:
        shown = item if order == "given" else swap_responses(item)
        talks += [drawn(converse(shown, cell, questions, models), draw, order) for draw in range(cell.repeats)]
    outcomes = yield from together(talks)
    if cell.order != "given":
        outcomes[-cell.repeats :] = map(exchanged, outcomes[-cell.repeats :])
    first, last = (_once(part, cell, questions) for part in (outcomes[: cell.repeats], outcomes[-cell.repeats :]))
    one = collapse_orders(first, last, questions.compare) if cell.order == "both" else first
    if len(outcomes) == 1:
        return one
    return one._replace(votes=tuple(vote.name for vote in outcomes))


def _once(votes: Sequence[Outcome], cell: Cell, questions: Questions) -> Outcome:
    """Repeated answers as one."""
    if len(votes) == 1:
        return votes[0]
    return collapse_repeats(votes, questions.compare, by_score=cell.collapse == "mean-score")


def drawn(talk: Conversation[Outcome], draw: int, order: str) -> Conversation[Outcome]:
    """The conversation with the number of the draw in its calls, and draw and order in their steps."""
    try:
        calls = next(talk)
        while True:
            replies = yield [_marked(call, draw, order) for call in calls]
            calls = talk.send(replies)
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome


def _marked(call: Call, draw: int, order: str) -> Call:
    step = call.step
    if order == SWAPPED:
        step = f"{SWAPPED}/{step}"
    if draw:
        step = f"{step}#{draw}"
    locator = ""
    if call.locator:
        dataset, item, strategy, _ = orjson.loads(call.locator)
        locator = locator_of(dataset, item, strategy, step)
    return call._replace(draw=draw, step=step, locator=locator)
