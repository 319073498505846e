"""Win rate: how often response b wins over response a by the evaluator's verdicts, whatever people say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.probe import Audited, shown
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS

SUMMARY = "win-rate: how often response b beats response a, a tie counting half, nothing, or not at all"
NO_VERDICT = "no item has a verdict"
UNDECIDED = "every verdict is a tie"


def figures(audited: Audited) -> dict[str, Figure]:
    """By each convention of ties; failures are left out, and would be between the bounds."""
    judged = audited.judged
    verdicts = judged < len(VERDICTS)
    won, tied = judged == VERDICTS.index("b"), judged == VERDICTS.index("tie")
    half = np.where(verdicts, won + tied / 2, np.nan)
    found = {
        "win-rate.half": audited.units.figure(half, reason=NO_VERDICT),
        "win-rate.ties-lose": audited.units.figure(np.where(verdicts, won, np.nan), reason=NO_VERDICT),
        "win-rate.ties-dropped": audited.units.figure(np.where(verdicts & ~tied, won, np.nan), reason=UNDECIDED),
    }
    if (~verdicts).any():
        all_lost, all_won = (np.where(verdicts, half, bound) for bound in (0.0, 1.0))
        found["win-rate.failures-lose"] = audited.units.figure(all_lost)
        found["win-rate.failures-win"] = audited.units.figure(all_won)
    return found


def sentence(figures: Mapping[str, Figure]) -> str:
    """How often b wins."""
    half = figures["win-rate.half"]
    if half.value is None:
        return f"which response wins cannot be told: {half.reason}"
    return (
        f"response b wins {shown(half)} with ties as half, {shown(figures['win-rate.ties-lose'])} with ties as lost, "
        f"{shown(figures['win-rate.ties-dropped'])} of those decided"
    )
