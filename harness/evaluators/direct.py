"""Cells whose conversations end with their first batch of calls, where every reply holds an answer.

Each call of such a cell is one question about the item, in some order and with some draw. So what it asks and what it
concludes are known without its conversations; a replay, which has all replies, needs no more. Wherever a conversation
would continue, there is no outcome here, and the conversation itself is held (`harness.evaluators.cell.converse`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.evaluators.aggregation import Combine, swap_responses
from harness.evaluators.cell import ORDERS, combine_of, votes_as_one
from harness.evaluators.mode import asks_once, find_mode
from harness.evaluators.probing import ProbeCell
from harness.evaluators.question import RETRY, SWAPPED, outcome_of, understood
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Item, Message
from harness.records.experiment import Cell
from harness.records.judgments import Outcome


class Question(NamedTuple):
    """One call of a cell about an item.

    Attributes:
        is_swapped: whether the responses are shown exchanged.
        draw: number of the draw.
    """

    is_swapped: bool
    draw: int


class DirectCell(NamedTuple):
    """A cell whose conversations end with their first batch.

    Attributes:
        cell: the cell.
        questions: its compiled strategy.
        model: its model.
        asked: its calls about an item, in their order.
        combine: turns mean scores into a verdict or a label.
    """

    cell: Cell
    questions: Questions
    model: Model
    asked: tuple[Question, ...]
    combine: Combine

    def messages(self, item: Item, *, is_swapped: bool) -> Sequence[Message]:
        """The messages of the calls about an item."""
        return self.questions.whole(swap_responses(item) if is_swapped else item)

    def call(self, messages: Sequence[Message], question: Question) -> Call:
        """A call with some messages."""
        return Call(self.model, messages, question.draw, params=self.questions.params)

    def outcome(self, replies: Sequence[Reply]) -> Outcome | None:
        """The outcome by the replies to all calls; None where the conversation continues with a retry."""
        questions, outcomes = self.questions, []
        for reply in replies:
            answer = understood(reply, questions)
            if isinstance(answer, str) and answer in RETRY and questions.again is not None:
                return None
            outcomes.append(outcome_of((answer,), questions))
        if len(outcomes) == 1 and not self.asked[0].is_swapped:
            return outcomes[0]
        return votes_as_one(outcomes, self.cell, self.combine)


def direct_cell(
    cell: Cell, questions: Questions, models: Mapping[str, Model], first_draw: int = 0
) -> DirectCell | None:
    """A cell whose conversations end with their first batch; None for any other.

    Args:
        cell: the cell.
        questions: its compiled strategy.
        models: by name.
        first_draw: the number of the first draw.
    """
    mode = find_mode(cell.mode)
    model = models[cell.models[0]] if len(cell.models) == 1 else None
    if model is None or isinstance(cell, ProbeCell) or not asks_once(mode, questions, model):
        return None
    asked = [
        Question(order == SWAPPED, first_draw + draw) for order in ORDERS[cell.order] for draw in range(cell.repeats)
    ]
    return DirectCell(cell, questions, model, tuple(asked), combine_of(cell, questions, models))
