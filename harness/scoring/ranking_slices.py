"""Whether cells rank several responses better or worse on a slice than elsewhere, by a metric of each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.records.slices import CellSlices, Slice, SlicedDataset
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.slices import NO_EXCHANGE, NO_REST, OF_RANKINGS, TOO_FEW_CLUSTERS
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import SoftData
from harness.statistics import clusters, interaction
from harness.statistics.agreement import Array
from harness.statistics.interaction import Interaction


def with_ranking_tests(
    found: SlicedDataset, data: SoftData, values: Sequence[str | None], name: str, seed: int
) -> SlicedDataset:
    """The slices of a dataset of rankings, each compared with all other items.

    Args:
        found: the slices with their figures.
        data: the rankings of the same cells.
        values: of the column, of each item.
        name: of the metric that is compared; a failed judgment counts as in its figure.
        seed: of the draws.
    """
    words = [part.value for part in found.cells[0].slices] if found.cells else []
    columns = [data.of(k, find_soft_metric(name)) for k in range(len(data.values))]
    scores = np.column_stack([column for column in columns if column is not None]) if words else np.empty((0, 0))
    used = ~np.isnan(scores).any(axis=1) if words else np.zeros(0, bool)
    here = np.array([words.index(value) for value in values], np.intp)[used]
    scores, group = scores[used], None if data.group is None else data.group[used]
    reasons = [_why_not(here == at, group) for at in range(len(words))]
    tested = [at for at, reason in enumerate(reasons) if not reason]
    places = np.full(len(words), len(tested), np.intp)
    places[tested] = np.arange(len(tested))
    tests: list[Interaction] = []
    if tested:
        tests = interaction.interaction_tests(scores, places[here], len(tested), group, seed)
    cells = tuple(
        _tested(cell, reasons, tests[k] if tests else None, tested, len(found.cells))
        for k, cell in enumerate(found.cells)
    )
    is_exact = group is None and bool(np.isin(scores, (0.0, 1.0)).all())
    draws = interaction.DRAWS if is_exact else interaction.exchanges(len(here))
    method = "hypergeometric" if is_exact else "exchange"
    return replace(found, cells=cells, metric=name, draws=draws, seed=f"{seed:032x}", method=method)


def _tested(
    cell: CellSlices, reasons: Sequence[str], test: Interaction | None, tested: Sequence[int], cells: int
) -> CellSlices:
    """The slices of a cell with their tests."""
    parts = []
    for at, part in enumerate(cell.slices):
        if reasons[at] or test is None:
            parts.append(replace(part, reason=part.reason if _is_small(part) else reasons[at]))
            continue
        place = tested.index(at)
        difference, p_value = float(test.differences[place]), float(test.p_values[place])
        if np.isnan(p_value):
            parts.append(replace(part, reason=NO_EXCHANGE))
        else:
            family = min(1.0, p_value * cells)
            parts.append(replace(part, difference=difference, p_value=p_value, p_family=family, reason=""))
    known = [part.p_value for part in parts if part.p_value is not None]
    return replace(cell, slices=tuple(parts), p_value=min(known) if len(known) > 1 else None)


def _is_small(part: Slice) -> bool:
    """Whether a slice is too small for figures, which says more than why it is not tested."""
    return part.n < MIN_ITEMS and bool(part.reason)


def _why_not(inside: NDArray[np.bool_], group: Array | NDArray[np.int64] | None) -> str:
    """Why a slice is not compared with the rest, "" where it is."""
    count = int(inside.sum())
    if count < MIN_ITEMS:
        return OF_RANKINGS
    if len(inside) - count < MIN_ITEMS:
        return NO_REST
    if group is None:
        return ""
    units = min(len(np.unique(group[inside])), len(np.unique(group[~inside])))
    return TOO_FEW_CLUSTERS if units < clusters.FEWEST else ""
