"""The text that `harness explain` prints for an evaluation: the matrix, a cell, a conversation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.records.calls import Reply
from harness.records.datasets import Message
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.stopping import StopSpec
from harness.runner.explain import (
    Counted,
    ExplainedCall,
    Explanation,
    ReplayedConversation,
    branches,
    cell_calls,
    cell_json,
    explained,
    full_product,
    matrix_json,
    places_of,
    removals,
    sent_params,
)
from harness.runner.lookup import find_cell, find_item
from harness.runner.plan import Plan
from harness.runner.session import Replies
from harness.text import aligned, pluralized, printable

MAX_NAMED = 6
"""Evaluators or cells that a line names; it counts the others."""


def explain_evaluation(plan: Plan, name: str | None, item: str | None, cache: Replies) -> Explanation:
    """The matrix of an evaluation, or one cell and its conversation on one item, as far as the cache carries it.

    Args:
        plan: the plan.
        name: id of a cell, or a unique part of one; None for the matrix.
        item: id of the item; None for the first one.
        cache: the replies.

    Raises:
        InputError: where there is no such cell or item.
    """
    if name is None:
        return Explanation({"spec": plan.spec.name, "matrix": matrix_json(plan), "cell": None}, matrix_lines(plan))
    cell = find_cell(plan, name)
    row = find_item(plan, cell, item)
    found = explained(plan, cell, row, cache)
    document = {"spec": plan.spec.name, "matrix": None, "cell": cell_json(plan, cell, found)}
    return Explanation(document, cell_lines(plan, cell, row, found))


def stop_words(stop: StopSpec) -> str:
    """When judging ends."""
    end = "the best cell is separated" if stop.width is None else f"all intervals are narrower than {stop.width:g}"
    return f"when {end}, at one of {stop.looks} looks at equal shares of the items"


# --- the matrix -------------------------------------------------------------------------------------------


def matrix_lines(plan: Plan) -> Iterator[str]:
    """The axes of the matrix, what `exclude` removed, and the cells."""
    matrix, spec = plan.spec.resolved["matrix"], plan.spec
    every = full_product(plan)
    yield f"{spec.name}: {pluralized(len(spec.cells), 'cell')}, {pluralized(plan.size, 'judgment')}"
    yield ""
    for name in matrix["dataset"]:
        yield f"dataset    {name}: {dataset_words(plan, name)}"
    for name in matrix["strategy"]:
        yield f"strategy   {name}" + (f": {strategy_words(plan, name)}" if name in spec.strategies else "")
    for branch in branches(plan):
        yield f"evaluator  {compact(branch.entry)} → {listed(branch.evaluators)}"
    yield f"order      {', '.join(matrix['order'])}"
    yield f"repeats    {compact(matrix['repeats'])}"
    if spec.stopping is not None:
        yield f"stop       {stop_words(spec.stopping)}"
    yield f"full product: {pluralized(len(every), 'cell')}"
    for removal in removals(plan):
        yield f"exclude    {compact(removal.entry)} removes {len(removal.cells)}: {listed(removal.cells)}"
    for choice in spec.choices:
        yield f"winner of  {choice.spec}: {choice.axis} {choice.taken}, by {choice.metric}, run {choice.run}"
    yield ""
    rows = [("cell", "items", "calls per item")]
    rows += [
        (printable(cell.id), f"{len(plan.datasets[cell.dataset]):,}", calls_words(*cell_calls(plan, cell)))
        for cell in plan.cells
    ]
    yield from aligned(rows).splitlines()


def dataset_words(plan: Plan, name: str) -> str:
    """The file of a dataset, its subset and the number of items."""
    entry = plan.spec.resolved["datasets"][name]
    subset = {key: value for key, value in entry["subset"].items() if value not in (None, {})}
    selected = f", subset {{{compact(subset)}}}" if subset else ""
    items = len(plan.datasets[name]) if name in plan.datasets else None
    count = "not used by any cell" if items is None else pluralized(items, "item")
    return f"{entry['path']} ({entry['format']}){selected}, {count}"


def strategy_words(plan: Plan, name: str) -> str:
    """The source of a strategy and its summary."""
    strategy = plan.spec.strategies[name]
    return f"{strategy.source}. {strategy.summary}" if strategy.summary else strategy.source


def calls_words(fewest: int, most: int) -> str:
    """The number of calls per item, such as `1–2`."""
    if not most:
        return "none (counted)"
    return str(most) if fewest == most else f"{fewest}–{most}"


def compact(value: Any) -> str:
    """Settings on one line; a mapping inside them that has a name is written as its name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_inner(each)}" for key, each in value.items())
    return _inner(value)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["name"]) if "name" in value else f"{{{compact(value)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inner, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def listed(names: Sequence[str]) -> str:
    """The first names, and the number of the others."""
    rest = len(names) - MAX_NAMED
    return ", ".join([*names[:MAX_NAMED], *([f"and {rest} more"] if rest > 0 else [])])


# --- a cell -----------------------------------------------------------------------------------------------


