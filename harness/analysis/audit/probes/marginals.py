"""Marginals: the share of each verdict among the judgments and among the labels, and the excess of ties."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.finding import Finding, excludes_zero, finding_by_interval
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.consistency import NO_PAIRS

SUMMARY = "marginals: share of each verdict among judgments and labels, and the excess of ties"


def figures(audited: Audited) -> dict[str, Figure]:
    """The share of each verdict among judgments and labels of the items that have both, and the excess of ties."""
    labels, judged = audited.data.reference_codes(), audited.judged
    both = (labels >= 0) & (judged < len(VERDICTS))
    found = {}
    for code, verdict in enumerate(VERDICTS):
        for whose, codes in (("judge", judged), ("labels", labels)):
            share = np.where(both, codes == code, np.nan)
            found[f"marginals.{verdict}.{whose}"] = audited.units.figure(share, reason=NO_PAIRS)
    tie = VERDICTS.index("tie")
    excess = np.where(both, (judged == tie).astype(float) - (labels == tie), np.nan)
    found["marginals.tie.excess"] = audited.units.figure(excess, reason=NO_PAIRS, bounds=(-1.0, 1.0))
    return found


def sentence(figures: Mapping[str, Figure]) -> str:
    """The share of ties."""
    ties, excess = figures["marginals.tie.judge"], figures["marginals.tie.excess"]
    if ties.value is None:
        return f"share of ties: unknown ({ties.reason})"
    note = "" if excludes_zero(excess) else ", not distinguishable from 0"
    labels = figure_text(figures["marginals.tie.labels"])
    return f"ties: {figure_text(ties)} of verdicts, {labels} of labels; excess {figure_text(excess)}{note}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the evaluator gives more or fewer ties than people."""
    return finding_by_interval("marginals.tie.excess", figures)
