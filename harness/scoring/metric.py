"""What a metric is: a file in `harness/metrics/`, found by its name.

A metric is computed from counts of reference labels against judgments alone; its intervals, bounds, comparisons
and ranks follow from the functions below, and no other file names it.
"""

from __future__ import annotations

from typing import Protocol, cast

from numpy.typing import ArrayLike

from harness import registry
from harness.statistics.agreement import Array


class Metric(Protocol):
    """The contract of a file in `harness/metrics/`; tables are counts `(..., 3, 4)` as `agreement` describes them.

    A metric by which two evaluators can be compared exactly has besides

    * `discordant(reference, judged) -> Array`: on how many items the row's evaluator earns what the column's does not,
      evaluators × evaluators, from the label of each item and the outcomes, items × evaluators.
    """

    SUMMARY: str
    """One line for lists."""
    RANGE: tuple[float, float]
    """The values that it can take."""
    UNDEFINED: str
    """Why there is no value although there are items, for the reader."""

    def count(self, tables: ArrayLike) -> Array:
        """How many items the figure rests on."""
        ...

    def value(self, tables: ArrayLike) -> Array:
        """The figure, larger is better, NaN where it is undefined."""
        ...

    def influence(self, tables: ArrayLike) -> Array:
        """How far an item of each cell moves the figure, as an influence of an item of the whole table."""
        ...


def find_metric(name: str) -> Metric:
    """The metric of that name. Raises KeyError where there is none."""
    return cast(Metric, registry.find("metrics", name))


def all_metrics() -> dict[str, Metric]:
    """Every metric by its name."""
    return {name: find_metric(name) for name in registry.names("metrics")}
