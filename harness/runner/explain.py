"""Explain a spec: how the matrix becomes cells, and one conversation as the cache holds it.

No model calls are made. A conversation is followed as far as stored replies allow; a run would send the first batch
without replies next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from harness.cache.entry import reply_json
from harness.evaluators.cell import asks, calls_per_item
from harness.evaluators.conversation import Conversation
from harness.evaluators.mode import members_of
from harness.records.calls import Call, Reply
from harness.records.datasets import LENGTHS, Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome
from harness.records.shared_prompts import plain_messages
from harness.runner.chunk import Chunk
from harness.runner.finished import JudgedChunk
from harness.runner.judgment_columns import Ledger
from harness.runner.plan import Plan
from harness.runner.run import Part
from harness.runner.session import ConversationState, Replies
from harness.spec.chaining import choice_json
from harness.spec.matrix import cells_of
from harness.spec.yaml import read_yaml

T = TypeVar("T")


class Branch(NamedTuple):
    """An entry of the evaluator axis and its evaluators.

    Attributes:
        entry: as the spec writes it, with every default.
        evaluators: such as `judge:gpt-4o`, in canonical order.
    """

    entry: Mapping[str, Any]
    evaluators: tuple[str, ...]


class Removal(NamedTuple):
    """An entry of `exclude` and the ids of the cells that it takes away."""

    entry: Mapping[str, Any]
    cells: tuple[str, ...]


class Explanation(NamedTuple):
    """What `harness explain` shows.

    Attributes:
        document: for programs, as `schemas/output/explain.schema.json` describes it.
        lines: for people.
    """

    document: dict[str, Any]
    lines: Iterable[str]


class ExplainedCall(NamedTuple):
    """A call, its cache key and the stored reply, None where there is none."""

    call: Call
    key: str
    reply: Reply | None


class ReplayedConversation(NamedTuple):
    """A conversation as far as stored replies allow.

    Attributes:
        item: the item.
        batches: calls that go out together, in order; only the last batch can lack replies.
        outcome: the outcome, None if a reply is missing.
    """

    item: Item
    batches: tuple[tuple[ExplainedCall, ...], ...]
    outcome: Outcome | None


class Member(NamedTuple):
    """A cell whose judgment is counted, and its conversation."""

    cell: Cell
    followed: ReplayedConversation


class Counted(NamedTuple):
    """The judgment of a cell that makes no calls of its own, such as a jury, and of its members.

    Attributes:
        item: what they are about.
        members: in the order in which they are counted.
        outcome: None where a member's conversation lacks a reply.
    """

    item: Item
    members: tuple[Member, ...]
    outcome: Outcome | None


def explained(plan: Plan, cell: Cell, row: int, replies: Replies) -> ReplayedConversation | Counted:
    """How a cell reaches its verdict on the item in a row, as far as stored replies allow."""
    return follow(plan, cell, row, replies) if asks(cell) else count(plan, cell, row, replies)


# --- the matrix -------------------------------------------------------------------------------------------


def branches(plan: Plan) -> list[Branch]:
    """The evaluators of each entry of the evaluator axis, before `exclude`."""
    entries = plan.spec.resolved["matrix"]["evaluator"]
    return [Branch(entry, _evaluators(_product(plan, evaluator=[entry]))) for entry in entries]


def full_product(plan: Plan) -> tuple[Cell, ...]:
    """All cells of the matrix, before `exclude`."""
    return _product(plan)


def removals(plan: Plan) -> list[Removal]:
    """The cells that each entry of `exclude` removes; a cell that two entries match is listed under both."""
    every = [cell.id for cell in full_product(plan)]
    found = []
    for entry in plan.spec.resolved["matrix"]["exclude"]:
        kept = {cell.id for cell in _product(plan, exclude=[entry])}
        found.append(Removal(entry, tuple(one for one in every if one not in kept)))
    return found


def _product(plan: Plan, **changed: Any) -> tuple[Cell, ...]:
    return cells_of({**plan.spec.resolved["matrix"], "exclude": (), **changed}, tuple(plan.spec.models))


def _evaluators(cells: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell.evaluator for cell in cells))


def cell_calls(plan: Plan, cell: Cell) -> tuple[int, int]:
    """The fewest and the most calls that one item takes in a cell."""
    strategy = plan.spec.strategies[cell.strategy]
    if not plan.spec.label_set.is_ranking:
        return calls_per_item(cell, strategy)
    counts = [len(lengths) for lengths in plan.datasets[cell.dataset].facts()[LENGTHS]]
    return calls_per_item(cell, strategy, min(counts))[0], calls_per_item(cell, strategy, max(counts))[1]


# --- following a conversation -----------------------------------------------------------------------------


def follow(plan: Plan, cell: Cell, row: int, replies: Replies) -> ReplayedConversation:
    """The conversation of a cell about the item in a row, as far as stored replies allow."""
    ((item, conversation),) = plan.conversations(Chunk(0, plan.cells.index(cell), cell, row, row + 1))
    return ReplayedConversation(item, *follow_conversation(item, conversation, replies))


def follow_conversation(
    item: Item, conversation: Conversation[T], replies: Replies
) -> tuple[tuple[tuple[ExplainedCall, ...], ...], T | None]:
    """The calls of a conversation, batch by batch, and its outcome; None if replies are missing."""
    state = ConversationState(item, conversation)
    batches: list[tuple[ExplainedCall, ...]] = []
    while state.outcome is None:
        found = replies.get_many(state.keys)
        batch = tuple(ExplainedCall(*one, found.get(one[1])) for one in zip(state.calls, state.keys, strict=True))
        batches += [batch] if batch else []
        received = [one.reply for one in batch if one.reply is not None]
        if len(received) < len(batch):
            break
        state.receive(received)
    return tuple(batches), state.outcome


def count(plan: Plan, cell: Cell, row: int, replies: Replies) -> Counted:
    """The judgments of a counting cell's members on the item in a row, and its own."""
    members = members_of(cell)
    received = [Member(member, follow(plan, member, row, replies)) for member in members]
    (item,) = plan.datasets[cell.dataset].items(row, row + 1)
    if any(one.followed.outcome is None for one in received):
        return Counted(item, tuple(received), None)
    ledger = Ledger(replace(plan, spec=replace(plan.spec, cells=(*members, cell))))
    for column, (member, followed) in enumerate(received):
        assert followed.outcome is not None
        judged = JudgedChunk.counted([item.id], [followed.outcome])
        ledger.add(Part(Chunk(column, column, member, row, row + 1), judged))
    ((_, judged),) = ledger.counted()
    return Counted(item, tuple(received), judged[row].outcome)


