"""The items that tell most about the cells: where they disagree, where all are wrong, where the order decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.report.items.index import DatasetIndex, RunIndex
from harness.text import pluralized


class TellingItem(NamedTuple):
    """An item, and why it is telling."""

    dataset: str
    item: str
    reasons: tuple[str, ...]


class Telling(NamedTuple):
    """The most telling items, and how many others are telling as well."""

    items: tuple[TellingItem, ...]
    left_out: int


def telling(index: RunIndex, limit: int) -> Telling:
    """The most telling items of a run, the most telling first, in the order of the data where they are level.

    An item scores four times the product of the shares of its verdicts a and b, one more where every verdict is wrong,
    and the share of the cells whose verdict changes with the order of the responses. One with a score of 0 is not
    telling.

    Args:
        index: the outcomes of the run.
        limit: how many items are wanted.
    """
    found: list[tuple[float, int, int]] = []
    datasets = [index.dataset(name) for name in index.names]
    for number, data in enumerate(datasets):
        scores = scores_of(data)
        kept = np.argsort(-scores, kind="stable")[:limit]
        found += [(-float(scores[at]), number, int(at)) for at in kept if scores[at] > 0]
    found.sort()
    items = tuple(
        TellingItem(datasets[number].name, str(datasets[number].ids[at]), tuple(reasons(datasets[number], at)))
        for _, number, at in found[:limit]
    )
    count = sum(int((scores_of(data) > 0).sum()) for data in datasets)
    return Telling(items, count - len(items))


def scores_of(data: DatasetIndex) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How telling each item of a dataset is."""
    if not data.cells:
        return np.zeros(len(data))
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.round(
        data.disagreement + data.is_all_wrong + data.flips.mean(axis=1), 9
    )
    return found


def reasons(data: DatasetIndex, at: int) -> Iterator[str]:
    """Why an item is telling, in words.

    Args:
        data: its dataset.
        at: its position.
    """
    if data.disagreement[at] > 0:
        yield f"the cells disagree: {_spread(data, at)}"
    if data.is_all_wrong[at]:
        yield "every verdict is wrong" if len(data.cells) > 1 else "the verdict is wrong"
    if count := int(data.flips[at].sum()):
        yield f"the verdict of {pluralized(count, 'cell')} changes with the order of the responses"


def _spread(data: DatasetIndex, at: int) -> str:
    """How the cells disagree on an item: how many give each label, or the least and the greatest number."""
    if data.numbers is not None:
        found = data.numbers[at][~np.isnan(data.numbers[at])]
        return f"numbers from {found.min():.3g} to {found.max():.3g}"
    if data.tops is not None:
        named, times = np.unique(data.tops[at][data.tops[at] != ""], return_counts=True)
        return ", ".join(f"{count} rank {name} first" for name, count in zip(named, times, strict=True))
    counts = (data.outcomes[at] == code for code in range(len(data.labels.names)))
    return ", ".join(f"{count.sum()} {name}" for count, name in zip(counts, data.labels.names, strict=True))
