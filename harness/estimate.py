"""What a plan would cost: how many calls the cache already answers, and bounds on the rest.

The fewest calls are those without a follow-up question and the most those where every reply is followed up. Prompt
tokens are estimated as one for each four bytes of text; a reply has at least one token and at most as many as the
call allows. Nothing is asked and nothing is spent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.asking import calls_per_item
from harness.plan import Plan
from harness.records import Call, Model
from harness.talk import Lost, Replies, Talk, advance

BYTES_PER_TOKEN = 4


class Range(NamedTuple):
    """At least and at most."""

    low: float = 0
    high: float = 0

    def plus(self, low: float, high: float) -> Range:
        """Both ends moved up."""
        return Range(self.low + low, self.high + high)


@dataclass
class Need:
    """What is still to be asked.

    Attributes:
        cached: calls whose replies the cache holds (counted for cells only).
        calls: calls still to be made.
        prompt_tokens: of those calls, estimated.
        completion_tokens: of their replies; the upper end is what the calls allow.
    """

    cached: int = 0
    calls: Range = field(default_factory=Range)
    prompt_tokens: Range = field(default_factory=Range)
    completion_tokens: Range = field(default_factory=Range)

    def add(self, calls: tuple[int, int], prompt: tuple[int, int], reply: tuple[int, int]) -> None:
        """Count more of each."""
        self.calls = self.calls.plus(*calls)
        self.prompt_tokens = self.prompt_tokens.plus(*prompt)
        self.completion_tokens = self.completion_tokens.plus(*reply)

    def cost_usd(self, model: Model) -> Range | None:
        """What it would cost; None where the model has no price and something is left to ask."""
        if model.is_free or not self.calls.high:
            return Range()
        if model.price is None:
            return None
        ends = zip(self.prompt_tokens, self.completion_tokens, strict=True)
        low, high = ((p * model.price.input + c * model.price.output) / 1e6 for p, c in ends)
        return Range(low, high)


@dataclass
class Estimate:
    """The needs of a plan.

    Attributes:
        cells: by cell id, in canonical order.
        models: by model name; a call that two cells share counts once here.
    """

    cells: dict[str, Need] = field(default_factory=dict)
    models: dict[str, Need] = field(default_factory=dict)

    @property
    def calls(self) -> Range:
        """Calls still to be made, over all models."""
        needs = self.models.values()
        return Range(sum(need.calls.low for need in needs), sum(need.calls.high for need in needs))

    def cost_usd(self, models: Mapping[str, Model]) -> Range | None:
        """What everything would cost; None where a model that must be asked has no price."""
        costs = [need.cost_usd(models[name]) for name, need in self.models.items()]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            return None
        return Range(sum(cost.low for cost in known), sum(cost.high for cost in known))


def estimate(plan: Plan, replies: Replies) -> Estimate:
    """Walk through the whole plan over the cache and count what it lacks. Makes no call."""
    result = Estimate(
        cells={cell.id: Need() for cell in plan.cells},
        models={name: Need() for cell in plan.cells for name in cell.models},
    )
    seen: set[str] = set()
    for chunk in plan.chunks():
        cell = chunk.cell
        here = result.cells[cell.id]
        most = calls_per_item(cell, plan.spec.strategies[cell.strategy])[1]
        talks = [Talk(item, conversation) for item, conversation in plan.conversations(chunk)]
        waiting = advance(talks, replies, Lost())
        here.cached += sum(len(talk.history) for talk in talks)
        found = replies.get_many([key for talk in waiting for key in talk.keys])
        for talk in waiting:
            missing = [(key, call) for key, call in zip(talk.keys, talk.calls, strict=True) if key not in found]
            here.cached += len(talk.calls) - len(missing)
            follow_ups = most - len(talk.history) - len(talk.calls)
            _count(here, [call for _, call in missing], follow_ups)
            first_time = [(key, call) for key, call in missing if key not in seen]
            seen.update(key for key, _ in first_time)
            if first_time:
                _count(result.models[first_time[0][1].model.name], [call for _, call in first_time], follow_ups)
    return result


def _count(need: Need, calls: Sequence[Call], follow_ups: int) -> None:
    """Add calls that are missing, and the follow-up questions that may come after them."""
    longest = 0
    for call in calls:
        prompt = -(-sum(len(message["content"].encode()) for message in call.messages) // BYTES_PER_TOKEN)
        reply = largest_reply(call.model)
        longest = max(longest, prompt + reply)
        need.add((1, 1), (prompt, prompt), (1, reply))
    for _ in range(follow_ups):
        need.add((0, 1), (0, longest), (0, largest_reply(calls[0].model)))


def largest_reply(model: Model) -> int:
    """The most tokens that a reply of the model may have; a spec sets them for all models but recordings."""
    params = model.params
    return int(params.get("max_completion_tokens") or params.get("max_tokens", 1))


def estimate_json(plan: Plan, found: Estimate) -> dict[str, Any]:
    """The estimate as `schemas/plan.schema.json` describes it."""
    models = plan.spec.models
    return {
        "spec": plan.spec.name,
        "judgments": plan.size,
        "cells": [
            {
                "cell": cell.id,
                "items": len(plan.datasets[cell.dataset]),
                "cached": found.cells[cell.id].cached,
                "calls": list(found.cells[cell.id].calls),
            }
            for cell in plan.cells
        ],
        "models": [
            {
                "model": name,
                "calls": list(need.calls),
                "prompt_tokens": list(need.prompt_tokens),
                "completion_tokens": list(need.completion_tokens),
                "cost_usd": _listed(need.cost_usd(models[name])),
            }
            for name, need in found.models.items()
        ],
        "cost_usd": _listed(found.cost_usd(models)),
    }


def _listed(ends: Range | None) -> list[float] | None:
    return None if ends is None else list(ends)
