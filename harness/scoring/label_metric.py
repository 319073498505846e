"""The contract of a metric of one label: one file in `harness/scoring/label_metrics/`, or an entry point.

Entry points of this kind are `harness.label_metrics`. A spec names such a metric with its label, as in `recall-pass`.
"""

from __future__ import annotations

from typing import Protocol, cast

from harness import registry
from harness.scoring.metric import Metric


class LabelMetric(Protocol):
    """A figure of one label, such as its recall."""

    SUMMARY: str
    """One line for lists."""
    RANGE: tuple[float, float]
    """The values that it can take."""
    UNDEFINED: str
    """Why there is no value although there are items, for the reader."""

    def for_label(self, position: int) -> Metric:
        """The metric of the label at a position of the label set."""
        ...


def find_label_metric(name: str) -> LabelMetric:
    """The metric of that name, without its label. Raises KeyError where there is none."""
    return cast(LabelMetric, registry.find("label_metrics", name))
