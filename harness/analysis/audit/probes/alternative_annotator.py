"""Alternative annotator: may the evaluator stand in for one of the people (arXiv 2501.10970)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.probe import Audited, shown
from harness.records.figures import Figure
from harness.statistics.alternative_annotator import EPSILON, FEWEST, alternative_test

SUMMARY = "alternative-annotator: the share of the annotators that the evaluator is shown to fall behind by little"
FEW_PEOPLE = "the test asks for three annotators"
METHOD = f"paired t-tests with ε = {EPSILON:g}, Benjamini and Yekutieli"


def figures(audited: Audited) -> dict[str, Figure]:
    """The winning rate ω, and the average advantage ρ."""
    codes = audited.data.annotator_codes()
    if codes.shape[1] < 3:
        unknown = audited.unknown(FEW_PEOPLE)
        return {"alternative-annotator.winning-rate": unknown, "alternative-annotator.advantage": unknown}
    found = alternative_test(audited.judged, codes, level=audited.score.level)
    n = sum(one.n for one in found.advantages)
    rate = audited.unknown(f"no annotator has {FEWEST} items", n)
    if found.winning_rate is not None:
        rate = Figure(found.winning_rate, reason=METHOD, n=n, level=audited.score.level, units=codes.shape[1])
    return {
        "alternative-annotator.winning-rate": rate,
        "alternative-annotator.advantage": audited.units.figure(found.per_item, reason="no item has two labels"),
    }


def sentence(figures: Mapping[str, Figure]) -> str:
    """Whether it may stand in."""
    rate = figures["alternative-annotator.winning-rate"]
    if rate.value is None:
        return f"whether it could stand in for a person cannot be told: {rate.reason}"
    advantage = shown(figures["alternative-annotator.advantage"])
    fit = "may stand in for a person by the test's own rule (0.5 or more)" if rate.value >= 0.5 else "may not stand in"
    return f"it {fit}: winning rate {rate.value:.2f}, at least as good as a person on {advantage} of the items"
