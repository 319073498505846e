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
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.metric_names import fits, split_name
from harness.scoring.label_metric import OfLabel, find_label_metric
from harness.statistics.agreement import Array


class Metric(Protocol):
    """A figure of the agreement of judgments with reference labels.

    A metric may have besides

    * `NEEDS_CLASSES: bool`: whether comparisons rest on the rarer labels, as those of kappa do;
    * `for_labels(occurring) -> Metric | None`: the metric on labels of which only some classes occur (a bool for each
      class), where that changes it;
    * `discordant(reference, judged) -> Array`: on how many items the row's evaluator earns what the column's does not,
      evaluators × evaluators, from the label of each item and the outcomes, items × evaluators; of a metric with
      an exact test;
    * `LABELS`: the label sets that it is for: `any` (the default), `ordered`, or `pair` for verdicts on pairs alone;
    * `ON_REQUEST: bool`: whether a run computes it only if its spec names it, which is so for all installed ones.
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


def find_metric(name: str, labels: NDArray[np.int8] | None = None, label_set: LabelSet = VERDICT_LABELS) -> Metric:
    """The metric of that name. Raises KeyError where there is none.

    Args:
        name: of the metric; of a metric of one label `METRIC-LABEL`, such as `recall-pass`.
        labels: the reference labels that it is computed on, positions in the label set, −1 for none; None where
            unknown.
        label_set: the labels that items can have.
    """
    plain, label = split_name(name, label_set)
    if label:
        return OfLabel(find_label_metric(plain), label_set.names.index(label))  # type: ignore[return-value] # it is read only
    found = registry.find("metrics", plain)
    if labels is not None and len(labels) and hasattr(found, "for_labels"):
        occurring = np.bincount(labels[labels >= 0], minlength=len(label_set.names)) > 0
        found = found.for_labels(occurring) or found
    return cast(Metric, found)


def _is_extra(name: str) -> bool:
    return bool(getattr(registry.find("metrics", name), "ON_REQUEST", False))


def metrics_of(score: ScoreSpec, labels: NDArray[np.int8], label_set: LabelSet = VERDICT_LABELS) -> dict[str, Metric]:
    """The metrics that a run computes, by name: the built-in ones and those that its spec names.

    Another installed metric changes no run that does not name it.

    Args:
        score: of the spec.
        labels: the reference labels.
        label_set: the labels that items can have.
    """
    built_in = [name for name in registry.built_in_names("metrics") if fits(name, label_set) and not _is_extra(name)]
    names = sorted({*built_in, *score.metrics})
    return {name: find_metric(name, labels, label_set) for name in names}
