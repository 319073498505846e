"""The contract of a metric: one file in `harness/scoring/metrics/`, or an entry point `harness.metrics`.

A metric is computed from counts of reference labels against judgments alone. Its intervals, bounds, comparisons and
ranks follow from these functions.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness import registry
from harness.records.experiment import ScoreSpec
from harness.records.judgments import VERDICTS
from harness.statistics.agreement import Array


class Metric(Protocol):
    """A figure of the agreement of judgments with reference labels.

    A metric may have besides

    * `NEEDS_CLASSES: bool`: whether comparisons rest on the rarer labels, as those of kappa do;
    * `for_labels(occurring) -> Metric | None`: the metric on labels of which only some classes occur (a bool for each
      class), where that changes it;
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


def find_metric(name: str, labels: NDArray[np.int8] | None = None) -> Metric:
    """The metric of that name. Raises KeyError where there is none.

    Args:
        name: of the metric.
        labels: the reference labels that it is computed on, positions in VERDICTS, −1 for none; None where unknown.
    """
    found = registry.find("metrics", name)
    if labels is not None and len(labels) and hasattr(found, "for_labels"):
        occurring = np.bincount(labels[labels >= 0], minlength=len(VERDICTS)) > 0
        found = found.for_labels(occurring) or found
    return cast(Metric, found)


def metrics_of(score: ScoreSpec, labels: NDArray[np.int8]) -> dict[str, Metric]:
    """The metrics that a run computes, by name: the built-in ones and those that its spec names.

    Another installed metric changes no run that does not name it.

    Args:
        score: of the spec.
        labels: the reference labels.
    """
    names = sorted({*registry.built_in_names("metrics"), *score.metrics})
    return {name: find_metric(name, labels) for name in names}