def sent_params(call: Call) -> dict[str, Any]:
    """The parameters of a call: those of its model, and its own."""
    return {**call.model.params, **(call.params or {})}


# --- for programs -----------------------------------------------------------------------------------------


def matrix_json(plan: Plan) -> dict[str, Any]:
    """The expansion of the matrix, as `matrix` in `schemas/output/explain.schema.json`."""
    matrix, strategies = plan.spec.resolved["matrix"], plan.spec.strategies
    return {
        "dataset": [dataset_json(plan, name) for name in matrix["dataset"]],
        "strategy": [strategy_facts(strategies[name]) for name in matrix["strategy"] if name in strategies],
        "evaluator": [{"entry": one.entry, "evaluators": one.evaluators} for one in branches(plan)],
        "order": matrix["order"],
        "repeats": [matrix["repeats"]] if isinstance(matrix["repeats"], int) else matrix["repeats"],
        "product": len(full_product(plan)),
        "choices": [choice_json(choice) for choice in plan.spec.choices],
        "excluded": [{"entry": one.entry, "cells": one.cells} for one in removals(plan)],
        "cells": [
            {"cell": cell.id, "items": len(plan.datasets[cell.dataset]), "calls_per_item": cell_calls(plan, cell)}
            for cell in plan.cells
        ],
    }


