"""Judges in stages: each judge but the first is asked only about the items on which the one before it is unsure.

The calls of a stage are those of the judge alone, in the orders and repeats of the cell, with the same steps and cache
keys: a cascade and its judges in one matrix share their calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.evaluators.cell import calls_per_item as calls_of
from harness.evaluators.cell import converse as converse_as
from harness.evaluators.conversation import Conversation
from harness.prompting.strategy import ROUNDING, Questions
from harness.records.calls import Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import FAILURES, Outcome
from harness.text import quoted

NAME = "cascade"
SUMMARY = "A cheap judge decides, and a dear one where it is unsure; one cell for each threshold"
ALL_VOTES = 1.0
"""The default threshold of `escalate: disagreement`: the share of the votes that have to agree."""


def expand(wanted: Mapping[str, Any], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each threshold: its models and its settings.

    Args:
        wanted: the value of `cascade` in a spec.
        models: all models of the spec.
    """
    usual = ALL_VOTES if wanted["escalate"] == "disagreement" else None
    given = wanted.get("threshold", usual)
    for threshold in given if isinstance(given, list | tuple) else [given]:
        yield tuple(wanted["of"]), {"escalate": wanted["escalate"], "threshold": threshold}


def written(models: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `expand`: the value of `cascade` in a spec for one cell alone."""
    threshold = {} if settings["threshold"] is None else {"threshold": settings["threshold"]}
    return {"of": list(models), "escalate": settings["escalate"], **threshold}


def faults(wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Errors in the settings that the schema cannot find: place, message, suggested fix."""
    rule, given = wanted["escalate"], wanted.get("threshold")
    if rule == "margin" and given is None:
        message = "`escalate: margin` needs a `threshold`"
        yield (
            ("escalate",),
            message,
            "write the smallest difference of the two scores that is sure, such as `threshold: 2`",
        )
    if rule == "failure" and given is not None:
        yield ("threshold",), "`escalate: failure` has no threshold", "leave it out"
    for number in (given if isinstance(given, list | tuple) else [given]) if rule == "disagreement" else ():
        if number is not None and number > 1:
            message = f"the threshold of `escalate: disagreement` is a share of votes, and {number:g} is above 1"
            yield ("threshold",), message, "write a share from 0 to 1"


def variant(settings: Mapping[str, Any]) -> str:
    """The rule and its threshold, such as `(disagreement)` or `(margin=2)`."""
    rule, threshold = settings["escalate"], settings["threshold"]
    usual = threshold is None or (rule == "disagreement" and threshold == ALL_VOTES)
    return f"({rule})" if usual else f"({rule}={threshold:g})"


def unfit(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a cascade with these settings cannot use a strategy, and a suggested fix; None where it can."""
    if settings["escalate"] == "margin" and strategy.ask == "single":
        message = "a margin is the difference of two scores, and a single response has one"
        return message, "write `escalate: disagreement` or `escalate: failure`"
    if settings["escalate"] == "disagreement" and "as" in strategy.answer:
        return "numbers have no votes that could disagree", "write `escalate: failure`"
    if settings["escalate"] != "margin" or strategy.answer.get("scale") is not None:
        return None
    message = f"the strategy {quoted(strategy.name)} gives no scores whose margin could be small"
    return message, "take a strategy with scores or log probabilities, or write `escalate: disagreement`"


def unfit_cell(cell: Cell) -> tuple[str, str] | None:
    """Why a cascade cannot be asked with the orders and repeats of a cell, and a suggested fix; None where it can."""
    if cell.settings["escalate"] != "disagreement" or cell.order == "both" or cell.repeats > 1:
        return None
    message = (
        f"`escalate: disagreement` needs several votes on each item, and `order: {cell.order}` without repeats has one"
    )
    return message, "write `order: [both]` or `repeats: 3` in the matrix, or leave these cells out with `exclude`"


def stages(cell: Cell) -> list[Cell]:
    """The judge cells that are asked one after the other, as far as needed."""
    return [
        Cell(cell.dataset, cell.strategy, "judge", (name,), cell.order, cell.repeats, cell.collapse)
        for name in cell.models
    ]


def calls_per_item(cell: Cell, strategy: Strategy) -> tuple[int, int]:
    """The fewest and the most calls of one conversation: those of the first judge, and those of all."""
    counts = [calls_of(stage, strategy) for stage in stages(cell)]
    return counts[0][0], sum(most for _, most in counts)


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Ask the judges one after the other until one is sure; the outcome is that of the last one asked.

    An unsure judge of which a call has no reply fails the item, because the verdict of the next one could not be
    reproduced from the cache.
    """
    last = len(cell.models) - 1
    for number, stage in enumerate(stages(cell)):
        outcome: Outcome = yield from converse_as(item, stage, questions, models)
        if number == last or not is_unsure(outcome, cell.settings):
            break
        if "unavailable" in (outcome.failure, *outcome.votes):
            outcome = Outcome(None, "unavailable", votes=outcome.votes)
            break
    return outcome._replace(escalated=number)


def is_unsure(outcome: Outcome, settings: Mapping[str, Any]) -> bool:
    """Whether the next judge is asked. No judge is unsure at a threshold of 0, not even one without an answer."""
    rule, threshold = settings["escalate"], settings["threshold"]
    if rule == "failure":
        return outcome.verdict is None
    sure: float = threshold - ROUNDING
    return (_agreement(outcome) if rule == "disagreement" else _margin(outcome)) < sure


def _agreement(outcome: Outcome) -> float:
    """The share of the votes that are the most frequent verdict; a failure agrees with nothing."""
    votes = outcome.votes or (outcome.name,)
    return max((votes.count(verdict) for verdict in set(votes).difference(FAILURES)), default=0) / len(votes)


def _margin(outcome: Outcome) -> float:
    """The difference of the two scores, 0 where there is no verdict or no scores."""
    if outcome.verdict is None or outcome.score_a is None or outcome.score_b is None:
        return 0.0
    return abs(outcome.score_a - outcome.score_b)
