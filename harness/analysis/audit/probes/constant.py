"""Constant baseline: what always giving the most frequent label would earn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.probe import Audited, leaves_out_zero, shown
from harness.records.figures import Figure
from harness.scoring.estimates import NO_LABELS

SUMMARY = "constant: the accuracy of always giving the most frequent label, and what the evaluator has more"


def figures(audited: Audited) -> dict[str, Figure]:
    """The accuracy of the constant judge, and the evaluator's less that. Its kappa is 0 by definition."""
    labels = audited.data.reference_codes()
    there = labels >= 0
    if not there.any():
        unknown = audited.unknown(NO_LABELS)
        return {"constant.accuracy": unknown, "constant.gain": unknown}
    most = int(np.bincount(labels[there], minlength=3).argmax())
    constant = np.where(there, labels == most, np.nan)
    gain = np.where(there, (audited.judged == labels).astype(float) - (labels == most), np.nan)
    return {
        "constant.accuracy": audited.units.figure(constant, reason=NO_LABELS),
        "constant.gain": audited.units.figure(gain, reason=NO_LABELS, bounds=(-1.0, 1.0)),
    }


def sentence(figures: Mapping[str, Figure]) -> str:
    """Whether it beats a judge that looks at nothing."""
    constant, gain = figures["constant.accuracy"], figures["constant.gain"]
    if constant.value is None:
        return f"a constant judge cannot be held against labels: {constant.reason}"
    seen = "" if leaves_out_zero(gain) else ", which is no difference that can be told"
    return f"always giving the most frequent label is right on {shown(constant)}; it gains {shown(gain)} on that{seen}"
