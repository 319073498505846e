"""A gate for continuous integration: which cells got worse, and what could not be checked.

The gate fails closed. A cell of the baseline without a partner, a difference without an interval, too few shared items
and more failures are findings, as a significant decrease is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from harness.analysis.compare.pairs import ComparedDataset, ComparedPair, Comparison
from harness.errors import InputError
from harness.records.judgments import VERDICTS

MIN_ITEMS = 20
"""Shared items with the same label, below which a cell counts as not checked."""

Kind = Literal["worse", "unmatched", "not-compared", "few-items", "failures", "nothing-compared"]


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the gate accepts.

    Attributes:
        margin: largest accepted decrease of the metric and increase of the share of failed judgments, in (0, 1).
        allow_missing: accept cells of the baseline without a partner.
        min_items: shared items with the same label that a cell needs.

    Raises:
        InputError: where the margin or the number of items is out of range.
    """

    margin: float
    allow_missing: bool = False
    min_items: int = MIN_ITEMS

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
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


def gate_json(comparisons: Sequence[Comparison], metric: str, rules: GateRules) -> dict[str, Any]:
    """What the gate checked and found, as `schemas/output/compare.schema.json` describes it.

    Args:
        comparisons: of the baseline with each other run.
        metric: that is checked.
        rules: what is accepted.
    """
    findings = [finding for each in comparisons for finding in _findings(each, metric, rules)]
    return {
        "metric": metric,
        "margin": rules.margin,
        "min_items": rules.min_items,
        "allow_missing": rules.allow_missing,
        "checked": sum(len(part.pairs) for each in comparisons for part in each.datasets),
        "worse": sum(finding.kind == "worse" for finding in findings),
        "passed": not findings,
        "findings": [finding._asdict() for finding in findings],
    }


def _findings(found: Comparison, metric: str, rules: GateRules) -> Iterator[GateFinding]:
    if not any(part.pairs for part in found.datasets):
        yield GateFinding("nothing-compared", found.other.id, "", "no cell of the two runs could be compared")
    if not rules.allow_missing:
        for cell in found.unmatched:
            if cell.run == found.one.id:
                message = f"the cell of the baseline was not checked: {cell.reason}"
                yield GateFinding("unmatched", found.other.id, cell.cell, message)
    for part in found.datasets:
        for pair in part.pairs:
            yield from _of_pair(found.other.id, part, pair, metric, rules)


def _of_pair(
    run: str, part: ComparedDataset, pair: ComparedPair, metric: str, rules: GateRules
) -> Iterator[GateFinding]:
    before, after = _failed(part, pair)
    if after - before > rules.margin:
        message = f"failed judgments rose from {before:.1%} to {after:.1%}"
        yield GateFinding("failures", run, pair.other, message)
    if not pair.flips:
        return  # the same outcome on every shared item
    figure = pair.figures.get(metric)
    if figure is None or figure.n < rules.min_items:
        n = 0 if figure is None else figure.n
        message = f"{n} shared items with the same label are fewer than {rules.min_items}"
        yield GateFinding("few-items", run, pair.other, message)
        return
    difference = figure.difference
    if difference.high is None:
        yield GateFinding("not-compared", run, pair.other, f"{metric} was not compared: {difference.reason}")
    elif difference.high < -rules.margin:
        message = f"{metric} fell by {-(difference.value or 0.0):.3f}, significantly more than {rules.margin:g}"
        yield GateFinding("worse", run, pair.other, message)


def _failed(part: ComparedDataset, pair: ComparedPair) -> tuple[float, float]:
    """The shares of the shared items on which each of the two cells failed."""
    one = part.one.outcomes[part.shared.one, pair.pair.one]
    other = part.other.outcomes[part.shared.other, pair.pair.other]
    shares = [float(np.mean(outcomes >= len(VERDICTS))) if len(outcomes) else 0.0 for outcomes in (one, other)]
    return shares[0], shares[1]
