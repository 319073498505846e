"""The cost of cells that ask in stages: which later judges are asked depends on replies that are not known yet.

The fewest calls are those of the stages that items have reached, and the most those of all stages. Expected is a share
of the items that each stage escalates: that among the conversations in the cache where there are enough of them,
else `USUAL_SHARE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.evaluators.cell import calls_per_item, converse
from harness.evaluators.mode import stages_of
from harness.records.calls import Call
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.runner.chunk import Chunk
from harness.runner.draws import with_first_draw
from harness.runner.needs import PLAIN, Estimate, Later, Need, PromptSize, add_calls
from harness.runner.plan import Plan
from harness.runner.session import ConversationState, Replies, UnavailableReplies, advance

USUAL_SHARE = 0.3
"""The share of the items that is escalated to the next judge: an assumption, which is stated."""
ENOUGH = 20
"""Conversations in the cache from which the share is taken instead."""


class _Reached(NamedTuple):
    """An item whose conversation lacks a reply, and the stage that it has reached."""

    item: Item
    stage: int


class _Missing(NamedTuple):
    """The calls that the conversation of a judge lacks next, and what comes after them."""

    calls: list[tuple[str, Call]]
    later: Later


def add_stages(plan: Plan, chunks: Sequence[Chunk], replies: Replies, result: Estimate, seen: set[str]) -> None:
    """Add the calls of cells that ask in stages, after those of all other cells.

    Args:
        plan: the plan.
        chunks: of these cells.
        replies: the cache.
        result: the estimate of the other cells.
        seen: keys of the calls in it.
    """
    reached: dict[int, list[_Reached]] = {}
    shares = {chunk.cell.id: [0, 0] for chunk in chunks}
    for chunk in chunks:
        conversations = [ConversationState(item, one) for item, one in plan.conversations(chunk)]
        waiting = advance(conversations, replies, UnavailableReplies())
        result.cells[chunk.cell.id].cached += sum(len(one.history) for one in conversations)
        reached[chunk.number] = [
            _Reached(one.item, chunk.cell.models.index(one.calls[0].model.name)) for one in waiting
        ]
        _count_share(shares[chunk.cell.id], conversations)
        for number, stage in enumerate(stages_of(chunk.cell)):
            items = [one.item for one in reached[chunk.number] if one.stage == number]
            for missing in _missing(plan, stage, items, replies):
                _add(result, chunk.cell, missing, seen, 1.0)
    for chunk in chunks:  # a call that another cell is certain to make costs nothing here
        share = _share(shares[chunk.cell.id])
        for number, stage in enumerate(stages_of(chunk.cell)):
            for at in range(number):
                items = [one.item for one in reached[chunk.number] if one.stage == at]
                for missing in _missing(plan, stage, items, replies):
                    _add(result, chunk.cell, missing, seen, share ** (number - at))
    notes = _notes(shares, {chunk.cell.id for chunk in chunks if reached[chunk.number]})
    result.notes += [note for note in notes if note not in result.notes]  # chunks may come in several parts


def _count_share(share: list[int], conversations: Sequence[ConversationState[Outcome]]) -> None:
    """Count the conversations that have ended, and those of them that went on to a second judge."""
    ended = [one.outcome.escalated for one in conversations if one.outcome is not None]
    share[0] += sum(bool(one) for one in ended)
    share[1] += len(ended)


def _share(counts: Sequence[int]) -> float:
    went_on, ended = counts
    return went_on / ended if ended >= ENOUGH else USUAL_SHARE


def _notes(shares: dict[str, list[int]], waiting: set[str]) -> Iterator[str]:
    """What the expected calls of the cells that lack replies rest on."""
    assumed = [name for name in shares if name in waiting and shares[name][1] < ENOUGH]
    if assumed:
        cells = assumed[0] if len(assumed) == 1 else f"{len(assumed)} cascades"
        yield f"{cells}: expected are {100 * USUAL_SHARE:.0f} % of the items to go on from each judge (assumed)"
    for name in shares:
        if name in waiting and name not in assumed:
            share, ended = _share(shares[name]), shares[name][1]
            yield f"{name}: expected are {100 * share:.0f} % of the items to go on, as of {ended:,} in the cache"


def _missing(plan: Plan, stage: Cell, items: Sequence[Item], replies: Replies) -> Iterator[_Missing]:
    """The calls that a judge lacks about some items."""
    questions, strategy = plan.questions[stage.strategy], plan.spec.strategies[stage.strategy]
    fewest, most = calls_per_item(stage, strategy)
    states = []
    for item in items:
        conversation = converse(item, stage, questions, plan.spec.models)
        if plan.first_draw:
            conversation = with_first_draw(conversation, plan.first_draw)
        states.append(ConversationState(item, conversation))
    waiting = advance(states, replies, UnavailableReplies())
    found = replies.get_many([key for one in waiting for key in one.keys])
    for one in waiting:
        made = len(one.history) + len(one.calls)
        calls = [(key, call) for key, call in zip(one.keys, one.calls, strict=True) if key not in found]
        yield _Missing(calls, Later(max(0, fewest - made), most - max(made, fewest)))


def _add(result: Estimate, cell: Cell, missing: _Missing, seen: set[str], share: float) -> None:
    """Add calls about a share of the items: to the cell, and those that no other cell makes to the model."""
    _add_share(result.cells[cell.id], [call for _, call in missing.calls], missing.later, PLAIN, share)
    new = [(key, call) for key, call in missing.calls if key not in seen]
    seen.update(key for key, _ in new)
    if new:
        name = new[0][1].model.name
        _add_share(result.models[name], [call for _, call in new], missing.later, result.sizes[name], share)


def _add_share(need: Need, calls: Sequence[Call], later: Later, size: PromptSize, share: float) -> None:
    """Add calls of which the lower bound is none where only a share of the items is expected to need them."""
    if share == 1.0:
        add_calls(need, calls, later, size)
        return
    one = Need()
    add_calls(one, calls, later, size)
    need.add((0, int(one.calls.high)), (0, int(one.prompt_tokens.high)), (0, int(one.completion_tokens.high)))
    need.likely += share * one.likely
    need.likely_prompts += share * one.likely_prompts
    need.carried += share * one.carried
