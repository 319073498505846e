"""Win rate of response b over response a by the verdicts of the evaluator, without reference labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.finding import DESCRIBED, Finding, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS

SUMMARY = "win-rate: win rate of response b over response a, ties counted as half a win, as a loss, or dropped"
NO_VERDICT = "no item has a verdict"
UNDECIDED = "every verdict is a tie"


def figures(audited: Audited) -> dict[str, Figure]:
    """The win rate by each convention of ties; failures are left out, with bounds beside them."""
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
    """The win rates."""
    half = figures["win-rate.half"]
    if half.value is None:
        return f"win rate of response b: unknown ({half.reason})"
    lose, dropped = (figure_text(figures[f"win-rate.{ties}"]) for ties in ("ties-lose", "ties-dropped"))
    return f"response b: {figure_text(half)} (ties half), {lose} (ties lose), {dropped} (ties dropped)"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """A win rate describes the responses."""
    half = figures["win-rate.half"]
    return unknown(half) if half.value is None else DESCRIBED
