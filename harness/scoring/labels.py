"""Reference labels, and judgments counted against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records.datasets import LabelledItems
from harness.records.label_set import LabelSet
from harness.scoring.estimates import Sample
from harness.statistics.agreement import Array


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The items of a dataset that have a reference label.

    Attributes:
        rows: their positions, None where all items have one.
        labels: the label of each.
        clusters: the cluster of each, None where items are independent.
        all_clusters: the cluster of every item, with or without a label; None where items are independent.
        label_set: the labels that items can have.
        dataset: the dataset itself; None for a part of its items.
    """

    rows: NDArray[np.intp] | None
    labels: NDArray[np.int8]
    clusters: NDArray[np.int64] | None
    all_clusters: NDArray[np.int64] | None
    label_set: LabelSet
    dataset: LabelledItems | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a table: labels × judged labels and `failed`."""
        return self.label_set.shape

    def columns(self, judged: NDArray[np.int8]) -> NDArray[np.intp]:
        """The column of the table of each outcome, all failures as one class."""
        return np.minimum(judged, self.shape[1] - 1).astype(np.intp)

    def places(self, judged: NDArray[np.int8]) -> NDArray[np.intp]:
        """The cell (flat index) of the table that each outcome is in.

        Args:
            judged: labelled items, or labelled items × cells.
        """
        rows = self.labels.astype(np.intp) * self.shape[1]
        return (rows if judged.ndim == 1 else rows[:, None]) + self.columns(judged)

    def ids(self) -> Sequence[str]:
        """The ids of these items."""
        assert self.dataset is not None, "a part of the items has no ids"
        ids = self.dataset.ids()
        return ids if self.rows is None else [ids[row] for row in self.rows]

    def of(self, outcomes: NDArray[np.int8]) -> NDArray[np.int8]:
        """The outcomes on these items."""
        return outcomes if self.rows is None else outcomes[self.rows]

    def count(self, judged: NDArray[np.int8]) -> NDArray[np.intp]:
        """How often each label met each outcome: labels × labels and failures.

        Args:
            judged: the outcome of every item, with or without a label.
        """
        rows, columns = len(self.label_set.names), len(self.label_set.outcomes)
        pairs = self.labels * np.intp(columns) + self.of(judged)
        return np.bincount(pairs, minlength=rows * columns).reshape(rows, columns)

    def sample(self, judged: NDArray[np.int8], systems: int) -> Sample:
        """What figures are made from, all failures as one class.

        Args:
            judged: the outcome of every item.
            systems: how many cells were scored on the same items.
        """
        table, classes = self.count(judged), len(self.label_set.names)
        merged: Array = np.column_stack([table[:, :classes], table[:, classes:].sum(axis=1)]).astype(float)
        places = None if self.clusters is None else self.places(self.of(judged))
        return Sample(merged, systems, self.clusters, places)

    def part(self, rows: NDArray[np.bool_]) -> Reference:
        """Some of the labelled items, as if there were no others."""
        clusters = None if self.clusters is None else self.clusters[rows]
        return Reference(None, self.labels[rows], clusters, clusters, self.label_set)


def reference_of(dataset: LabelledItems) -> Reference:
    """The reference labels of a dataset."""
    codes: NDArray[np.int8] = dataset.reference_codes()
    clusters: NDArray[np.int64] | None = dataset.cluster_codes() if dataset.clustered else None
    if (codes >= 0).all():
        return Reference(None, codes, clusters, clusters, dataset.label_set, dataset)
    rows = np.flatnonzero(codes >= 0)
    labelled = None if clusters is None else clusters[rows]
    return Reference(rows, codes[rows], labelled, clusters, dataset.label_set, dataset)