def cell_json(plan: Plan, cell: Cell, found: ReplayedConversation | Counted) -> dict[str, Any]:
    """A cell and one of its conversations, as `cell` in `schemas/output/explain.schema.json`."""
    models = [plan.spec.models[name] for name in dict.fromkeys(cell.models)]
    batches, members = (found.batches, ()) if isinstance(found, ReplayedConversation) else ((), found.members)
    places = places_of(plan, cell)
    return {
        "cell": cell.id,
        "dataset": dataset_json(plan, cell.dataset),
        "strategy": strategy_facts(plan.spec.strategies[cell.strategy]),
        "evaluator": {"mode": cell.mode, "settings": cell.settings},
        "models": [{"name": one.name, "provider": one.provider, "id": one.id, "params": one.params} for one in models],
        "order": cell.order,
        "repeats": cell.repeats,
        "collapse": cell.collapse,
        "calls_per_item": cell_calls(plan, cell),
        "item": found.item.id,
        "batches": [[asked_json(one) for one in batch] for batch in batches],
        "members": members_json(members),
        "outcome": outcome_json(found.outcome),
        "places": places,
    }


def places_of(plan: Plan, cell: Cell) -> dict[str, str]:
    """Where in the spec a cell comes from: file and line of its dataset, strategy, evaluator and models."""
    document = read_yaml(plan.spec.path, plan.spec.shown_path)
    matrix = document.value["matrix"]
    own = cell.strategy in document.value.get("strategies", {})
    entries = [set(branch.evaluators) for branch in branches(plan)]
    at = next(index for index, evaluators in enumerate(entries) if cell.evaluator in evaluators)
    taken_over = not isinstance(matrix["evaluator"], list) or len(matrix["evaluator"]) != len(entries)
    paths: dict[str, tuple[str | int, ...]] = {
        "dataset": ("datasets", cell.dataset),
        "strategy": ("strategies", cell.strategy) if own else ("matrix", "strategy"),
        "evaluator": ("matrix", "evaluator") if taken_over else ("matrix", "evaluator", at),
        **{f"models.{name}": ("models", name) for name in cell.models},
    }
    return {what: f"{document.file}:{document.place(path, key=True)[0]}" for what, path in paths.items()}


def dataset_json(plan: Plan, name: str) -> dict[str, Any]:
    """Where a dataset is, which of its rows are used and how many they are."""
    entry = plan.spec.resolved["datasets"][name]
    items = len(plan.datasets[name]) if name in plan.datasets else None
    return {"name": name, "path": entry["path"], "format": entry["format"], "subset": entry["subset"], "items": items}


def strategy_facts(strategy: Strategy) -> dict[str, str]:
    """A strategy and its source."""
    return {"name": strategy.name, "source": strategy.source, "summary": strategy.summary}


def asked_json(one: ExplainedCall) -> dict[str, Any]:
    """A call and its reply, as a batch in `schemas/output/explain.schema.json` holds it."""
    call = one.call
    return {
        "step": call.step,
        "model": call.model.name,
        "model_id": call.model.id,
        "params": sent_params(call),
        "draw": call.draw,
        "messages": plain_messages(call.messages),
        "key": one.key,
        "reply": None if one.reply is None else reply_json(one.reply),
    }


def members_json(members: Sequence[Member]) -> list[dict[str, Any]]:
    """The members whose judgments are counted, as `members` in `schemas/output/explain.schema.json`."""
    return [{"cell": one.cell.id, "outcome": outcome_json(one.followed.outcome)} for one in members]


def outcome_json(outcome: Outcome | None) -> dict[str, Any] | None:
    """An outcome, as `schemas/output/explain.schema.json` describes it."""
    if outcome is None:
        return None
    found = outcome._asdict()
    return found if outcome.escalated is not None else {key: found[key] for key in found if key != "escalated"}
