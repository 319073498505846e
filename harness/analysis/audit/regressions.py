"""What goes with a verdict: slopes on a variable, and what of them quality cannot explain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.finding import Finding, claimed, excludes_zero, not_claimed, unknown
from harness.analysis.audit.probe import SCORES, Audited, figure_text
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.statistics import clusters, regression
from harness.statistics.agreement import Array
from harness.statistics.regression import Slope

FEWEST = 10
"""Fewest clusters that must differ from the most frequent value, for a slope to have an honest error.

With fewer, a judge that is always right gets a slope whose error is nearly 0.
"""

NO_VERDICTS = "no item has a verdict"
NO_PAIRS = "no item has both a label and a verdict"
UNKNOWN = "unknown in the dataset"
NO_LABELS = "no reference labels"
ONE_ANNOTATOR = "fewer than two annotators"
NOT_IDENTIFIED = "constant over the items, or determined by the others"
NOTHING_IN_COMMON = "verdicts and labels may have nothing in common: any effect is possible"
SAME = "its verdict differs from the label on {found} {units}: too few to tell, at least {needed} are needed"
RARE = "{what} differ from the most frequent one on {found} {units}: too few to tell, at least {needed} are needed"


class _Rows(NamedTuple):
    """The items that slopes rest on.

    Attributes:
        judge: the verdict of each as a number.
        label: the label of each as a number; None where the dataset has none.
        labels: items × annotators as numbers, NaN where there is none.
        variable: of each.
        covariates: of each.
        group: the cluster of each.
    """

    judge: Array
    label: Array | None
    labels: Array
    variable: Array
    covariates: list[Array]
    group: NDArray[np.int64]


def slope_figures(audited: Audited, name: str, variable: Array, given: Mapping[str, Array]) -> dict[str, Figure]:
    """How verdicts and labels go with a variable, and what of the difference quality cannot explain.

    Verdicts and labels count 1 (a), 0 (tie) and −1 (b). No figure controls for the label, which measures quality with
    error. The figures are

        NAME.judge           slope of the verdicts on the variable
        NAME.labels          slope of the labels on it
        NAME.difference      the first less the second, paired by item
        NAME.beyond-quality  the least slope that Klepper and Leamer's bound allows, 0 where it allows 0; the interval
                             is the whole bound with its sampling error
        NAME.instrumented    slope beside quality, which each annotator shows and the others instrument

    Args:
        audited: the cell.
        name: prefix of the names of the figures.
        variable: one value per item; NaN where unknown.
        given: the covariates, with NaN where unknown.
    """
    rows = _rows(audited, variable, given)
    names = ("judge", "labels", "difference", "beyond-quality", "instrumented")
    if isinstance(rows, str):
        return {f"{name}.{part}": audited.unknown(rows) for part in names}
    n, count = len(rows.judge), len(np.unique(rows.group))
    reason = TOO_FEW_ITEMS if n < MIN_ITEMS else TOO_FEW_CLUSTERS if count < clusters.FEWEST else ""
    units = "items" if audited.reference.all_clusters is None else "clusters"
    varying = clusters.minority_clusters(rows.variable, rows.group)
    if not reason and 0 < varying < FEWEST:
        reason = RARE.format(what="its values", found=varying, units=units, needed=FEWEST)
    found = {f"{name}.{part}": audited.unknown(reason or NO_LABELS, n) for part in names}
    if reason:
        return found
    outcomes = {"judge": rows.judge}
    if rows.label is not None:
        outcomes |= {"labels": rows.label, "difference": rows.judge - rows.label}
    slopes = regression.slopes_of(np.column_stack([*outcomes.values()]), rows.variable, rows.covariates, rows.group)
    supports: dict[str, int] = {}
    for at, (part, outcome) in enumerate(outcomes.items()):
        supports[part] = min(varying, clusters.minority_clusters(outcome, rows.group))
        reason = NOT_IDENTIFIED if slopes is None else _why_not(part, supports[part], units)
        figure = audited.unknown(reason, n)
        if slopes is not None and not reason:
            figure = _slope_figure(audited, slopes[at], supports[part], n, count)
        found[f"{name}.{part}"] = figure
    if rows.label is None:
        return found
    return found | _beside_quality(audited, name, rows, found[f"{name}.difference"], supports["difference"])


def _rows(audited: Audited, variable: Array, given: Mapping[str, Array]) -> _Rows | str:
    """The items that slopes rest on, or why there are none."""
    labels, judged, codes = audited.data.reference_codes(), audited.judged, audited.data.annotator_codes()
    is_labelled = bool((labels >= 0).any())
    known = ~np.isnan(variable)
    chosen = (judged < len(VERDICTS)) & known
    if is_labelled:
        chosen &= labels >= 0
    others = [column for column in given.values() if not np.isnan(column).all()]
    for column in others:
        chosen &= ~np.isnan(column)
    if not chosen.any():
        return UNKNOWN if not known.any() else NO_PAIRS if is_labelled else NO_VERDICTS
    group = audited.clusters[chosen]
    covariates = [column[chosen] for column in others]
    return _Rows(
        SCORES[judged[chosen]],
        SCORES[labels[chosen]] if is_labelled else None,
        np.where(codes[chosen] >= 0, SCORES[np.maximum(codes[chosen], 0)], np.nan),
        variable[chosen],
        [column for column in covariates if clusters.minority_clusters(column, group) >= FEWEST],
        group,
    )


def _why_not(part: str, found: int, units: str) -> str:
    """Why a slope of that outcome has no honest error, "" where it has one."""
    if found >= FEWEST:
        return ""
    if part == "difference":
        return SAME.format(found=found, units=units, needed=FEWEST)
    return RARE.format(what="verdicts" if part == "judge" else "labels", found=found, units=units, needed=FEWEST)


def _beside_quality(audited: Audited, name: str, rows: _Rows, difference: Figure, support: int) -> dict[str, Figure]:
    """The figures that account for quality; unknown where the difference is."""
    n, group, count = len(rows.judge), rows.group, len(np.unique(rows.group))
    if rows.label is None or difference.value is None:
        unknown = audited.unknown(difference.reason, n)
        return {f"{name}.beyond-quality": unknown, f"{name}.instrumented": unknown}
    quantile = clusters.t_quantile(audited.score.level, min(count, support) - 1)
    bound = regression.quality_bound(rows.judge, rows.label, rows.variable, rows.covariates, group, quantile)
    beyond, instrumented = audited.unknown(NOTHING_IN_COMMON, n), audited.unknown(ONE_ANNOTATOR, n)
    if bound is not None:
        least = bound.least if bound.least > 0 else min(bound.greatest, 0.0)
        beyond = _figure(audited, least, (bound.low, bound.high), n, count)
    if (~np.isnan(rows.labels)).sum(axis=1).max(initial=0) >= 2:
        slope = regression.instrumented_slope(rows.judge, rows.labels, rows.variable, rows.covariates, group)
        instrumented = audited.unknown(NOT_IDENTIFIED, n)
        if slope is not None:
            instrumented = _slope_figure(audited, slope, support, n, count)
    return {f"{name}.beyond-quality": beyond, f"{name}.instrumented": instrumented}


def _slope_figure(audited: Audited, slope: Slope, support: int, n: int, count: int) -> Figure:
    reach = clusters.t_quantile(audited.score.level, min(count, support) - 1) * slope.error
    return _figure(audited, slope.value, (slope.value - reach, slope.value + reach), n, count)


def _figure(audited: Audited, value: float, ends: tuple[float, float], n: int, count: int) -> Figure:
    return Figure(
        value,
        *ends,
        n=n,
        method="clustered",
        level=audited.score.level,
        unit="item" if audited.reference.all_clusters is None else "cluster",
        units=count,
        systems=len(audited.data.cells),
        flags=("few-clusters",) if count < clusters.FEW else (),
    )


def slope_sentence(name: str, what: str, figures: Mapping[str, Figure]) -> str:
    """The slopes in words. It names a cause nowhere, and excludes quality only where the whole bound excludes 0."""
    judge, labels, difference, beyond = (
        figures[f"{name}.{part}"] for part in ("judge", "labels", "difference", "beyond-quality")
    )
    if judge.value is None and labels.value is None:
        return f"unknown ({judge.reason})"
    text = f"{what} goes with {figure_text(judge)} in the verdicts"
    if labels.value is not None:
        text += f" and {figure_text(labels)} in the labels"
    if difference.value is None:
        return f"{text}; whether the judge prefers it more than people do is unknown ({difference.reason})"
    text += f"; difference {figure_text(difference)}"
    if not excludes_zero(difference):
        return f"{text}, not distinguishable from 0"
    if excludes_zero(beyond):
        return f"{text}; at least {figure_text(beyond)} is more than quality can explain"
    return f"{text}; quality that the labels do not show can explain it"


def slope_finding(name: str, figures: Mapping[str, Figure]) -> Finding:
    """Bias is claimed where judge and people differ and the whole bound excludes that quality explains it."""
    difference, beyond = figures[f"{name}.difference"], figures[f"{name}.beyond-quality"]
    if difference.value is None:
        judge = figures[f"{name}.judge"]
        return unknown(judge if judge.value is None else difference)
    if excludes_zero(difference) and beyond.value is not None and excludes_zero(beyond):
        return claimed(f"{name}.beyond-quality", beyond.value)
    return not_claimed(f"{name}.difference")
