"""Position: does the order in which the responses are shown change the verdict."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.probe import Audited, shown
from harness.records.figures import Figure

SUMMARY = "position: how often the verdict changes with the order of the responses, and which place it favours"
NAMES = (
    "flip-rate",
    "slot-preference",
    "slot-preference.p-value",
    "repeat-flip-rate",
    "excess-flip-rate",
    "tie-inflation",
)
ONE_ORDER = "asked in one order only; `order: [both]` asks in both"


def figures(audited: Audited) -> dict[str, Figure]:
    """The flip rate, which place won twice, what asking again changes by itself, and ties that both orders made."""
    if audited.cell.order != "both":
        return {"position.flip-rate": audited.unknown(ONE_ORDER)}
    found = audited.consistency_units()
    return {f"position.{name}": found[name] for name in NAMES if name in found}


def sentence(figures: Mapping[str, Figure]) -> str:
    """How often the order matters, beside what noise alone changes."""
    flips = figures["position.flip-rate"]
    if flips.value is None:
        return f"whether the order matters cannot be told: {flips.reason}"
    told = f"the verdict changes with the order on {shown(flips)} of the items"
    noise, excess = figures.get("position.repeat-flip-rate"), figures.get("position.excess-flip-rate")
    if noise is not None and excess is not None:
        told += f", where asking again in one order changes {shown(noise)}: more by {shown(excess)}"
    else:
        told += "; without repeats it cannot be told how much of that is noise"
    slot, p_value = figures["position.slot-preference"], figures["position.slot-preference.p-value"]
    if slot.value is None or p_value.value is None:
        return told
    return f"{told}; where one place won both times it was the first on {shown(slot)} of them (p = {p_value.value:.3g})"
