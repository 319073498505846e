"""Reference labels, and judgments counted against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records.datasets import LabelledItems
from harness.records.judgments import OUTCOMES, VERDICTS
from harness.scoring.estimates import Sample
from harness.statistics.agreement import SHAPE, Array


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The items of a dataset that have a reference label.

    Attributes:
        rows: their positions, None where all items have one.
        labels: the label of each.
        clusters: the cluster of each, None where items are independent.
        all_clusters: the cluster of every item, with or without a label; None where items are independent.
    """

    rows: NDArray[np.intp] | None
    labels: NDArray[np.int8]
    clusters: NDArray[np.int64] | None
    all_clusters: NDArray[np.int64] | None

    def of(self, outcomes: NDArray[np.int8]) -> NDArray[np.int8]:
        """The outcomes on these items."""
        return outcomes if self.rows is None else outcomes[self.rows]

    def count(self, judged: NDArray[np.int8]) -> NDArray[np.intp]:
        """How often each label met each outcome: verdicts × OUTCOMES.

        Args:
            judged: the outcome of every item, with or without a label.
        """
        pairs = self.labels * np.intp(len(OUTCOMES)) + self.of(judged)
        return np.bincount(pairs, minlength=len(VERDICTS) * len(OUTCOMES)).reshape(len(VERDICTS), len(OUTCOMES))

    def sample(self, judged: NDArray[np.int8], systems: int) -> Sample:
        """What figures are made from, all failures as one class.

        Args:
            judged: the outcome of every item.
            systems: how many cells were scored on the same items.
        """
        table = self.count(judged)
        merged: Array = np.column_stack([table[:, :3], table[:, 3:].sum(axis=1)]).astype(float)
        places = None
        if self.clusters is not None:
            places = self.labels * np.intp(SHAPE[1]) + np.minimum(self.of(judged), SHAPE[1] - 1)
        return Sample(merged, systems, self.clusters, places)


def reference_of(dataset: LabelledItems) -> Reference:
    """The reference labels of a dataset."""
    codes: NDArray[np.int8] = dataset.reference_codes()
    clusters: NDArray[np.int64] | None = dataset.cluster_codes() if dataset.clustered else None
    if (codes >= 0).all():
        return Reference(None, codes, clusters, clusters)
    rows = np.flatnonzero(codes >= 0)
    return Reference(rows, codes[rows], None if clusters is None else clusters[rows], clusters)
