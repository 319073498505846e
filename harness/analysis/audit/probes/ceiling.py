"""Ceiling: evaluator and annotators like for like, each against the majority of the other annotators."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding, excludes_zero, finding_by_interval
from harness.analysis.audit.probe import Audited, figure_text
from harness.records.figures import Figure
from harness.scoring.metric import find_metric
from harness.scoring.soft_scores import verdict_score
from harness.statistics import annotators, clusters
from harness.statistics.annotators import Mean

SUMMARY = "ceiling: agreement of the evaluator and of an annotator with the other annotators, on the same items"
LABELS = "any"
ONE_ANNOTATOR = "fewer than two annotators"
ONE_LABEL = "no item has two labels"
NAMES = ("ceiling.people", "ceiling.evaluator", "ceiling.difference")


def figures(audited: Audited) -> dict[str, Figure]:
    """Means over the annotators, by the first metric of the spec."""
    codes, labels = audited.data.annotator_codes(), audited.data.label_set
    split = labels.names.index(labels.split) if labels.split else annotators.MISSING
    if codes.shape[1] < 2:
        return dict.fromkeys(NAMES, audited.unknown(ONE_ANNOTATOR))
    if not ((codes >= 0).sum(axis=1) >= 2).any():
        return dict.fromkeys(NAMES, audited.unknown(ONE_LABEL))
    metric = find_metric(verdict_score(audited.score).metrics[0], codes.ravel(), labels)
    found = annotators.ceiling(audited.judged, codes, metric.value, audited.clusters, shape=labels.shape, split=split)
    if found is None:
        return dict.fromkeys(NAMES, audited.unknown(metric.UNDEFINED))
    widest = metric.RANGE[1] - metric.RANGE[0]
    means = zip(NAMES, found[:3], (metric.RANGE, metric.RANGE, (-widest, widest)), strict=True)
    return {name: _figure(audited, found, mean, bounds) for name, mean, bounds in means}


def _figure(audited: Audited, found: annotators.Ceiling, mean: Mean, bounds: tuple[float, float]) -> Figure:
    level = audited.score.level
    low = high = None
    if not found.reason:
        reach = clusters.t_quantile(level, found.clusters - 1) * mean.error
        low, high = max(bounds[0], mean.value - reach), min(bounds[1], mean.value + reach)
    return Figure(
        mean.value,
        low,
        high,
        found.reason,
        n=found.n,
        method="none" if found.reason else "clustered",
        level=level,
        unit="item" if audited.reference.all_clusters is None else "cluster",
        units=found.clusters,
        systems=len(audited.data.cells),
    )


def sentence(figures: Mapping[str, Figure]) -> str:
    """Agreement with the other annotators of the evaluator, of a person, and the difference."""
    people, evaluator, difference = (figures[name] for name in NAMES)
    if people.value is None:
        return f"agreement among annotators: unknown ({people.reason})"
    note = "" if difference.low is None or excludes_zero(difference) else ", not distinguishable from 0"
    return (
        f"agreement with the other annotators: {figure_text(evaluator)}, of a person {figure_text(people)}; "
        f"difference {figure_text(difference)}{note}"
    )


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the evaluator agrees more or less with people than a person does."""
    return finding_by_interval("ceiling.difference", figures)
