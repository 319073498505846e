"""Self-agreement: the share of repeats that agree."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding, claimed, not_claimed, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.analysis.audit.ranked import TAU, repeat_figures, repeat_sentence
from harness.records.figures import Figure

SUMMARY = "self-agreement: share of pairs of repeats with the same verdict"
LABELS = "any"
RANKINGS = True
NO_REPEATS = "no repeats; `repeats: [2]` adds one"
REPEATS = "self-agreement.repeats"


def figures(audited: Audited) -> dict[str, Figure]:
    """The share of the pairs of repeats, in the same order, that agree."""
    if audited.data.label_set.is_ranking:
        return repeat_figures(audited)
    if audited.cell.repeats < 2:
        return {REPEATS: audited.unknown(NO_REPEATS)}
    found = audited.consistency_figures()
    return {REPEATS: found["self-agreement"] if found else audited.unknown(audited.reason_without_votes)}


def sentence(figures: Mapping[str, Figure]) -> str:
    """The share of pairs that agree."""
    if TAU in figures:
        return repeat_sentence(figures)
    found = figures[REPEATS]
    if found.value is None:
        return f"unknown ({found.reason})"
    return f"{figure_text(found)} of pairs of repeats agree"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether repeats of a question differ."""
    share = figures[REPEATS]
    if share.value is None:
        return unknown(share)
    return claimed(REPEATS, share.value - 1) if share.value < 1 else not_claimed(REPEATS)
