"""Marginals: how often each verdict is given, beside how often people give it; ties among them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.probe import Audited, leaves_out_zero, shown
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.consistency import NO_PAIRS

SUMMARY = "marginals: share of each verdict, ties among them, beside the labels'"


def figures(audited: Audited) -> dict[str, Figure]:
    """Of the items with label and verdict, the share of each verdict, the labels' share, and the excess of ties."""
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
    """How it shares out its verdicts."""
    ties, excess = figures["marginals.tie.judge"], figures["marginals.tie.excess"]
    if ties.value is None:
        return f"its verdicts cannot be held against labels: {ties.reason}"
    seen = "" if leaves_out_zero(excess) else ", which is no difference that can be told"
    return (
        f"it calls {shown(ties)} of the items a tie, people {shown(figures['marginals.tie.labels'])}: "
        f"{shown(excess)} more{seen}"
    )
