"""Cells on slices of their dataset: figures of each slice, and whether a cell is better or worse there than elsewhere.

The intervals of the slices of a cell hold together (Bonferroni). The test of interaction compares accuracy, which is
a mean over items and so can be compared between slices whatever their labels; kappa also depends on how often each
label occurs in a slice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.datasets import LabelledItems
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.slices import CellSlices, Slice, SlicedDataset
from harness.scoring.estimates import MIN_ITEMS, NO_LABELS, metric_figures
from harness.scoring.labels import Reference, reference_of
from harness.scoring.metric import Metric, find_metric
from harness.scoring.slice_differences import SlicedItems, with_differences
from harness.scoring.soft_metric import split_metrics
from harness.statistics import clusters, interaction
from harness.statistics.interaction import interaction_tests

MAX_SLICES = 50
"""Values of a column that are slices; a column with more is an id or a text."""
TOO_SMALL = f"fewer than {MIN_ITEMS} labelled items"
TOO_FEW_CLUSTERS = f"fewer than {clusters.FEWEST} clusters"
NO_REST = f"fewer than {MIN_ITEMS} labelled items elsewhere"
NO_ACCURACY = "labels are numbers, and accuracy is of classes"
OF_RANKINGS = "people order the responses of too few items of the slice or elsewhere"
NO_EXCHANGE = "no exchange of clusters of one size changes the slice"


class SliceColumn(NamedTuple):
    """A column that makes slices.

    Attributes:
        name: of the column.
        values: of each item; at most MAX_SLICES different ones.
    """

    name: str
    values: Sequence[str | None]


def slice_dataset(
    cells: Sequence[Cell],
    dataset: LabelledItems,
    outcomes: NDArray[np.int8],
    column: SliceColumn,
    score: ScoreSpec,
    seed: int,
) -> SlicedDataset:
    """Score the cells of a dataset on the slices by a column.

    Args:
        cells: in canonical order.
        dataset: that they judged.
        outcomes: items × cells, positions in `OUTCOMES`.
        column: that the items are grouped by.
        score: metrics, and how intervals are made.
        seed: of the spec.
    """
    reference = reference_of(dataset)
    words = sorted(set(column.values), key=lambda value: (value is None, value or ""))
    number = {value: at for at, value in enumerate(words)}
    every = np.array([number[value] for value in column.values], dtype=np.int8)  # MAX_SLICES of them at most
    here = reference.of(every)
    sizes = np.bincount(here, minlength=len(words))
    large = [at for at in range(len(words)) if sizes[at] >= MIN_ITEMS]
    each = 1 - (1 - score.level) / max(1, len(large))
    scoring = replace(score, level=each)
    draws = seed_for(seed, "slices", dataset.name, column.name)
    labels = reference.label_set
    if labels.is_ranking:
        tests = _Tests([TOO_SMALL if size < MIN_ITEMS else OF_RANKINGS for size in sizes], ())
    else:
        tests = _tests(reference, reference.of(outcomes), here, len(words), draws)
    metrics = {name: find_metric(name, None, labels) for name in split_metrics(score.metrics)[0]}
    sliced = []
    for k, cell in enumerate(cells):
        judged = reference.of(outcomes[:, k])
        parts = []
        for at, value in enumerate(words):
            own = seed_for(seed, "slice", cell.id, column.name, "" if value is None else f"={value}")
            inside = here == at
            figures = _figures(reference.part(inside), judged[inside], metrics, scoring, own, len(cells))
            failed = int((outcomes[every == at, k] >= len(labels.names)).sum())
            part = Slice(value, int((every == at).sum()), int(sizes[at]), failed, figures)
            parts.append(tests.result(part, k, at, len(cells)))
        known = [part.p_value for part in parts if part.p_value is not None]
        sliced.append(CellSlices(cell.id, tuple(parts), min(known) if len(known) > 1 else None))
    is_exact = reference.clusters is None
    if not labels.is_number and not labels.is_ranking:
        items = SlicedItems(reference, reference.of(outcomes), here)
        sliced = [*with_differences(sliced, items, score, seed)]
    return SlicedDataset(
        dataset.name,
        column.name,
        score.level,
        each,
        len(large),
        interaction.DRAWS if is_exact else interaction.exchanges(len(here)),
        f"{draws:032x}",
        "hypergeometric" if is_exact else "exchange",
        tuple(sliced),
    )


def slice_count(values: Sequence[str | None]) -> int:
    """How many slices a column makes."""
    return len(Counter(values))


def _figures(
    part: Reference,
    judged: NDArray[np.int8],
    metrics: Mapping[str, Metric],
    score: ScoreSpec,
    seed: int,
    systems: int,
) -> dict[str, Figure]:
    """The figures of a cell on a slice, without a value where the slice is too small.

    Args:
        part: the labelled items of the slice.
        judged: their outcomes.
        metrics: by name.
        score: how intervals are made.
        seed: of the resamples.
        systems: how many cells were scored on the same items.
    """
    n = len(judged)
    if n < MIN_ITEMS:
        reason = TOO_SMALL if n else NO_LABELS
        return dict.fromkeys(metrics, Figure(None, reason=reason, n=n, level=score.level, units=n, systems=systems))
    return metric_figures(part.sample(judged, systems), metrics, score, seed)


class _Tests:
    """The tests of interaction of all cells.

    Args:
        reasons: why each slice is not tested, "" where it is.
        found: of each cell, in the order of the slices that are tested.
    """

    def __init__(self, reasons: Sequence[str], found: Sequence[interaction.Interaction]) -> None:
        self._reasons = reasons
        self._found = found
        self._at = {at: place for place, at in enumerate(at for at, reason in enumerate(reasons) if not reason)}

    def result(self, part: Slice, cell: int, at: int, cells: int) -> Slice:
        """A slice of a cell with the result of its test."""
        if self._reasons[at]:
            return replace(part, reason=self._reasons[at])
        test, place = self._found[cell], self._at[at]
        p_value = float(test.p_values[place])
        if np.isnan(p_value):
            return replace(part, reason=NO_EXCHANGE)
        family = min(1.0, p_value * cells)
        return replace(part, difference=float(test.differences[place]), p_value=p_value, p_family=family)


def _tests(reference: Reference, judged: NDArray[np.int8], here: NDArray[np.int8], count: int, seed: int) -> _Tests:
    """Compare the accuracy of all cells on each slice with that on the rest.

    Args:
        reference: the labels.
        judged: labelled items × cells.
        here: the slice of each labelled item.
        count: how many slices there are.
        seed: of the draws.
    """
    if reference.label_set.is_number:
        return _Tests([NO_ACCURACY] * count, ())
    reasons = [_why_not(reference, here == at) for at in range(count)]
    tested = [at for at, reason in enumerate(reasons) if not reason]
    if not tested or not judged.shape[1]:
        return _Tests(reasons, ())
    places = np.full(count, len(tested), dtype=np.intp)
    places[tested] = np.arange(len(tested))
    is_right = (judged == reference.labels[:, None]).astype(float)
    return _Tests(reasons, interaction_tests(is_right, places[here], len(tested), reference.clusters, seed))


def _why_not(reference: Reference, inside: NDArray[np.bool_]) -> str:
    """Why a slice is not compared with the rest, "" where it is."""
    n = int(inside.sum())
    if n < MIN_ITEMS:
        return TOO_SMALL
    if len(inside) - n < MIN_ITEMS:
        return NO_REST
    if reference.clusters is None:
        return ""
    units = min(len(np.unique(reference.clusters[inside])), len(np.unique(reference.clusters[~inside])))
    return TOO_FEW_CLUSTERS if units < clusters.FEWEST else ""
