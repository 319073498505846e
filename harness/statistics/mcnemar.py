"""Exact paired comparison of two evaluators that are right or wrong on the same items (McNemar 1947)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.win_rate import sign_test


def discordant(is_right: NDArray[np.bool_]) -> Array:
    """On how many items the evaluator of the row is right and that of the column wrong, evaluators × evaluators.

    Args:
        is_right: items × evaluators.
    """
    right = is_right.astype(np.float64)  # whole numbers: the order of the sums does not matter
    return np.asarray(right.T @ (1 - right))


def exact_p(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that two evaluators are right equally often; 1 where they are right on the same items.

    Items on which both are right, or both wrong, are uninformative; under the null hypothesis either evaluator is as
    likely to be right on the others. Items must be independent.

    Args:
        only_first: items on which only the first is right.
        only_second: items on which only the second is right.
    """
    p_value = sign_test(only_first, only_second)
    return 1.0 if p_value is None else p_value
