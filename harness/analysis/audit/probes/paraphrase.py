"""Paraphrase: the same question in other words, to see whether the wording of instructions alone moves verdicts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.finding import Finding, not_claimed
from harness.analysis.audit.interventions import (
    ALL_FAILED,
    effect_figures,
    effect_finding,
    effect_sentence,
    votes_of,
)
from harness.analysis.audit.probe import Audited, figure_text
from harness.prompting.rewording import reworded
from harness.records.datasets import Item
from harness.records.experiment import Strategy
from harness.records.figures import Figure
from harness.statistics.agreement import Array

SUMMARY = "paraphrase: effect of other wording of the instructions, judged again with `score.probes`"
ARMS = ("original", "repeat", "reworded")
REPEATED = ("repeat",)
REWORDED = ("reworded",)
UNKNOWN_WORDING = "none of its phrases is known in other words (the known ones are English)"
SHARES = ("paraphrase.changed", "paraphrase.repeat-changed")


def changed(item: Item, arm: str) -> Item:
    """The item as it is: the wording of the question changes."""
    return item


def unusable(strategy: Strategy) -> str:
    """Why a strategy has no other wording, "" where it has one."""
    return UNKNOWN_WORDING if reworded(strategy) is None else ""


def figures(audited: Audited) -> dict[str, Figure]:
    """The shares of verdicts that differ with other wording and when asked again, and the effect of the wording.

    An item leans to an effect where more of its verdicts change with the wording than change when the question is
    asked again. Without an effect both are draws of one law, so that it leans to either side equally often.
    """
    votes = votes_of(audited, "paraphrase")
    if votes is None:
        found = effect_figures(audited, "paraphrase", None)
        return {**found, **dict.fromkeys(SHARES, found["paraphrase.effect"])}
    original, repeat, other = (votes[:, at] for at in range(len(ARMS)))
    with_wording, with_repeat = _differs(original, other), _differs(original, repeat)
    leans = (with_wording - with_repeat).sum(axis=1)
    is_known = ~np.isnan(leans)
    return {
        **effect_figures(audited, "paraphrase", leans),
        **{
            name: audited.units.figure(np.where(is_known, differs.mean(axis=1), np.nan), reason=ALL_FAILED)
            for name, differs in zip(SHARES, (with_wording, with_repeat), strict=True)
        },
    }


def _differs(first: Array, second: Array) -> Array:
    """1 where two verdicts differ, 0 where they are the same, NaN where one is missing."""
    return np.where(np.isnan(first + second), np.nan, (first != second).astype(float))


def sentence(figures: Mapping[str, Figure]) -> str:
    """The shares of verdicts that change, and the effect."""
    effect = effect_sentence("paraphrase", "another verdict with other wording", figures)
    if figures["paraphrase.effect"].value is None:
        return effect
    wording, repeat = (figure_text(figures[name]) for name in SHARES)
    return f"{wording} of verdicts change with other wording, {repeat} when asked again; {effect}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the q-value claims that verdicts change with the wording; fewer changes are no fault of a judge."""
    found = effect_finding("paraphrase", figures)
    return not_claimed(found.effect) if found.direction == "negative" else found
