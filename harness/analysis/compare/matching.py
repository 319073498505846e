"""Matching of the cells of two runs: by content and items, not by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records.datasets import OPINION
from harness.runner.run_reader import JudgedDataset

if TYPE_CHECKING:
    import polars as pl

NO_ITEMS = "{other} has no items of its dataset"
OTHER_LABELS = "the shared items have different labels in {other}"
NO_LABELS = "the items shared with {other} have no reference labels"
NO_PARTNER = "no cell of {other} is the same or differs in one component only"


class Pair(NamedTuple):
    """Two cells that correspond.

    Attributes:
        one: position in the first dataset's cells.
        other: position in the second dataset's cells.
        changed: the component in which they differ, "" where they are the same.
    """

    one: int
    other: int
    changed: str


@dataclass(frozen=True, slots=True, eq=False)
class SharedItems:
    """The items that two datasets share: same id, prompt and responses.

    Attributes:
        one: their positions in the first dataset.
        other: their positions in the second dataset.
        labelled: which of them have the same reference label in both.
        conflicts: number of items with different labels.
    """

    one: NDArray[np.intp]
    other: NDArray[np.intp]
    labelled: NDArray[np.bool_]
    conflicts: int

    def __len__(self) -> int:
        return len(self.one)


def shared_items(one: JudgedDataset, other: JudgedDataset) -> SharedItems:
    """The items that two datasets share, in the order of the first."""
    joined = _numbered(one).join(_numbered(other), on=["item", "content"], how="inner", suffix="_other").sort("at")
    first, second = joined["reference"], joined["reference_other"]
    both = first.is_not_null() & second.is_not_null()
    same = (both & (first == second)).fill_null(value=False)
    return SharedItems(
        joined["at"].to_numpy().astype(np.intp),
        joined["at_other"].to_numpy().astype(np.intp),
        same.to_numpy().astype(bool),
        int(both.to_numpy().sum()) - int(same.to_numpy().sum()),
    )


def partner_datasets(
    ones: Sequence[JudgedDataset], others: Sequence[JudgedDataset]
) -> dict[int, tuple[int, SharedItems]]:
    """For each dataset the dataset of another run that shares most items, each used once.

    Ties are broken by name, so that the order of the runs does not matter.
    """
    found = [
        (-len(shared), ones[i].name, others[j].name, i, j, shared)
        for i in range(len(ones))
        for j in range(len(others))
        if len(shared := shared_items(ones[i], others[j]))
    ]
    partners: dict[int, tuple[int, SharedItems]] = {}
    taken: set[int] = set()
    for *_, i, j, shared in sorted(found, key=lambda entry: (entry[0], *sorted(entry[1:3]), *entry[1:3])):
        if i not in partners and j not in taken:
            partners[i] = (j, shared)
            taken.add(j)
    return partners


def corresponding(ones: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]) -> list[Pair]:
    """The corresponding cells: identical ones first, then those that differ in one component.

    A cell without an identical one corresponds to another only where that is its only candidate, and vice versa: a
    choice among several would be a guess.
    """
    pairs: list[Pair] = []
    left = {_key(meaning): k for k, meaning in enumerate(others)}
    rest = []
    for k, meaning in enumerate(ones):
        same = left.pop(_key(meaning), None)
        if same is None:
            rest.append(k)
        else:
            pairs.append(Pair(k, same, ""))
    near = {(k, j): _changed(ones[k], others[j]) for k in rest for j in sorted(left.values())}
    candidates = [(k, j, changed[0]) for (k, j), changed in near.items() if len(changed) == 1]
    for k, j, changed in candidates:
        if sum(k == one for one, *_ in candidates) == 1 == sum(j == other for _, other, _ in candidates):
            pairs.append(Pair(k, j, changed))
    return sorted(pairs)


def _key(meaning: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(meaning[component] for component in sorted(meaning))


def _changed(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [component for component in one if one[component] != other[component]]


def _numbered(data: JudgedDataset) -> pl.DataFrame:
    import polars as pl

    frame = data.frame
    if OPINION in frame.columns:  # of rankings, the label is how people rank the responses
        frame = frame.with_columns(pl.col(OPINION).cast(pl.List(pl.String)).list.join(" ").alias("reference"))
    return frame.select("item", "content", "reference").with_row_index("at")
