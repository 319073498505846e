"""What figures of numbers could be if the judgments that failed had given a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.scoring.soft_metric import SoftItems, SoftMetric
from harness.statistics.agreement import Array


def bounds_of_numbers(metric: SoftMetric, items: SoftItems) -> Iterator[tuple[str, float | None]]:
    """The figure if every failed judgment had the label's number, and the worst of three ways to be wrong.

    Failed judgments are all at the end of the scale that is further from the label, all at its least number, or all at
    its greatest. The worst is the least figure, the greatest where lower values are better, and the one furthest from 0
    where neither is.

    Args:
        metric: of numbers.
        items: all items, `p` NaN where the judgment failed.
    """
    failed, (low, high) = np.isnan(items.p), items.scale or (0.0, 1.0)
    further = np.where(items.y >= (low + high) / 2, low, high)
    wrong = [_value(metric, items, failed, fill) for fill in (further, np.full_like(further, low), further * 0 + high)]
    known = [value for value in wrong if value is not None]
    worst = {"higher": min, "lower": max, "none": _furthest}[metric.DIRECTION]
    yield "failures-wrong", worst(known) if known else None  # type: ignore[operator] # each takes a list of floats
    yield "failures-right", _value(metric, items, failed, items.y)


def _furthest(values: list[float]) -> float:
    return max(values, key=abs)


def _value(metric: SoftMetric, items: SoftItems, failed: Array, fill: Array) -> float | None:
    """The figure with other numbers in place of failed judgments."""
    filled = replace(items, p=np.where(failed, fill, items.p))
    rows = ~np.isnan(filled.y)
    return metric.figure(filled.part(rows)).value if rows.any() else None
