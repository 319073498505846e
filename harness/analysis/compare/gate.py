"""A gate for continuous integration: which cells got worse, and what could not be checked.

The gate fails closed. A cell of the baseline without a partner, a difference without an interval, too few shared items
and more failures are findings, as a significant decrease is. So is a judge that changed, and one that was not tested,
where that is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

import numpy as np

from harness.analysis.compare.changed import COUNTED, NO_ITEMS, TestedJudges
from harness.analysis.compare.paired_metrics import PairedFigure
from harness.analysis.compare.pairs import ComparedDataset, ComparedPair, Comparison
from harness.errors import InputError
from harness.scoring.soft_metric import direction_of, is_soft
from harness.statistics.multiplicity import rejected_over_families

MIN_ITEMS = 20
"""Shared items with the same label, below which a cell counts as not checked."""

Kind = Literal[
    "worse", "unmatched", "not-compared", "few-items", "failures", "nothing-compared", "changed", "not-tested"
]


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the gate accepts.

    Attributes:
        margin: largest accepted decrease of the metric and increase of the share of failed judgments, in (0, 1); None
            to accept any.
        allow_missing: accept cells of the baseline without a partner.
        min_items: shared items that a cell needs; with the same label, for the metric.
        if_changed: whether a judge that changed, or that could not be tested, is a finding.
        over_datasets: whether the check of the metric holds for all datasets together (Holm), and not for each alone.

    Raises:
        InputError: where the margin or the number of items is out of range.
    """

    margin: float | None
    allow_missing: bool = False
    min_items: int = MIN_ITEMS
    if_changed: bool = False
    over_datasets: bool = False

    def __post_init__(self) -> None:
        if self.margin is not None and not 0 < self.margin < 1:
            raise InputError(f"the margin must be between 0 and 1, not {self.margin}", hint="such as 0.02")
        if self.min_items < 1:
            raise InputError(f"at least one shared item is needed, not {self.min_items}")


class GateFinding(NamedTuple):
    """One reason why the gate fails.

    Attributes:
        kind: what was found.
        run: id of the run that was compared with the baseline.
        cell: id of the cell, "" where no cell could be compared.
        message: the reason in words.
    """

    kind: Kind
    run: str
    cell: str
    message: str


def gate_json(
    comparisons: Sequence[Comparison], judges: Sequence[TestedJudges], metric: str, rules: GateRules
) -> dict[str, Any]:
    """What the gate checked and found, as `schemas/output/compare.schema.json` describes it.

    Args:
        comparisons: of the baseline with each other run.
        judges: of each comparison, tested for a change; empty for generations.
        metric: that is checked.
        rules: what is accepted.
    """
    worse = _worse(comparisons, metric, rules)
    findings = [
        finding
        for each, tested in zip_longest(comparisons, judges)
        for finding in (*_findings(each, metric, rules, worse), *_of_judges(each, tested, rules))
    ]
    found_at = {(finding.run, finding.cell) for finding in findings}
    pairs = [(each.other.id, pair.other) for each in comparisons for part in each.datasets for pair in part.pairs]
    return {
        "metric": metric,
        "margin": rules.margin,
        "min_items": rules.min_items,
        "allow_missing": rules.allow_missing,
        "if_changed": rules.if_changed,
        "over_datasets": rules.over_datasets,
        "checked": len(pairs),
        "worse": sum(finding.kind == "worse" for finding in findings),
        "changed": sum(finding.kind == "changed" for finding in findings),
        "checks": [{"run": run, "cell": cell, "passed": (run, cell) not in found_at} for run, cell in pairs],
        "passed": not findings,
        "findings": [finding._asdict() for finding in findings],
    }


def _worse(comparisons: Sequence[Comparison], metric: str, rules: GateRules) -> set[tuple[str, str]]:
    """The cells that are significantly worse by more than the margin, by run and id.

    Each dataset is a family with an error rate of its own; `over_datasets` holds that of all of them together.
    """
    if rules.margin is None:
        return set()
    names, p_values, level = [], [], 0.95
    for each in comparisons:
        for part in each.datasets:
            figures = {(each.other.id, pair.other): pair.figures.get(metric) for pair in part.pairs}
            tested = {name: figure for name, figure in figures.items() if figure and figure.p_beyond}
            names.append([*tested])
            sign = _sign(metric)
            p_values.append(np.array([_p_worse(figure, rules.margin, sign) for figure in tested.values()]))
            level = next((figure.level for figure in tested.values()), level)
    if rules.over_datasets:
        rejected = rejected_over_families([one for one in p_values if len(one)], 1 - level)
        names = [one for one in names if one]
    else:
        rejected = [one <= 1 - level for one in p_values]
    return {
        name
        for some, found in zip(names, rejected, strict=True)
        for name, is_worse in zip(some, found, strict=True)
        if is_worse
    }


