"""Self-agreement: how often the same question gets the same verdict again."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.probe import Audited, shown
from harness.records.figures import Figure

SUMMARY = "self-agreement: how often two answers to the same question are the same"
ONCE = "asked once only; `repeats: [2]` asks twice"


def figures(audited: Audited) -> dict[str, Figure]:
    """The share of the pairs of repeats, in the same order, that agree."""
    if audited.cell.repeats < 2:
        return {"self-agreement.repeats": audited.unknown(ONCE)}
    return {"self-agreement.repeats": audited.consistency_units()["self-agreement"]}


def sentence(figures: Mapping[str, Figure]) -> str:
    """How steady it is."""
    found = figures["self-agreement.repeats"]
    if found.value is None:
        return f"how steady it is cannot be told: {found.reason}"
    return f"asked again it says the same on {shown(found)} of the pairs of answers"
