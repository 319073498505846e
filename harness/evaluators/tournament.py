"""Tournaments of pairs: which responses are compared next, and the ranking that the results give.

A tournament is a generator: it yields a round of games, pairs of places with the earlier one first, receives the result
of each and returns a number for each response, higher is better. It makes no calls.

| kind | games of n responses | ranking |
| --- | --- | --- |
| round-robin | n (n − 1) / 2, in one round | by mean points |
| swiss | rounds × n / 2, rounded down in each round | by mean points |
| single-elimination | n − 1, in ⌈log₂ n⌉ rounds | by the round reached; those who lost in one round are tied |

A game won is one point and a tied one half. A game that failed counts for nobody: points are divided by the games with
a result.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeAlias

Game: TypeAlias = tuple[int, int]
"""Two places, the earlier one first."""
Result: TypeAlias = float | None
"""The points of the first of a game: 1, 0.5 or 0; None where it failed."""
Tournament: TypeAlias = Generator[list[Game], Sequence[Result], list[float] | None]
"""Returns a number for each response; None where too many games failed to rank all of them."""

KINDS = ("round-robin", "swiss", "single-elimination")
POINTS: Mapping[str, float] = {"a": 1.0, "tie": 0.5, "b": 0.0}
"""The points of the response shown first, by the verdict."""


def tournament(settings: Mapping[str, Any], count: int, seed: str) -> Tournament:
    """The tournament of some responses.

    Args:
        settings: `by`, and `rounds` of a Swiss tournament, None for as many as an elimination has.
        count: how many responses there are.
        seed: of the draw that decides a tied game of an elimination.
    """
    if settings["by"] == "round-robin":
        return _round_robin(count)
    if settings["by"] == "swiss":
        return _swiss(count, _swiss_rounds(settings, count))
    return _single_elimination(count, seed)


def games_of(settings: Mapping[str, Any], count: int) -> int:
    """How many games a tournament of so many responses has, where none fails."""
    if settings["by"] == "round-robin":
        return count * (count - 1) // 2
    if settings["by"] == "single-elimination":
        return count - 1
    return _swiss_rounds(settings, count) * (count // 2)


def _swiss_rounds(settings: Mapping[str, Any], count: int) -> int:
    """The rounds of a Swiss tournament: no more than are sure to find pairs that have not met.

    While each response has at least half of the others left, all can be paired (Dirac 1952). Of an odd number one is
    free in each round, so that the first round alone leaves it without a game.
    """
    rounds = max(settings["rounds"] or rounds_of_elimination(count), 1 + count % 2)
    return min(rounds, (count + 1) // 2)


def rounds_of_elimination(count: int) -> int:
    """The rounds until one of so many responses is left."""
    return math.ceil(math.log2(count))


def _round_robin(count: int) -> Tournament:
    """Each plays each."""
    games = [(one, other) for one in range(count) for other in range(one + 1, count)]
    points = _Points(count)
    points.add(games, (yield games))
    return points.means()


def _swiss(count: int, rounds: int) -> Tournament:
    """In each round those with like points play, none twice against the same one; of an odd number one is free."""
    points, met, free = _Points(count), set[Game](), set[int]()
    for _ in range(rounds):
        order = points.order()
        games = _paired(order, met, free)
        if games is None:
            break
        free |= set(order) - {one for game in games for one in game}
        met |= set(games)
        points.add(games, (yield games))
    return points.means()


def _paired(order: Sequence[int], met: set[Game], free: set[int]) -> list[Game] | None:
    """Pairs that have not met, those with like points first; None where there are none for all.

    Of an odd number, the last one that was not free before is free.
    """
    if len(order) % 2 == 0:
        return _pairs(list(order), met)
    last_first = list(reversed(order))
    for one in sorted(last_first, key=lambda one: one in free):
        if (games := _pairs([other for other in order if other != one], met)) is not None:
            return games
    return None


def _pairs(left: list[int], met: set[Game]) -> list[Game] | None:
    if not left:
        return []
    first = left[0]
    for other in left[1:]:
        game = (min(first, other), max(first, other))
        if game not in met:
            rest = _pairs([one for one in left[1:] if one != other], met)
            if rest is not None:
                return [game, *rest]
    return None


def _single_elimination(count: int, seed: str) -> Tournament:
    """Who loses is out. Those who have no opponent in the first round are the first of the list."""
    reached = [0.0] * count
    left = list(range(count))
    size = 2 ** rounds_of_elimination(count)
    number = 0
    while len(left) > 1:
        free, playing = (left[: size - len(left)], left[size - len(left) :]) if number == 0 else ([], left)
        games = [(playing[at], playing[at + 1]) for at in range(0, len(playing), 2)]
        results = yield games
        if None in results:
            return None
        number += 1
        winners = [_winner(game, float(result or 0.0), seed) for game, result in zip(games, results, strict=True)]
        for one in (*free, *winners):
            reached[one] = float(number)
        left = [*free, *winners]
    return reached


def _winner(game: Game, points: float, seed: str) -> int:
    """The response that plays the next game: the winner, or after a tie the one that the draw names."""
    if points == POINTS["tie"]:
        return game[hashlib.sha256(f"{seed}:{game[0]}:{game[1]}".encode()).digest()[0] % 2]
    return game[0] if points > POINTS["tie"] else game[1]


class _Points:
    """The points and games of each response."""

    def __init__(self, count: int) -> None:
        self._points = [0.0] * count
        self._games = [0] * count

    def add(self, games: Sequence[Game], results: Sequence[Result]) -> None:
        """Count the games that have a result."""
        for (one, other), result in zip(games, results, strict=True):
            if result is not None:
                self._points[one] += result
                self._points[other] += 1 - result
                self._games[one] += 1
                self._games[other] += 1

    def order(self) -> list[int]:
        """The places with most points first, then in their order."""
        return sorted(range(len(self._points)), key=lambda one: (-self._points[one], one))

    def means(self) -> list[float] | None:
        """The mean points of each; None where one has no game with a result."""
        if 0 in self._games:
            return None
        return [points / games for points, games in zip(self._points, self._games, strict=True)]
