"""The contract of a metric of rankings: one file in `harness/scoring/ranking_metrics/`, or an entry point.

The group of the entry points is `harness.ranking_metrics`. A metric of rankings gives each item a number from the
judged ranking of its responses and the scores that people gave them. Its figure is the mean over items, with the
intervals, comparisons and ranks of a mean. Items on which people rank all responses equal are left out. A judgment that
failed has a value that the metric states.
"""

from __future__ import annotations

from typing import Protocol, cast

from harness import registry
from harness.statistics.agreement import Array

NO_ORDER = "people rank all responses of every item equal"


class RankingMetric(Protocol):
    """A figure of rankings of several responses."""

    SUMMARY: str
    """One line for lists."""
    RANGE: tuple[float, float]
    """The values that it can take."""
    FAILED: float
    """The value of an item whose judgment failed."""

    def values(self, ranks: Array, scores: Array) -> Array:
        """The value of each item.

        Args:
            ranks: items × responses, the judged rank of each, 1 for the best, tied ones the mean of their ranks; NaN
                beyond the responses of an item.
            scores: items × responses, how good people find each, not all equal; NaN in the same places.
        """
        ...

    def chance(self, scores: Array) -> Array:
        """The expected value of each item under a ranking in random order without ties.

        Args:
            scores: as for `values`.
        """
        ...


def find_ranking_metric(name: str) -> RankingMetric:
    """The metric of rankings of that name. Raises KeyError where there is none."""
    return cast(RankingMetric, registry.find("ranking_metrics", name))
