"""The contract of a metric: one file in `harness/scoring/metrics/`, or an entry point `harness.metrics`.

A metric is computed from counts of reference labels against judgments alone. Its intervals, bounds, comparisons and
ranks follow from these functions.
"""

from __future__ import annotations

from typing import Protocol, cast

from numpy.typing import ArrayLike

from harness import registry
from harness.records.experiment import ScoreSpec
from harness.statistics.agreement import Array


class Metric(Protocol):
    """A figure of the agreement of judgments with reference labels.

    A metric may have besides

    * `NEEDS_CLASSES: bool`: whether comparisons rest on the rarer labels, as those of kappa do;
    * `discordant(reference, judged) -> Array`: on how many items the row's evaluator earns what the column's does not,
      evaluators × evaluators, from the label of each item and the outcomes, items × evaluators; of a metric with
      an exact test.
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


def metrics_of(score: ScoreSpec) -> dict[str, Metric]:
    """The metrics that a run computes, by name: the built-in ones and those that its spec names.

    Another installed metric changes no run that does not name it.
    """
    return {name: find_metric(name) for name in sorted({*registry.built_in_names("metrics"), *score.metrics})}
