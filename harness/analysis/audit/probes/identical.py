"""Identical: response a beside itself, judged twice, to see what position and chance do without any difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.finding import Finding
from harness.analysis.audit.interventions import (
    ALL_FAILED,
    effect_figures,
    effect_finding,
    effect_sentence,
    not_asked,
    votes_of,
)
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.datasets import Item
from harness.records.figures import Figure

SUMMARY = "identical: verdicts on two copies of response a, a call in each order, judged with `score.probes`"
ARMS = ("a",)
HAS_OWN_DRAWS = True


def changed(item: Item, arm: str) -> Item:
    """The item with response a on both sides."""
    return item._replace(response_b=item.response_a, model_b=item.model_a)


def figures(audited: Audited) -> dict[str, Figure]:
    """The net share of the items whose verdicts lean to the first position, and the share of verdicts that are ties."""
    votes = votes_of(audited, "identical")
    if votes is None:
        reason = not_asked("identical", audited.cell)
        return {**effect_figures(audited, "identical", None), "identical.ties": audited.unknown(reason)}
    given, swapped = votes[:, 0, 0], votes[:, 0, 1]
    ties = np.where(np.isnan(given + swapped), np.nan, ((given == 0).astype(float) + (swapped == 0)) / 2)
    return {
        **effect_figures(audited, "identical", given - swapped),
        "identical.ties": audited.units.figure(ties, reason=ALL_FAILED),
    }


def sentence(figures: Mapping[str, Figure]) -> str:
    """The share of ties, and the effect of the position."""
    if figures["identical.ties"].value is None:
        return effect_sentence("identical", "", figures)
    effect = effect_sentence("identical", "the response shown first", figures)
    return f"a tie in {figure_text(figures['identical.ties'])} of verdicts on two copies of a response; {effect}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the q-value claims an effect."""
    return effect_finding("identical", figures)
