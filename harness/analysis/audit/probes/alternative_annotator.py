"""Alternative annotator test: can the evaluator replace an annotator (alt-test, arXiv 2501.10970)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.scoring.estimates import TOO_FEW_CLUSTERS
from harness.statistics import clusters
from harness.statistics.alternative_annotator import EPSILON, FEWEST, alternative_test

SUMMARY = "alternative-annotator: whether the evaluator can replace a human annotator (alt-test, arXiv 2501.10970)"
LABELS = "any"
FEW_ANNOTATORS = "fewer than three annotators"
THRESHOLD = 0.5
"""The winning rate at which the test is passed."""
METHOD = f"paired t-tests with ε = {EPSILON:g}, Benjamini and Yekutieli"


def figures(audited: Audited) -> dict[str, Figure]:
    """The winning rate ω, and the average advantage ρ."""
    codes = audited.data.annotator_codes()
    if codes.shape[1] < 3:
        unknown = audited.unknown(FEW_ANNOTATORS)
        return {"alternative-annotator.winning-rate": unknown, "alternative-annotator.advantage": unknown}
    level, group = audited.score.level, audited.reference.all_clusters
    found = alternative_test(
        audited.judged, codes, clusters=group, level=level, classes=len(audited.data.label_set.names)
    )
    if found.winning_rate is None or found.advantage is None:
        unknown = audited.unknown(f"no annotator has {FEWEST} items", sum(one.n for one in found.advantages))
        return {"alternative-annotator.winning-rate": unknown, "alternative-annotator.advantage": unknown}
    rate = Figure(
        found.winning_rate,
        reason=METHOD,
        n=sum(one.n for one in found.advantages),
        level=level,
        units=codes.shape[1],
    )
    value, low, high = found.advantage, None, None
    reason = TOO_FEW_CLUSTERS if found.clusters < clusters.FEWEST else ""
    if not reason:
        reach = clusters.t_quantile(level, found.clusters - 1) * found.error
        low, high = max(0.0, value - reach), min(1.0, value + reach)
    advantage = Figure(
        value,
        low,
        high,
        reason,
        n=found.n,
        method="none" if reason else "clustered",
        level=level,
        unit="item" if group is None else "cluster",
        units=found.clusters,
        systems=len(audited.data.cells),
    )
    return {"alternative-annotator.winning-rate": rate, "alternative-annotator.advantage": advantage}


def sentence(figures: Mapping[str, Figure]) -> str:
    """Whether the evaluator passes the test."""
    rate = figures["alternative-annotator.winning-rate"]
    if rate.value is None:
        return f"unknown ({rate.reason})"
    advantage = figure_text(figures["alternative-annotator.advantage"])
    result = "passed" if rate.value >= THRESHOLD else "not passed"
    return f"{result}: winning rate {rate.value:.2f} (threshold {THRESHOLD}); average advantage probability {advantage}"


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the test is passed; a test that is not passed claims nothing."""
    rate = figures["alternative-annotator.winning-rate"]
    if rate.value is None:
        return unknown(rate)
    if rate.value < THRESHOLD:
        return Finding("found", "alternative-annotator.winning-rate")
    return Finding("nothing", "alternative-annotator.winning-rate", "positive", is_claimed=True)
