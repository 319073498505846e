"""The cost of a run that may end early: at least its next look, at most all items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from harness.cache.entry import Store
from harness.records.judgments import Outcome
from harness.runner.estimate import estimate
from harness.runner.needs import Estimate, Need, Range
from harness.runner.plan import Plan
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.session import Replies
from harness.runner.stopping import Looks


def estimate_looks(looks: Looks, replies: Replies, environment: Mapping[str, str] | None = None) -> Estimate:
    """Count the calls that the cache lacks; looks whose replies it holds are taken. Makes no call.

    Args:
        looks: of the plan.
        replies: the cache.
        environment: the environment variables, in which tiktoken looks for its folder; None to count bytes.
    """
    last = len(looks.planned) - 1
    for number in range(last + 1):
        found = estimate(looks.part(number), replies, environment, whole=True)
        if found.calls.high:
            break
        if number == last or looks.ends(number, lambda part: _offline(part, replies)):
            return _noted(estimate(looks.at(number), replies, environment, whole=True), looks, number, is_certain=True)
    if number == last:
        return _noted(estimate(looks.plan, replies, environment, whole=True), looks, number, is_certain=True)
    whole = estimate(looks.plan, replies, environment, whole=True)
    for needs, least in ((whole.cells, found.cells), (whole.models, found.models)):
        for name, need in needs.items():
            needs[name] = _at_least(need, least.get(name, Need()))
    return _noted(whole, looks, number, is_certain=False)


def _offline(plan: Plan, replies: Replies) -> Run[Outcome]:
    return Run(plan, cast(Store, replies), None, RunStats(plan.spec.models))


def _at_least(whole: Need, least: Need) -> Need:
    """The calls of all items, with those of one look as the lower bound."""
    return replace(
        whole,
        calls=Range(least.calls.low, whole.calls.high),
        prompt_tokens=Range(least.prompt_tokens.low, whole.prompt_tokens.high),
        completion_tokens=Range(least.completion_tokens.low, whole.completion_tokens.high),
    )


def _noted(found: Estimate, looks: Looks, number: int, *, is_certain: bool) -> Estimate:
    """The estimate with a note on the looks that it covers."""
    judged = sum(len(rows) for rows in looks.planned[number].rows.values())
    items = sum(map(len, looks.plan.datasets.values()))
    which = f"look {number + 1} of {len(looks.planned)}, {judged:,} of {items:,} items"
    if is_certain:
        found.notes.append(f"`stop`: the run ends at {which}")
    else:
        found.notes.append(f"`stop`: at least the calls up to {which}; expected and at most those of all items")
    return found
