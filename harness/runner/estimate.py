"""The cost of a plan: the number of calls that the cache answers, and bounds on the rest.

The fewest calls are those without a follow-up question and the most those where every reply is followed up. Expected
are the fewest calls, with replies as long as the cached ones of the model, or of a stated length. Prompt tokens are
estimated as one for each four bytes of text, or, where tiktoken and the encoding of the model are on this machine,
counted for the first prompts and estimated from those for the rest; a reply has at least one token and at most as many
as the call allows. Of a large plan a part of each cell is counted and stands for the rest (`sampled_chunks.py`). An
estimate makes no model calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from harness.evaluators.cell import calls_per_item
from harness.evaluators.mode import stages_of
from harness.providers.tokens import Count, counter_of
from harness.records.calls import Model
from harness.runner.chunk import Chunk
from harness.runner.estimate_stages import add_stages
from harness.runner.needs import (
    PLAIN,
    Estimate,
    Later,
    Need,
    PromptSize,
    Range,
    Sampled,
    Typical,
    add_calls,
    largest_reply,
)
from harness.runner.plan import Plan, Planned
from harness.runner.sampled_chunks import chunk_groups
from harness.runner.session import Replies, UnavailableReplies, advance, start_conversations


def estimate(
    plan: Plan,
    replies: Replies,
    environment: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    reached: Callable[[int], None] = lambda _: None,
) -> Estimate:
    """Count the calls of a plan that the cache lacks. Makes no call.

    Args:
        plan: the plan.
        replies: the cache.
        environment: the environment variables, in which tiktoken looks for its folder; None to count bytes alone.
        whole: whether every conversation of a large plan is counted.
        reached: receives the number of conversations that have been counted.
    """
    names = dict.fromkeys(name for cell in plan.cells for name in cell.models)  # a generation calls further models
    sizes = {name: PromptSize(_counter(plan.spec.models[name], environment)) for name in names}
    result = Estimate({cell.id: Need() for cell in plan.cells}, {name: Need() for name in names}, sizes)
    counting = _Counting(plan, replies, reached)
    for group in chunk_groups(plan, whole=whole):
        part = Estimate({name: Need() for name in result.cells}, {name: Need() for name in names}, sizes)
        part.typical, part.notes = result.typical, result.notes
        counting.add(group.chunks, part)
        for needs, counted in ((result.cells, part.cells), (result.models, part.models)):
            for name, need in counted.items():
                needs[name].join(need if group.weight == 1 else need.times(group.weight))
    if counting.counted < plan.conversation_count:
        result.sampled = Sampled(counting.counted, plan.conversation_count)
    return result


@dataclass
class _Counting:
    """Counts the calls of chunks, those that several chunks share once for their model."""

    plan: Plan
    replies: Replies
    reached: Callable[[int], None]
    seen: set[str] = field(default_factory=set)
    counted: int = 0

    def add(self, chunks: Sequence[Chunk], result: Estimate) -> None:
        """Add the calls of some chunks, those of cells that ask in stages last."""
        in_stages = [chunk for chunk in chunks if stages_of(chunk.cell)]
        for chunk in chunks:
            if not stages_of(chunk.cell):
                self._add(chunk, result)
            self.counted += chunk.stop - chunk.start
            self.reached(self.counted)
        if in_stages:
            add_stages(self.plan, in_stages, self.replies, result, self.seen)

    def _add(self, chunk: Chunk, result: Estimate) -> None:
        cell = chunk.cell
        here = result.cells[cell.id]
        strategy = self.plan.spec.strategies[cell.strategy]
        ends = cache(partial(calls_per_item, cell, strategy))
        conversations = start_conversations(self.plan, chunk)
        waiting = advance(conversations, self.replies, UnavailableReplies())
        here.cached += sum(len(conversation.history) for conversation in conversations)
        if len(cell.models) == 1:
            usual = result.typical_of(cell.models[0])
            usual.replies += sum(len(conversation.history) for conversation in conversations)
            usual.tokens += sum(conversation.completion_tokens for conversation in conversations)
        found = self.replies.get_many([key for conversation in waiting for key in conversation.keys])
        for conversation in waiting:
            batch = zip(conversation.keys, conversation.calls, strict=True)
            missing = [(key, call) for key, call in batch if key not in found]
            here.cached += len(conversation.calls) - len(missing)
            fewest, most = ends(len(conversation.item.responses))
            made = len(conversation.history) + len(conversation.calls)
            later = Later(max(0, fewest - made), most - max(made, fewest))
            add_calls(here, [call for _, call in missing], later, PLAIN)
            first_time = [(key, call) for key, call in missing if key not in self.seen]
            self.seen.update(key for key, _ in first_time)
            if first_time:
                name = first_time[0][1].model.name
                add_calls(result.models[name], [call for _, call in first_time], later, result.sizes[name])


def _counter(model: Model, environment: Mapping[str, str] | None) -> Count | None:
    """The token counter of a model, None to estimate from bytes."""
    return None if environment is None or model.is_free else counter_of(model.id, environment)


def estimate_json(plan: Planned, found: Estimate) -> dict[str, Any]:
    """The estimate as `schemas/output/plan.schema.json` describes it."""
    models = plan.spec.models
    return {
        "spec": plan.spec.name,
        "judgments": plan.size,
        "cells": [
            {
                "cell": name,
                "items": items,
                "cached": found.cells[name].cached,
                "calls": list(found.cells[name].calls),
            }
            for name, items in plan.items_by_place.items()
        ],
        "models": [
            {
                "model": name,
                "calls": list(need.calls),
                "prompt_tokens": list(need.prompt_tokens),
                "counted_by": found.sizes[name].method,
                "completion_tokens": list(need.completion_tokens),
                "cost_usd": _listed(need.cost_usd(models[name])),
                "expected": _expected_json(need, models[name], found.typical_of(name)),
            }
            for name, need in found.models.items()
        ],
        "cost_usd": _listed(found.cost_usd(models)),
        "expected_cost_usd": found.expected_usd(models),
        "sampled": None if found.sampled is None else found.sampled._asdict(),
        "notes": [*plan.data_notes, *found.notes],
    }


def _expected_json(need: Need, model: Model, typical: Typical) -> dict[str, Any]:
    return {
        **need.expected(model, typical)._asdict(),
        "cost_usd": need.expected_usd(model, typical),
        "reply_tokens": typical.reply_tokens(largest_reply(model)),
        "cached_replies": typical.replies,
    }


def _listed(ends: Range | None) -> list[float] | None:
    return None if ends is None else list(ends)
