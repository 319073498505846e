"""The labels of single responses: which a strategy gives, and which of them a score stands for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from harness.records.experiment import Strategy
from harness.records.judgments import FAILURES
from harness.records.label_set import MOST, NUMBER, LabelSet, number_set

Fault = tuple[tuple[str | int, ...], str, str]
"""Where in the rule, what is wrong, and the fix."""
ROUNDING = 1e-9
"""Scores such as 3.9999999999 from a weighted mean are 4."""


class SingleRule(NamedTuple):
    """How answers about a single response become its label.

    Attributes:
        labels: the labels that a strategy gives.
        label_of: the label that a score stands for.
    """

    labels: LabelSet
    label_of: Callable[[float], str]


def labels_of(strategy: Strategy) -> LabelSet:
    """The labels that a strategy for single responses gives.

    A rule with `labels` or `tokens` lists them, one with `thresholds` names the score at which each begins, one with
    `as: number` gives its scores as they are, and the others give the whole numbers of their scale.
    """
    return labels_of_rule(strategy.answer)


def labels_of_rule(rule: Mapping[str, Any]) -> LabelSet:
    """The labels that a rule for single responses gives, as `labels_of` has them."""
    if "as" in rule:
        return number_set(rule["scale"]["min"], rule["scale"]["max"])
    if rule["kind"] == "label":
        return _label_set(tuple(rule["labels"]), is_ordered=bool(rule.get("ordered")))
    if "tokens" in rule:
        return _label_set(tuple(rule["tokens"]), is_ordered=bool(rule.get("ordered")))
    if "thresholds" in rule:
        starts = rule["thresholds"]
        names = sorted(starts, key=lambda name: _start(starts[name]))
        return _label_set(tuple(names), is_ordered=True)
    numbers = range(int(rule["scale"]["min"]), int(rule["scale"]["max"]) + 1)
    return LabelSet(tuple(map(str, numbers)), is_ordered=True, values=tuple(map(float, numbers)))


def single_rule(strategy: Strategy) -> SingleRule:
    """The rule of a strategy without faults."""
    labels, rule = labels_of(strategy), strategy.answer
    if rule["kind"] == "label":
        return SingleRule(labels, lambda score: labels.names[round(score)])
    if labels.is_number:
        return SingleRule(labels, lambda score: NUMBER)
    if "tokens" in rule and "thresholds" not in rule:  # the score is the probability of the last of two labels
        return SingleRule(labels, lambda score: labels.names[-1 if score > 0.5 + ROUNDING else 0])
    if "thresholds" not in rule:
        least = labels.values[0]
        return SingleRule(labels, lambda score: labels.names[_nearest(score - least, len(labels.names))])
    starts = [_start(rule["thresholds"][name]) for name in labels.names]

    def label_of(score: float) -> str:
        return labels.names[max(0, sum(score >= start - ROUNDING for start in starts) - 1)]

    return SingleRule(labels, label_of)


def _start(start: float | None) -> float:
    """The score at which a label begins; null for the lowest label of a reward, which has no scale."""
    return -math.inf if start is None else float(start)


def _nearest(steps: float, count: int) -> int:
    """The nearest whole number of steps; of two the smaller one, since a half is not the next grade."""
    return min(count - 1, max(0, math.ceil(steps - 0.5 - ROUNDING)))


def single_faults(rule: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the labels of a full rule of a strategy for single responses."""
    if "as" in rule:
        if "tokens" in rule:
            yield ("as",), "tokens stand for labels, and a score is a number", "write a `scale`, or leave out `as`"
        elif "thresholds" in rule:
            yield ("as",), "a score is a number, or becomes a label by `thresholds`", "leave one of them out"
        return
    if rule["kind"] == "reward" and "thresholds" not in rule:
        hint = "write `answer: {kind: reward, thresholds: {fail: null, pass: 0}}`"
        yield ("thresholds",), "a reward has no scale that gives labels", hint
        return
    key = next((key for key in ("labels", "tokens", "thresholds") if key in rule), "")
    named = rule.get(key, {})
    for name in named:
        if name in FAILURES:
            yield (key, name), f"`{name}` is the name of a failure", "give the label another name"
    if "tokens" in rule and "thresholds" in rule and list(rule["thresholds"]) != list(rule["tokens"])[:2]:
        names = list(rule["tokens"])
        what = "the thresholds of log probabilities are of the probability of the second of two labels"
        yield ("thresholds",), what, f"write `thresholds: {{{names[0]}: 0, {names[1]}: 0.5}}` for two labels"
    if "thresholds" in rule:
        yield from _threshold_faults(rule)
    elif "scale" in rule and not named:
        least, greatest = rule["scale"]["min"], rule["scale"]["max"]
        if any(end != int(end) for end in (least, greatest)):
            hint = "write `as: number` to keep scores as numbers, whole numbers, or `thresholds: {LABEL: SCORE}`"
            yield ("scale",), "the grades are the whole numbers of a scale, and its ends are none", hint
        elif greatest - least + 1 > MOST:
            hint = "write `as: number` to keep scores as numbers, or `thresholds: {fail: 0, pass: 50}`, the score at "
            hint += "which each label begins"
            yield ("scale",), f"the scale has {greatest - least + 1:,} grades; at most {MOST} are labels", hint


def _threshold_faults(rule: Mapping[str, Any]) -> Iterator[Fault]:
    starts = list(rule["thresholds"].values())
    if rule["kind"] == "reward":
        if starts.count(None) != 1 or len(set(starts)) < len(starts):
            hint = "write null for the lowest label, and another number for each of the others"
            yield (
                ("thresholds",),
                "each label of a reward begins at a score of its own, and the lowest one at none",
                hint,
            )
        return
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    if len(set(starts)) < len(starts):
        yield ("thresholds",), "two labels begin at the same score", "give each a score of its own"
    if starts and min(starts) != least:
        yield ("thresholds",), f"no label begins at {least}, the least score", f"let the lowest label begin at {least}"
    if starts and max(starts) > greatest:
        yield ("thresholds",), f"a label begins above {greatest}, the greatest score", "lower it"


def _label_set(names: tuple[str, ...], *, is_ordered: bool) -> LabelSet:
    """Labels from the worst to the best; of two, the second is the one whose rate is reported."""
    is_two = len(names) == 2
    return LabelSet(names, is_ordered=is_ordered and not is_two, positive=names[-1] if is_two else "")
