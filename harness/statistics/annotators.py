"""Agreement of several annotators on the same items, and the ceiling that it sets for a judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]

TIE = 1
"""Position of `tie` among the verdicts."""
MISSING = -1


def majority(codes: Codes) -> Codes:
    """The majority verdict of each item, `tie` without a majority, −1 without labels.

    Args:
        codes: items × annotators, positions in the verdicts `a, tie, b`, −1 where there is none.
    """
    counts = np.stack([(codes == verdict).sum(axis=1) for verdict in range(3)], axis=1)
    most = counts.max(axis=1)
    is_clear = (counts == most[:, None]).sum(axis=1) == 1
    found = np.where(is_clear, counts.argmax(axis=1), TIE)
    return np.where(most > 0, found, MISSING).astype(np.int8)


def leave_one_out(codes: Codes) -> list[tuple[Codes, Codes, NDArray[np.intp]]]:
    """Each annotator against the majority of the others: the reference, the annotator, and the items of both.

    The mean of a metric over the annotators is the ceiling: the agreement of one person with the others. A judge with
    the same agreement does as well as a person.

    Args:
        codes: items × annotators, −1 where there is none.
    """
    found = []
    for at in range(codes.shape[1]):
        others = majority(np.delete(codes, at, axis=1)) if codes.shape[1] > 1 else np.full(len(codes), MISSING, np.int8)
        rows = np.flatnonzero((codes[:, at] >= 0) & (others >= 0))
        found.append((others[rows], codes[rows, at], rows))
    return found


def against_each(judged: Codes, codes: Codes) -> list[tuple[Codes, Codes, NDArray[np.intp]]]:
    """A judge against each annotator alone: the reference, the judge, and the items that the annotator labelled.

    Args:
        judged: outcome of each item.
        codes: items × annotators, −1 where there is none.
    """
    found = []
    for at in range(codes.shape[1]):
        rows = np.flatnonzero(codes[:, at] >= 0)
        found.append((codes[rows, at], judged[rows], rows))
    return found
