"""Rankings of several responses as pages show them: what is ranked first, and whether people find it best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records.rankings import groups_of, ranking_of

Opinions = Sequence[Sequence[float] | None]
"""Of each item, how good people find each response; None where they say nothing."""


def is_right(ranking: str, reference: str) -> bool:
    """Whether all that a ranking puts first is put first by the reference as well."""
    return set(groups_of(ranking)[0]) <= set(groups_of(reference)[0])


def people_ranking(scores: Sequence[float] | None) -> str | None:
    """The ranking that scores of people stand for; None where they say nothing."""
    return None if scores is None else ranking_of(scores)


def tops_of(rankings: Sequence[Sequence[str | None]], opinions: Opinions) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """What each cell ranks first, and whether people find it best, both items × cells.

    Args:
        rankings: of each cell, the text of the ranking of each item, None for a failure.
        opinions: of people.
    """
    shape = (len(opinions), len(rankings))
    tops, right = np.full(shape, "", dtype="U80"), np.zeros(shape, np.bool_)
    references = [people_ranking(scores) for scores in opinions]
    for column, each in enumerate(rankings):
        for row, (ranking, reference) in enumerate(zip(each, references, strict=True)):
            if ranking is not None:
                tops[row, column] = ranking.partition(">")[0]
                right[row, column] = reference is not None and is_right(ranking, reference)
    return tops, right