def cell_lines(plan: Plan, cell: Cell, row: int, found: ReplayedConversation | Counted) -> Iterator[str]:
    """A cell, the places in the spec that define it, and one of its conversations."""
    places = places_of(plan, cell)
    yield f"{plan.spec.name}: {cell.id}"
    yield ""
    yield f"dataset    {cell.dataset}: {dataset_words(plan, cell.dataset)}  [{places['dataset']}]"
    yield f"strategy   {cell.strategy}: {strategy_words(plan, cell.strategy)}  [{places['strategy']}]"
    settings = f" with {compact(cell.settings)}" if cell.settings else ""
    yield f"evaluator  {cell.mode}{settings}  [{places['evaluator']}]"
    for name in dict.fromkeys(cell.models):
        model = plan.spec.models[name]
        facts = ", ".join(part for part in (model.provider, model.id, compact(model.params)) if part)
        yield f"model      {name}: {facts}  [{places[f'models.{name}']}]"
    yield f"order      {cell.order}"
    yield f"repeats    {cell.repeats}" + (f", collapsed by {cell.collapse}" if cell.repeats > 1 else "")
    yield f"calls      {calls_words(*cell_calls(plan, cell))} per item"
    yield f"item       {found.item.id}, {row + 1:,} of {len(plan.datasets[cell.dataset]):,}"
    yield ""
    lines = followed_lines if isinstance(found, ReplayedConversation) else counted_lines
    yield from lines(found, plan.spec.label_set)  # type: ignore[arg-type]  # each takes its own kind


def followed_lines(found: ReplayedConversation, labels: LabelSet = VERDICT_LABELS) -> Iterator[str]:
    """A conversation, batch by batch, and its outcome."""
    yield from batch_lines(found)
    if found.outcome is not None:
        yield f"outcome: {outcome_words(found.outcome, labels)}"
    else:
        missing = sum(one.reply is None for one in found.batches[-1])
        yield f"A run sends {pluralized(missing, 'call')} next; later calls depend on the replies."


def batch_lines(found: ReplayedConversation) -> Iterator[str]:
    """The calls of a conversation, batch by batch."""
    earlier: list[ExplainedCall] = []
    for number, batch in enumerate(found.batches, start=1):
        together = f" ({len(batch)} calls at once)" if len(batch) > 1 else ""
        for one in batch:
            yield f"━━ batch {number}{together}: {one.call.step}"
            yield from call_lines(one, earlier)
            yield ""
        earlier += batch


def call_lines(one: ExplainedCall, earlier: Sequence[ExplainedCall]) -> Iterator[str]:
    """A call, and its cached reply; messages shared with an earlier call of the conversation are not repeated.

    Args:
        one: the call.
        earlier: the calls of the batches before it.
    """
    call = one.call
    yield f"to {call.model.name} ({call.model.id}), {compact(sent_params(call))}, draw {call.draw}"
    yield f"key {one.key} ({'in the cache' if one.reply else 'not in the cache'})"
    same, step = max(
        ((_same_start(call.messages, each.call.messages), each.call.step) for each in earlier), default=(0, "")
    )
    if same:
        yield f"── messages 1–{same}: as in {step}" if same > 1 else f"── message 1: as in {step}"
    for message in call.messages[same:]:
        yield f"── {message['role']}"
        yield from _indented(message["content"])
    if one.reply:
        if one.reply.reasoning:
            tokens = f" ({one.reply.reasoning_tokens} tokens)" if one.reply.reasoning_tokens else ""
            yield f"── reasoning{tokens}, {'shown' if call.model.show_reasoning else 'not shown'} to other models"
            yield from _indented(one.reply.reasoning)
        yield f"── reply ({reply_words(one.reply)})"
        yield from _indented(one.reply.text)


def _same_start(one: Sequence[Message], other: Sequence[Message]) -> int:
    """The number of messages at the start that two conversations share."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (mine, yours) in enumerate(pairs) if mine != yours), min(len(one), len(other)))


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"   {line.expandtabs(4)}".rstrip()


def reply_words(reply: Reply) -> str:
    """The finish reason of a reply and its tokens."""
    return f"{reply.finish}, {reply.prompt_tokens} + {reply.completion_tokens} tokens"


def counted_lines(found: Counted, labels: LabelSet = VERDICT_LABELS) -> Iterator[str]:
    """The cells whose judgments are counted, and the outcome."""
    how = "the mean of" if labels.is_number or labels.is_ranking else "counted from"
    yield f"No calls of its own; the {noun_of(labels)} is {how} these cells (`harness explain` shows each):"
    for cell, followed in found.members:
        outcome = followed.outcome
        yield f"  {cell.id}: " + (outcome_words(outcome, labels) if outcome else "replies are missing")
    yield ""
    whole = found.outcome
    yield "outcome: " + (outcome_words(whole, labels) if whole else "unknown until every member has a judgment")


def noun_of(labels: LabelSet) -> str:
    """What a judgment is that did not fail."""
    if labels.is_pair:
        return "verdict"
    return "number" if labels.is_number else "ranking" if labels.is_ranking else "label"


def outcome_words(outcome: Outcome, labels: LabelSet = VERDICT_LABELS) -> str:
    """A verdict, label, number or ranking, or a failure, with its scores and votes."""
    if labels.is_number and outcome.verdict and outcome.score_a is not None:
        return f"number {outcome.score_a:.6g}"
    words = f"{noun_of(labels)} {outcome.verdict}" if outcome.verdict else f"failure {outcome.failure}"
    if labels.is_single and outcome.score_a is not None:
        words += f", score {outcome.score_a:.6g}"
    scores = [score for score in (outcome.score_a, outcome.score_b) if score is not None]
    if len(scores) == 2:
        words += f", scores {scores[0]:g} and {scores[1]:g}"
    return words + (f", votes {', '.join(map(str, outcome.votes))}" if outcome.votes else "")
