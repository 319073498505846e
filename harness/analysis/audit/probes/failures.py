"""Failures: the share of items without a verdict, by kind."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding, claimed, not_claimed, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.records.judgments import FAILURES

SUMMARY = "failures: share of the items without a verdict, by kind"
LABELS = "all"
RANKINGS = True
NO_ITEMS = "no items"


def figures(audited: Audited) -> dict[str, Figure]:
    """The share of all failures, and of each kind."""
    judged, classes = audited.judged, len(audited.data.label_set.names)
    found = {"failures.all": audited.units.figure((judged >= classes).astype(float), reason=NO_ITEMS)}
    for code, kind in enumerate(FAILURES, classes):
        if (judged == code).any():
            found[f"failures.{kind}"] = audited.units.figure((judged == code).astype(float), reason=NO_ITEMS)
    return found


def sentence(figures: Mapping[str, Figure]) -> str:
    """The shares, most frequent kind first."""
    kinds = {name.partition(".")[2]: figure for name, figure in figures.items() if name != "failures.all"}
    if not kinds:
        return f"every item has a verdict (n = {figures['failures.all'].n})"
    worst = sorted(kinds.items(), key=lambda entry: -(entry[1].value or 0))
    shares = ", ".join(f"{kind} {figure_text(figure)}" for kind, figure in worst)
    return f"no verdict on {figure_text(figures['failures.all'])} of the items: {shares}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether an item has no verdict."""
    share = figures["failures.all"]
    if share.value is None:
        return unknown(share)
    return claimed("failures.all", share.value) if share.value > 0 else not_claimed("failures.all")
