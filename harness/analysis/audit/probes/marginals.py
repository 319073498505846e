"""Marginals: the share of each verdict among the judgments and among the labels, and the excess of ties or labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.finding import Finding, excludes_zero, finding_by_interval
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.records.label_set import LabelSet
from harness.scoring.consistency import NO_PAIRS

LABELS = "any"
SUMMARY = "marginals: share of each verdict among judgments and labels, and the excess of ties"


def figures(audited: Audited) -> dict[str, Figure]:
    """The share of each verdict among judgments and labels of the items that have both, and the excess of ties."""
    labels, judged, names = audited.data.reference_codes(), audited.judged, audited.data.label_set.names
    both = (labels >= 0) & (judged < len(names))
    found = {}
    for code, name in enumerate(names):
        for whose, codes in (("judge", judged), ("labels", labels)):
            share = np.where(both, codes == code, np.nan)
            found[f"marginals.{name}.{whose}"] = audited.units.figure(share, reason=NO_PAIRS)
    for name in _compared(audited.data.label_set):
        code = names.index(name)
        excess = np.where(both, (judged == code).astype(float) - (labels == code), np.nan)
        found[f"marginals.{name}.excess"] = audited.units.figure(excess, reason=NO_PAIRS, bounds=(-1.0, 1.0))
    return found


def _compared(labels: LabelSet) -> tuple[str, ...]:
    """The labels whose excess is shown: ties of pairs, the positive one of two, all of more."""
    if labels.is_pair:
        return (labels.split,)
    return (labels.positive,) if labels.positive else labels.names


def sentence(figures: Mapping[str, Figure]) -> str:
    """The share of ties, or of the label whose share differs most."""
    name = _most_different(figures)
    what = "ties" if name == "tie" else f"`{name}`"
    share, excess = figures[f"marginals.{name}.judge"], figures[f"marginals.{name}.excess"]
    if share.value is None:
        return f"share of {what}: unknown ({share.reason})"
    note = "" if excludes_zero(excess) else ", not distinguishable from 0"
    labels = figure_text(figures[f"marginals.{name}.labels"])
    return f"{what}: {figure_text(share)} of verdicts, {labels} of labels; excess {figure_text(excess)}{note}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the evaluator gives more or fewer ties than people, or one label more or less often."""
    return finding_by_interval(f"marginals.{_most_different(figures)}.excess", figures)


def _most_different(figures: Mapping[str, Figure]) -> str:
    """The label with an excess whose share differs most."""
    names = [key.split(".", 1)[1].removesuffix(".excess") for key in figures if key.endswith(".excess")]
    return max(names, key=lambda name: abs(figures[f"marginals.{name}.excess"].value or 0.0))
