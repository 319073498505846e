"""Family: does a response win because a model of the evaluator's own family wrote it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.probes.length import length_difference
from harness.analysis.audit.regressions import bias_and_human, told
from harness.records.figures import Figure

SUMMARY = "family: how far a response by the evaluator's own family moves the verdict, given what people say"


def figures(audited: Audited) -> dict[str, Figure]:
    """Points of the verdict (−1 to 1) for being kin, of the judge given the label, and of people themselves."""
    return bias_and_human(audited, "family", family_difference(audited), {"length": length_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """Whether being kin counts."""
    return told("family", "a response by a model of its own family", figures)
