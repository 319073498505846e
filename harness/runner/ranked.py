"""The rankings of the cells of a run as scoring takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.records.label_set import RANKED
from harness.runner.run_reader import JudgedDataset
from harness.scoring.ranked_data import RankedData, rank_matrix, score_matrix


def ranked_data(data: JudgedDataset) -> RankedData:
    """The rankings of all cells of a dataset."""
    group = data.cluster_codes() if data.clustered else None
    return replace(ranked_columns(data.rankings, data.opinions(), data.response_counts(), group), ids=data.ids())


def ranked_columns(
    rankings: Sequence[Sequence[str | None]],
    opinions: Sequence[Sequence[float] | None],
    counts: Sequence[int],
    group: NDArray[np.int64] | None,
) -> RankedData:
    """The rankings of some cells.

    Args:
        rankings: of each cell, the text of the ranking of each item, None for a failure.
        opinions: of each item, the scores of people; None for none.
        counts: of each item, the number of responses.
        group: cluster of each item; None where items are independent.
    """
    width = max(counts, default=0)
    ranks = [rank_matrix(each, width) for each in rankings]
    known = np.array([one is not None for one in opinions], bool)
    return RankedData(
        values=[np.where(np.isnan(each).all(axis=1), np.nan, 1.0) for each in ranks],
        y=np.where(known, 1.0, np.nan),
        group=group,
        label_set=RANKED,
        ranks=ranks,
        scores=score_matrix(opinions, width),
    )
