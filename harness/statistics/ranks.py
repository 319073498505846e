"""Rank sets: the ranks that cannot be excluded (Mogstad, Romano, Shaikh and Wilhelm, 10.1093/restud/rdad006)."""

from __future__ import annotations

import numpy as np

from harness.statistics.agreement import Array


def rank_sets(differences: Array, p_values: Array, level: float) -> list[tuple[int, int]]:
    """Best and worst rank of each evaluator, simultaneously correct with probability `level`.

    Best is 1 + the number significantly better, worst is their number − the number significantly worse.

    Args:
        differences: figure of the row less figure of the column.
        p_values: of these differences, adjusted for all pairs.
        level: confidence level.
    """
    significant = p_values <= 1 - level
    better = np.count_nonzero(significant & (differences < 0), axis=1)
    worse = np.count_nonzero(significant & (differences > 0), axis=1)
    return [(1 + int(above), len(differences) - int(below)) for above, below in zip(better, worse, strict=True)]