def _p_worse(figure: PairedFigure, margin: float, sign: int) -> float:
    """The adjusted p-value of a loss of no more than the margin; 1 where the figure lost less."""
    assert figure.p_beyond is not None
    value = figure.difference.value
    return figure.p_beyond(-sign * margin) if value is not None and sign * value < -margin else 1.0


def _sign(metric: str) -> int:
    """The sign of an improvement of a metric."""
    return -1 if direction_of(metric) == "lower" else 1


def _findings(found: Comparison, metric: str, rules: GateRules, worse: set[tuple[str, str]]) -> Iterator[GateFinding]:
    if not any(part.pairs for part in found.datasets):
        yield GateFinding("nothing-compared", found.other.id, "", "no cell of the two runs could be compared")
    if not rules.allow_missing:
        for cell in found.unmatched:
            if cell.run == found.one.id:
                message = f"the cell of the baseline was not checked: {cell.reason}"
                yield GateFinding("unmatched", found.other.id, cell.cell, message)
    if rules.margin is None:
        return
    for part in found.datasets:
        for pair in part.pairs:
            is_worse = (found.other.id, pair.other) in worse
            yield from _of_pair(found.other.id, part, pair, metric, rules, is_worse=is_worse)


def _of_judges(found: Comparison, tested: TestedJudges | None, rules: GateRules) -> Iterator[GateFinding]:
    if not rules.if_changed or tested is None:
        return
    for judge in tested.judges:
        if judge.reason == COUNTED:
            continue  # its members are tested
        if judge.reason:
            if not (rules.allow_missing and judge.reason != NO_ITEMS):
                message = f"the judge was not tested for a change: {judge.reason}"
                yield GateFinding("not-tested", found.other.id, judge.other_cell, message)
        elif judge.items < rules.min_items:
            message = f"{judge.items} shared items are fewer than {rules.min_items}, too few to test for a change"
            yield GateFinding("few-items", found.other.id, judge.other_cell, message)
        elif judge.is_changed:
            p_value = min(test.adjusted for test in judge.tests)
            message = f"the judge changed: {judge.moved} of {judge.items} items moved, adjusted p = {p_value:.2g}"
            yield GateFinding("changed", found.other.id, judge.other_cell, message)


def _of_pair(
    run: str, part: ComparedDataset, pair: ComparedPair, metric: str, rules: GateRules, *, is_worse: bool
) -> Iterator[GateFinding]:
    margin = rules.margin or 0.0
    before, after = _failed(part, pair)
    if after - before > margin:
        message = f"failed judgments rose from {before:.1%} to {after:.1%}"
        yield GateFinding("failures", run, pair.other, message)
    figure = pair.figures.get(metric)
    if not pair.flips and not is_soft(metric):
        return  # the same outcome on every shared item
    if figure is not None and is_soft(metric) and figure.difference.high is None:
        yield GateFinding("not-compared", run, pair.other, f"{metric} was not compared: {figure.difference.reason}")
        return
    if figure is None or figure.n < rules.min_items:
        n = 0 if figure is None else figure.n
        message = f"{n} shared items with the same label are fewer than {rules.min_items}"
        yield GateFinding("few-items", run, pair.other, message)
        return
    difference = figure.difference
    if difference.high is None:
        yield GateFinding("not-compared", run, pair.other, f"{metric} was not compared: {difference.reason}")
    elif is_worse:
        together = " over all datasets together" if rules.over_datasets else ""
        moved = "rose" if _sign(metric) < 0 else "fell"
        change = f"{moved} by {abs(difference.value or 0.0):.3f}"
        message = f"{metric} {change}, significantly more than {margin:g}{together}"
        yield GateFinding("worse", run, pair.other, message)


def _failed(part: ComparedDataset, pair: ComparedPair) -> tuple[float, float]:
    """The shares of the shared items on which each of the two cells failed."""
    one = part.one.outcomes[part.shared.one, pair.pair.one]
    other = part.other.outcomes[part.shared.other, pair.pair.other]
    shares = [
        float(np.mean(outcomes >= len(part.one.label_set.names))) if len(outcomes) else 0.0 for outcomes in (one, other)
    ]
    return shares[0], shares[1]
