"""The contract of a soft metric: one file in `harness/scoring/soft_metrics/`, or an entry point `harness.soft_metrics`.

A soft metric is computed from soft verdicts and from soft labels or lengths. The soft verdict of a pair is the
probability that response a is better; that of a single response is the probability of the positive label or the score
that the label is read from, and of labels that are numbers it is the number. Judgments that failed have none and are
left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, clustered_facts
from harness.scoring.ranking_metric import RankingMetric, find_ranking_metric
from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.clustered import mean_interval

Direction: TypeAlias = Literal["higher", "lower", "none"]
"""Which values are better; `none` of a figure that describes the responses and not the evaluator."""

TOO_FEW = f"fewer than {MIN_ITEMS} labelled items with a soft verdict"
TOO_FEW_VERDICTS = f"fewer than {MIN_ITEMS} items with a soft verdict"
TOO_FEW_CLUSTERS = f"fewer than {clusters.FEWEST} clusters"
ONE_OUTCOME = "one of the two labels never occurs"
NO_SPREAD = "no item differs"


@dataclass(frozen=True, slots=True, eq=False)
class SoftItems:
    """Items with a soft verdict.

    Attributes:
        p: of each item, the probability that response a is better, or the number for a single response.
        y: share of annotators who prefer a, half of the ties included, or who give a single response the positive
            label, or their mean number; NaN where an item has no label.
        group: cluster of each item; None where items are independent.
        level: confidence level.
        seed: of the resampling.
        difference: length of response a less that of response b, in characters; None where lengths are unknown.
        difficulty: of each item; None where the data have none.
        systems: how many cells were scored on the same items.
        scale: the least and the greatest number of the evaluator, where `p` are numbers; None for probabilities.
    """

    p: Array
    y: Array
    group: NDArray[np.int64] | None
    level: float
    seed: int
    difference: Array | None = None
    difficulty: Array | None = None
    systems: int = 1
    scale: tuple[float, float] | None = None

    def part(self, rows: NDArray[np.bool_]) -> SoftItems:
        """Some of the items."""
        return replace(
            self,
            p=self.p[rows],
            y=self.y[rows],
            group=None if self.group is None else self.group[rows],
            difference=None if self.difference is None else self.difference[rows],
            difficulty=None if self.difficulty is None else self.difficulty[rows],
        )

    def known(self) -> dict[str, Any]:
        """The fields that every figure of these items has."""
        n, found = len(self.p), {"level": self.level, "systems": self.systems}
        if self.group is None:
            return {"n": n, "units": n, **found}
        return {"n": n, "unit": "cluster", "units": len(np.unique(self.group)), **found}


class SoftMetric(Protocol):
    """A figure of soft verdicts.

    A metric may have besides

    * `LABELS: tuple[LabelKind, ...]`: the labels that it is for, some of `pair` (the default), `two` and `number`;
    * `companions(items) -> Mapping[str, Figure]`: figures shown beside it, by their endings, as `bias.limit-low`;
    * `IN_POINTS: bool`: whether it is in points of the evaluator's scale; `UNIT_ERROR` is then a share of the scale;
    * `NO_BEST: str`: why no evaluator is better by it, of a metric whose direction is `none`;
    * `NEEDS_PROBABILITY: bool`: whether a score on another scale than that of a probability has no such figure.
    """

    SUMMARY: str
    """One line for lists."""
    RANGE: tuple[float, float]
    """The values that it can take."""
    DIRECTION: Direction
    """Which values are better."""
    NEEDS_LABELS: bool
    """Whether it rests on labels."""
    TAKES_VERDICTS: bool
    """Whether a verdict counts as a soft verdict of 1, 0.5 or 0 where an evaluator gives no probability."""
    UNIT_ERROR: float
    """What one item adds to the error of a difference at least, times the number of items."""

    def figure(self, items: SoftItems) -> Figure:
        """The figure with its interval."""
        ...

    def influence(self, items: SoftItems) -> Array | None:
        """How far each item moves the figure, so that the sum of squares is its variance where items are independent.

        None of a figure that evaluators cannot be compared by.
        """
        ...


def find_soft_metric(name: str) -> SoftMetric:
    """The metric of soft verdicts, or of rankings, of that name. Raises KeyError where there is none."""
    if is_of_rankings(name):
        return cast(SoftMetric, MeanOverItems(find_ranking_metric(name)))
    return cast(SoftMetric, registry.find("soft_metrics", name))


def is_soft(name: str) -> bool:
    """Whether a metric is one of a number for each item: of soft verdicts, or of rankings."""
    return name in registry.names("soft_metrics") or is_of_rankings(name)


def is_of_rankings(name: str) -> bool:
    """Whether a metric is one of rankings of several responses."""
    return name in registry.names("ranking_metrics")


def direction_of(name: str) -> Direction:
    """Which values of a metric are better; those of verdicts and win rates are better where higher."""
    return find_soft_metric(name).DIRECTION if is_soft(name) else "higher"


def gain_of(name: str, difference: float) -> float:
    """A difference of a metric as a gain: negated where lower values are better, 0 where no value is better."""
    return {"higher": difference, "lower": -difference, "none": 0.0}[direction_of(name)]


def split_metrics(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The metrics of verdicts and those of soft verdicts, each in their order."""
    return tuple(name for name in names if not is_soft(name)), tuple(name for name in names if is_soft(name))


def lower_is_better(names: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    """Those of some metrics whose lower values are better."""
    soft = split_metrics(tuple(names))[1]
    return tuple(name for name in soft if find_soft_metric(name).DIRECTION == "lower")


def mean_figure(values: Array, items: SoftItems, bounds: tuple[float, float] = (0.0, 1.0)) -> Figure:
    """The mean of values between bounds, with an interval that never has zero width."""
    known = items.known()
    if not len(values):
        return Figure(None, reason=TOO_FEW_VERDICTS, **known)
    found = mean_interval(values, items.group, bounds, items.level)
    if found.low is None:
        return Figure(float(values.mean()), reason=found.reason, **known)
    if items.group is None:
        return Figure(float(values.mean()), found.low, found.high, method="analytic", **known)
    known |= clustered_facts(found)
    return Figure(float(values.mean()), found.low, found.high, method="clustered", **known)


def mean_influence(values: Array) -> Array:
    """The influence of each item on a mean."""
    influence: Array = (values - values.mean()) / max(1, len(values))
    return influence


@dataclass(frozen=True)
class MeanOverItems:
    """A metric of rankings as one of a number for each item. It is a `SoftMetric`."""

    metric: RankingMetric
    DIRECTION: Direction = "higher"
    NEEDS_LABELS: bool = True
    TAKES_VERDICTS: bool = False

    @property
    def SUMMARY(self) -> str:  # noqa: N802 - as the contract names it
        """One line for lists."""
        return self.metric.SUMMARY

    @property
    def RANGE(self) -> tuple[float, float]:  # noqa: N802
        """The values that it can take."""
        return self.metric.RANGE

    @property
    def UNIT_ERROR(self) -> float:  # noqa: N802
        """What one item adds to the error of a difference at least, times the number of items."""
        least, most = self.metric.RANGE
        return (most - least) / 2

    def figure(self, items: SoftItems) -> Figure:
        """The mean with an interval for bounded values."""
        return mean_figure(items.p, items, self.metric.RANGE)

    def influence(self, items: SoftItems) -> Array | None:
        """Each item's value less the mean."""
        return mean_influence(items.p)
