"""Position: changes of the verdict with the order of the responses."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding, claimed, excludes_zero, not_claimed, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.analysis.audit.ranked import EXCESS, position_figures, position_finding, position_sentence
from harness.leaderboard.numbers import p_text
from harness.records.figures import Figure

SUMMARY = "position: how often the verdict flips when the responses are swapped, and the position it favours"
RANKINGS = True
NAMES = (
    "flip-rate",
    "slot-preference",
    "slot-preference.p-value",
    "repeat-flip-rate",
    "excess-flip-rate",
    "tie-inflation",
)
FLIP_RATE = "position.flip-rate"
ONE_ORDER = "one order only; `order: [both]` shows both"


def figures(audited: Audited) -> dict[str, Figure]:
    """The flip rate, the favoured position, the flip rate of repeats in one order, and the ties from both orders."""
    if audited.data.label_set.is_ranking:
        return position_figures(audited)
    if audited.cell.order != "both":
        return {FLIP_RATE: audited.unknown(ONE_ORDER)}
    found = audited.consistency_figures()
    if not found:
        return {FLIP_RATE: audited.unknown(audited.reason_without_votes)}
    return {f"position.{name}": found[name] for name in NAMES if name in found}


def sentence(figures: Mapping[str, Figure]) -> str:
    """The flip rate, and the flip rate of repeats in one order."""
    if EXCESS in figures:
        return position_sentence(figures)
    flips = figures[FLIP_RATE]
    if flips.value is None:
        return f"flip rate: unknown ({flips.reason})"
    text = f"flip rate {figure_text(flips)}"
    noise, excess = figures.get("position.repeat-flip-rate"), figures.get("position.excess-flip-rate")
    if noise is not None and excess is not None:
        text += f", of repeats in one order {figure_text(noise)}, excess {figure_text(excess)}"
    else:
        text += " (without repeats, bias and noise cannot be separated)"
    slot, p_value = figures["position.slot-preference"], figures["position.slot-preference.p-value"]
    if slot.value is None or p_value.value is None:
        return text
    return (
        f"{text}; where one position wins in both orders, the first does on {figure_text(slot)} "
        f"(p {p_text(p_value.value)})"
    )


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether one position is preferred, or verdicts change with the order more often than between repeats."""
    if EXCESS in figures:
        return position_finding(figures)
    flips = figures[FLIP_RATE]
    if flips.value is None:
        return unknown(flips)
    slot, p_value = figures["position.slot-preference"], figures["position.slot-preference.p-value"]
    if slot.value is not None and p_value.value is not None and p_value.value <= 1 - p_value.level:
        return claimed("position.slot-preference", slot.value - 0.5)
    excess = figures.get("position.excess-flip-rate")
    if excess is not None and excess.value is not None and excludes_zero(excess):
        return claimed("position.excess-flip-rate", excess.value)
    return not_claimed("position.slot-preference" if excess is None else "position.excess-flip-rate")
