"""Strata of the items of a dataset by how much the cells of a run disagree, for every kind of labels."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.label.draw import Ints, Strata, strata_by_disagreement, strata_by_share
from harness.records.rankings import ranks_of
from harness.statistics.agreement import Array

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset


def strata_of_cells(judged: Judged, data: JudgedDataset, clusters: Ints | None = None) -> Strata | None:
    """The strata of a dataset; None where every item is in the same one.

    Args:
        judged: the run.
        data: one of its datasets.
        clusters: of each item, where whole clusters are drawn.
    """
    if len(data.cells) < 2:
        return None
    if data.label_set.scale is not None:
        from harness.runner.soft import numbers_of

        return strata_by_share(_of_numbers(numbers_of(judged, data), data.label_set.scale), clusters)
    if data.label_set.is_ranking:
        return strata_by_share(_of_rankings(data), clusters)
    return strata_by_disagreement(data.outcomes, len(data.label_set.names), clusters)


def unit_of(data: JudgedDataset) -> str:
    """What the disagreement of a stratum is, after its percentage."""
    if data.label_set.is_number:
        return "% of the greatest possible spread of the cells"
    return "% of pairs of responses ordered differently" if data.label_set.is_ranking else "% of cells disagree"


def _of_numbers(numbers: Array, scale: tuple[float, float]) -> Array:
    """The standard deviation of the numbers of the cells, as a share of the greatest one on the scale.

    An item with fewer than two numbers has the mean of the others, as its disagreement is not known.
    """
    known = ~np.isnan(numbers)
    count = known.sum(axis=1)
    filled = np.where(known, numbers, 0.0)
    mean = filled.sum(axis=1) / np.maximum(1, count)
    squares = np.where(known, (filled - mean[:, None]) ** 2, 0.0).sum(axis=1)
    found = np.sqrt(squares / np.maximum(1, count)) / max((scale[1] - scale[0]) / 2, 1e-300)
    some = count > 1
    usual = float(found[some].mean()) if some.any() else 0.0
    return np.asarray(np.minimum(1.0, np.where(some, found, usual)))


def _of_rankings(data: JudgedDataset) -> Array:
    """The mean share of pairs of responses that two cells order differently, a tie of one of them as half."""
    found = np.full(len(data), np.nan)
    for at, rankings in enumerate(zip(*data.rankings, strict=True)):
        signs = [_order_signs(one) for one in rankings if one is not None]
        gaps = [float(np.abs(one - other).mean()) / 2 for one, other in combinations(signs, 2)]
        if gaps:
            found[at] = sum(gaps) / len(gaps)
    known = ~np.isnan(found)
    return np.asarray(np.where(known, found, found[known].mean() if known.any() else 0.0))


def _order_signs(ranking: str) -> Array:
    """Of each pair of responses which is ranked higher: -1, 0 or 1."""
    ranks = np.array(ranks_of(ranking))
    first, second = np.triu_indices(len(ranks), 1)
    return np.asarray(np.sign(ranks[first] - ranks[second]))
