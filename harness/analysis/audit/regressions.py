"""Bias as a regression coefficient: the effect of a variable on the verdict, controlling for the label."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.probe import SCORES, Audited, excludes_zero, figure_text
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.intervals import wald_interval
from harness.statistics.regression import coefficient_of

NO_LABELS = "no item has both a label and a verdict"
NO_SPREAD = "constant over the items, or determined by the label"
WIDEST = (-100.0, 100.0)


def bias_and_human(audited: Audited, name: str, variable: Array, given: Mapping[str, Array]) -> dict[str, Figure]:
    """The effect of a variable on the verdict at equal labels, and its effect on the labels.

    Verdicts count 1 (a), 0 (tie) and −1 (b). `NAME.bias` is the coefficient of the variable in a linear regression of
    the verdict on the label, the variable and the covariates; `NAME.human` that in a regression of the label on the
    variable and the covariates.

    Args:
        audited: the cell.
        name: prefix of the names of the figures.
        variable: one value per item; NaN where unknown.
        given: the covariates, with NaN where unknown.
    """
    labels, judged = audited.data.reference_codes(), audited.judged
    rows = (labels >= 0) & (judged < len(VERDICTS)) & ~np.isnan(variable)
    others = [column for column in given.values() if not np.isnan(column).all()]
    for column in others:
        rows &= ~np.isnan(column)
    if not rows.any():
        reason = NO_LABELS if not np.isnan(variable).all() else "unknown in the dataset"
        return {f"{name}.bias": audited.unknown(reason), f"{name}.human": audited.unknown(reason)}
    human, machine = SCORES[labels[rows]], SCORES[judged[rows]]
    beside = [variable[rows], *(column[rows] for column in others)]
    group = audited.clusters[rows]
    return {
        f"{name}.bias": _figure(audited, machine, np.column_stack([human, *beside]), 1, group),
        f"{name}.human": _figure(audited, human, np.column_stack(beside), 0, group),
    }


def _figure(audited: Audited, outcome: Array, variables: Array, which: int, group: NDArray[np.int64]) -> Figure:
    n, count = len(outcome), len(np.unique(group))
    if n < MIN_ITEMS:
        return audited.unknown(TOO_FEW_ITEMS, n)
    if count < clusters.FEWEST:
        return audited.unknown(TOO_FEW_CLUSTERS, n)
    found = coefficient_of(outcome, variables, which, group)
    if found is None:
        return audited.unknown(NO_SPREAD, n)
    level = audited.score.level
    interval = wald_interval(found.value, found.error, clusters.t_quantile(level, count - 1), WIDEST)
    is_clustered = audited.reference.all_clusters is not None
    return Figure(
        found.value,
        interval.low,
        interval.high,
        n=n,
        method="clustered",
        level=level,
        unit="cluster" if is_clustered else "item",
        units=count,
        systems=len(audited.data.cells),
        flags=("few-clusters",) if count < clusters.FEW else (),
    )


def bias_sentence(name: str, what: str, figures: Mapping[str, Figure]) -> str:
    """The bias and the effect on the labels in words."""
    bias, human = figures[f"{name}.bias"], figures[f"{name}.human"]
    if bias.value is None:
        return f"effect of {what}: unknown ({bias.reason})"
    note = "" if excludes_zero(bias) else ", not distinguishable from 0"
    return (
        f"{what} goes with {figure_text(bias)} at equal labels{note}; in the labels: {figure_text(human)}; quality "
        "that the labels do not show can explain it"
    )
