"""Family: how strongly verdicts and labels go with a response by the evaluator's own model family."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.finding import Finding
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.probes.length import length_difference
from harness.analysis.audit.regressions import slope_figures, slope_finding, slope_sentence
from harness.records.figures import Figure

SUMMARY = "family: how verdicts and labels go with a response by the own model family, and what quality cannot explain"


def figures(audited: Audited) -> dict[str, Figure]:
    """Change of verdicts and labels (−1 to 1) for a response by the own family, and what quality cannot explain."""
    return slope_figures(audited, "family", family_difference(audited), {"length": length_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """What goes with the family."""
    return slope_sentence("family", "a response by the own model family", figures)


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether more goes with it than quality can explain."""
    return slope_finding("family", figures)
