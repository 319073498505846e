"""Family: the effect of a response by the evaluator's own model family on the verdict."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.probes.length import length_difference
from harness.analysis.audit.regressions import bias_and_human, bias_sentence
from harness.records.figures import Figure

SUMMARY = "family: effect of a response by the evaluator's own model family on the verdict, at equal labels and length"


def figures(audited: Audited) -> dict[str, Figure]:
    """The change of the verdict (−1 to 1) for a response by the own family, at equal labels; and of the labels."""
    return bias_and_human(audited, "family", family_difference(audited), {"length": length_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """The effect of the family."""
    return bias_sentence("family", "a response by the own model family", figures)
