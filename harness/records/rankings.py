"""Rankings of several responses: their text, such as `2>1=3>4`, and the ranks that it stands for.

The text names the positions of the responses, from 1, best first; `=` stands between responses that are tied. Within a
tie, positions are in their order, so that one ranking has one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

FEWEST_RESPONSES = 2
"""Responses that an item needs for a ranking."""
MOST_RESPONSES = 26
"""Responses that an item may have: as many as there are letters to name them."""
RECORDED = ("scores", "ranks", "ranking")
"""Columns of a recording that say how several responses were ranked."""
ROUNDING = 1e-9
"""Mean ranks that differ by no more are the same."""
_TEXT = re.compile(r"[0-9]{1,2}(?:[>=][0-9]{1,2})*")

Ranks = tuple[float, ...]
"""The rank of each response by position, 1 for the best; tied responses share the mean of their ranks."""


def ranking_of(values: Sequence[float], *, margin: float = 0.0, is_descending: bool = True) -> str:
    """The ranking that one value for each response stands for.

    Args:
        values: of each response, finite.
        margin: a response whose value differs from that of the best of a tie by no more is part of it.
        is_descending: whether larger values are better.
    """
    keys = [-value for value in values] if is_descending else list(values)
    groups: list[list[int]] = []
    start = 0.0
    for at in sorted(range(len(keys)), key=lambda at: (keys[at], at)):
        if groups and keys[at] - start <= margin + ROUNDING:
            groups[-1].append(at + 1)
        else:
            groups.append([at + 1])
            start = keys[at]
    return text_of(groups)


def text_of(groups: Iterable[Iterable[int]]) -> str:
    """The text of groups of tied positions, the best group first."""
    return ">".join("=".join(map(str, sorted(group))) for group in groups)


def groups_of(ranking: str) -> list[list[int]]:
    """The groups of tied positions of a ranking, the best group first.

    Raises:
        ValueError: where the text is no ranking of all positions from 1 on.
    """
    if not _TEXT.fullmatch(ranking):
        raise ValueError(f"{ranking!r} is no ranking such as `2>1=3`")
    groups = [[int(position) for position in group.split("=")] for group in ranking.split(">")]
    named = sorted(position for group in groups for position in group)
    if named != list(range(1, len(named) + 1)):
        raise ValueError(f"{ranking!r} does not name each position from 1 to {len(named)} once")
    return groups


def ranks_of(ranking: str) -> Ranks:
    """The ranks of the responses, those of a tie the mean of the ranks that they take."""
    groups = groups_of(ranking)
    ranks = [0.0] * sum(map(len, groups))
    before = 0
    for group in groups:
        for position in group:
            ranks[position - 1] = before + (len(group) + 1) / 2
        before += len(group)
    return tuple(ranks)


def best_first(best: int, count: int) -> str:
    """The ranking that names one response as the best and leaves the others tied."""
    others = [position for position in range(1, count + 1) if position != best]
    return text_of([[best], others])


def mean_ranking(rankings: Sequence[str], weights: Sequence[float] | None = None) -> str:
    """The ranking by mean rank, which is that of the Borda count with ties counted as halves.

    Args:
        rankings: of the same responses; at least one.
        weights: of each ranking, all 1 by default.
    """
    weigh = [1.0] * len(rankings) if weights is None else list(weights)
    total = sum(weigh)
    columns = zip(*map(ranks_of, rankings), strict=True)
    means = [sum(rank * weight for rank, weight in zip(ranks, weigh, strict=True)) / total for ranks in columns]
    return ranking_of(means, is_descending=False)


def moved(ranking: str, places: Sequence[int]) -> str:
    """A ranking of places in a file as one of the responses as they are shown.

    Args:
        ranking: names places from 1.
        places: of each response as it is shown, its place from 0.
    """
    shown = {place: position for position, place in enumerate(places, 1)}
    return text_of([shown[place - 1] for place in group] for group in groups_of(ranking))


def reversed_positions(ranking: str) -> str:
    """The same ranking with positions counted from the last response."""
    groups = groups_of(ranking)
    count = sum(map(len, groups))
    return text_of([count + 1 - position for position in group] for group in groups)
