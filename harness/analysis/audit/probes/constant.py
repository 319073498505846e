"""Constant baseline: the accuracy of always giving the most frequent label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.finding import Finding, excludes_zero, finding_by_interval
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.scoring.estimates import NO_LABELS

LABELS = "any"
SUMMARY = "constant: accuracy of always giving the most frequent label, and the gain of the evaluator over it"


def figures(audited: Audited) -> dict[str, Figure]:
    """The accuracy of the constant judge, and the evaluator's gain over it. Kappa of the constant judge is 0."""
    labels = audited.data.reference_codes()
    is_labelled = labels >= 0
    if not is_labelled.any():
        unknown = audited.unknown(NO_LABELS)
        return {"constant.accuracy": unknown, "constant.gain": unknown}
    most = _most_frequent(labels[is_labelled], audited.judged)
    constant = np.where(is_labelled, labels == most, np.nan)
    gain = np.where(is_labelled, (audited.judged == labels).astype(float) - (labels == most), np.nan)
    return {
        "constant.accuracy": audited.units.figure(constant, reason=NO_LABELS),
        "constant.gain": audited.units.figure(gain, reason=NO_LABELS, bounds=(-1.0, 1.0)),
    }


def _most_frequent(labels: NDArray[np.int8], judged: NDArray[np.int8]) -> int:
    """The most frequent label; of several, the one that the evaluator gives most often, so that names do not matter."""
    counts = np.bincount(labels)
    return max(np.flatnonzero(counts == counts.max()).tolist(), key=lambda code: np.count_nonzero(judged == code))


def sentence(figures: Mapping[str, Figure]) -> str:
    """The gain over the constant judge."""
    constant, gain = figures["constant.accuracy"], figures["constant.gain"]
    if constant.value is None:
        return f"accuracy of the most frequent label: unknown ({constant.reason})"
    note = "" if excludes_zero(gain) else ", not distinguishable from 0"
    return f"accuracy of the most frequent label: {figure_text(constant)}; gain over it: {figure_text(gain)}{note}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """What the user should know is that the evaluator gains nothing."""
    found = finding_by_interval("constant.gain", figures)
    if found.kind == "unknown":
        return found
    return replace(found, kind="nothing" if found.direction == "positive" else "found")
