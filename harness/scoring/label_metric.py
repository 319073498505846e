"""The contract of a metric of one label: one file in `harness/scoring/label_metrics/`, or an entry point.

Entry points of this kind are `harness.label_metrics`. A spec names such a metric with its label, as in `recall-pass`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from numpy.typing import ArrayLike

from harness import registry
from harness.statistics.agreement import Array


class LabelMetric(Protocol):
    """A figure of one label, such as its recall. `at` is the position of the label in the label set."""

    SUMMARY: str
    """One line for lists."""
    RANGE: tuple[float, float]
    """The values that it can take."""
    UNDEFINED: str
    """Why there is no value although there are items, for the reader."""

    def count(self, tables: ArrayLike, at: int) -> Array:
        """How many items the figure rests on."""
        ...

    def value(self, tables: ArrayLike, at: int) -> Array:
        """The figure, larger is better, NaN where it is undefined."""
        ...

    def influence(self, tables: ArrayLike, at: int) -> Array:
        """How far an item of each cell moves the figure, as an influence of an item of the whole table."""
        ...


@dataclass(frozen=True)
class OfLabel:
    """A metric of one label with its label: a `harness.scoring.metric.Metric`.

    Attributes:
        metric: the metric.
        at: position of the label in the label set.
    """

    metric: LabelMetric
    at: int

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - a name of the contract
        """One line for lists."""
        return self.metric.SUMMARY

    @property
    def RANGE(self) -> tuple[float, float]:  # noqa: N802
        """The values that it can take."""
        return self.metric.RANGE

    @property
    def UNDEFINED(self) -> str:  # noqa: N802
        """Why there is no value although there are items."""
        return self.metric.UNDEFINED

    def count(self, tables: ArrayLike) -> Array:
        """How many items the figure rests on."""
        return self.metric.count(tables, self.at)

    def value(self, tables: ArrayLike) -> Array:
        """The figure, NaN where there are no such items."""
        return self.metric.value(tables, self.at)

    def influence(self, tables: ArrayLike) -> Array:
        """Influence of an item of each cell of the table."""
        return self.metric.influence(tables, self.at)


def find_label_metric(name: str) -> LabelMetric:
    """The metric of that name, without its label. Raises KeyError where there is none."""
    return cast(LabelMetric, registry.find("label_metrics", name))
