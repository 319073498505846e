"""Compare two runs cell by cell, on the items that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.matching import (
    NO_ITEMS,
    NO_PARTNER,
    Pair,
    SharedItems,
    corresponding,
    partner_datasets,
)
from harness.analysis.compare.number_changes import Numbers, moves_between, number_flips
from harness.analysis.compare.paired_metrics import PairedFigure, PairedTable
from harness.errors import RunFolderError
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import numbers_of

OTHERWISE = "ranked otherwise"
"""The other outcome of a ranking that is not the same."""


class Flip(NamedTuple):
    """Items whose verdict changed in the same way.

    Attributes:
        one: outcome of the cell of the first run.
        other: outcome of the cell of the other run.
        items: their number.
    """

    one: str
    other: str
    items: int


@dataclass(frozen=True, slots=True, eq=False)
class ComparedPair:
    """Two cells that correspond, and how they differ.

    Attributes:
        pair: their positions, and what changed between them.
        one: id of the first run's cell.
        other: id of the other run's cell.
        figures: by metric.
        flips: of the items that both judged, with or without a label; none where nothing flipped.
        flipped: positions among the shared items of those that flipped.
        numbers: of both cells on the shared items, where labels are numbers; None where they are classes.
    """

    pair: Pair
    one: str
    other: str
    figures: Mapping[str, PairedFigure]
    flips: tuple[Flip, ...]
    flipped: NDArray[np.intp]
    numbers: tuple[Numbers, Numbers] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ComparedDataset:
    """Two datasets that share items, one of each run, and their corresponding cells."""

    one: JudgedDataset
    other: JudgedDataset
    shared: SharedItems
    pairs: tuple[ComparedPair, ...]


class UnmatchedCell(NamedTuple):
    """A cell without a corresponding cell, with the reason.

    Attributes:
        run: id of its run.
        cell: its id.
        reason: why it is not matched.
    """

    run: str
    cell: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two runs, compared: every cell of either is in exactly one pair, or unmatched.

    Attributes:
        one: the first run.
        other: the run compared with it.
        datasets: the datasets that share items.
        unmatched: the cells without a corresponding cell.
    """

    one: Judged
    other: Judged
    datasets: tuple[ComparedDataset, ...]
    unmatched: tuple[UnmatchedCell, ...]


def compare(one: Judged, other: Judged) -> Comparison:
    """Compare two runs. Exchanging them reverses the signs.

    Raises:
        RunFolderError: where the judgments of the two have different labels.
    """
    if (one.label_set.names, one.label_set.scale) != (other.label_set.names, other.label_set.scale):
        labels = ", and ".join(f"{run.spec_name} has {run.label_set.described}" for run in (one, other))
        raise RunFolderError(f"nothing can be compared: {labels}", hint="name runs whose labels are the same")
    partners = partner_datasets(one.datasets, other.datasets)
    datasets, unmatched = [], []
    for i, data in enumerate(one.datasets):
        if i not in partners:
            unmatched += [UnmatchedCell(one.id, cell.id, NO_ITEMS.format(other=other.spec_name)) for cell in data.cells]
            continue
        j, shared = partners[i]
        datasets.append(_part(one, other, data, other.datasets[j], shared))
        second, found = datasets[-1].other, [compared.pair for compared in datasets[-1].pairs]
        for run, partner, cells, used in (
            (one, other, data.cells, {pair.one for pair in found}),
            (other, one, second.cells, {pair.other for pair in found}),
        ):
            reason = NO_PARTNER.format(other=partner.spec_name)
            unmatched += [UnmatchedCell(run.id, cell.id, reason) for k, cell in enumerate(cells) if k not in used]
    taken = {j for j, _ in partners.values()}
    for j, data in enumerate(other.datasets):
        if j not in taken:
            unmatched += [UnmatchedCell(other.id, cell.id, NO_ITEMS.format(other=one.spec_name)) for cell in data.cells]
    return Comparison(one, other, tuple(datasets), tuple(unmatched))


def _part(
    one: Judged, other: Judged, first: JudgedDataset, second: JudgedDataset, shared: SharedItems
) -> ComparedDataset:
    found = corresponding(first.meanings, second.meanings)
    table = PairedTable.of(one, other, first, second, shared, found)
    figures: list[dict[str, PairedFigure]] = [{} for _ in found]
    for metric in table.metrics:
        for at, figure in enumerate(table.figures(metric)):
            figures[at][metric] = figure
    if first.label_set.is_number:
        values = numbers_of(one, first)[shared.one], numbers_of(other, second)[shared.other]
    pairs_found = []
    for pair, paired in zip(found, figures, strict=True):
        before = first.outcomes[shared.one, pair.one]
        after = second.outcomes[shared.other, pair.other]
        ids = first.cells[pair.one].id, second.cells[pair.other].id
        if first.label_set.is_number:
            numbers = Numbers(before, values[0][:, pair.one]), Numbers(after, values[1][:, pair.other])
            changes = tuple(Flip(*each) for each in number_flips(*numbers))
            moved = np.flatnonzero(moves_between(*numbers))
            pairs_found.append(ComparedPair(pair, *ids, paired, changes, moved, numbers))
            continue
        reordered = _reordered(first, second, shared, pair)
        flips = _flips(before, after, first.label_set.outcomes, int(reordered.sum()))
        pairs_found.append(ComparedPair(pair, *ids, paired, flips, np.flatnonzero((before != after) | reordered)))
    return ComparedDataset(first, second, shared, tuple(pairs_found))


def _reordered(first: JudgedDataset, second: JudgedDataset, shared: SharedItems, pair: Pair) -> NDArray[np.bool_]:
    """Whether both cells ranked the responses of a shared item, and not in the same way."""
    if not first.rankings or not second.rankings:
        return np.zeros(len(shared), np.bool_)
    before, after = first.rankings[pair.one], second.rankings[pair.other]
    ends = ((before[x], after[y]) for x, y in zip(shared.one, shared.other, strict=True))
    return np.array([None not in both and both[0] != both[1] for both in ends], np.bool_)


def _flips(
    before: NDArray[np.int8], after: NDArray[np.int8], names: Sequence[str], reordered: int = 0
) -> tuple[Flip, ...]:
    """The changes of outcome, most frequent first.

    Args:
        before: the outcomes of the first run.
        after: those of the other one.
        names: of the outcomes.
        reordered: rankings that are not the same, although both are rankings.
    """
    size = len(names)
    counts = np.bincount(before.astype(np.intp) * size + after, minlength=size * size).reshape(size, size)
    found = [
        Flip(names[i], names[j], int(counts[i, j])) for i in range(size) for j in range(size) if i != j and counts[i, j]
    ]
    found += [Flip(names[0], OTHERWISE, reordered)] if reordered else []
    return tuple(sorted(found, key=lambda flip: -flip.items))
