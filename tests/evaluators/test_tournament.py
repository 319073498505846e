"""Tournaments: which games are played, how many, and the ranking that they give."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluators.tournament import KINDS, POINTS, games_of, tournament

COUNTS = st.integers(2, 26)


def settings(by, rounds=None):
    return {"by": by, "rounds": rounds}


def play(by, strengths, rounds=None, *, failing=(), seed="s"):
    """Play a tournament of responses whose strengths decide; the numbers of all and the games, round by round."""
    played = tournament(settings(by, rounds), len(strengths), seed)
    games, rounds_played = next(played), []
    while True:
        rounds_played.append(games)
        results = [
            None
            if game in failing
            else (1 + (strengths[game[0]] > strengths[game[1]]) - (strengths[game[0]] < strengths[game[1]])) / 2
            for game in games
        ]
        try:
            games = played.send(results)
        except StopIteration as stop:
            return stop.value, rounds_played


@given(COUNTS, st.sampled_from(KINDS), st.integers(1, 13), st.randoms(use_true_random=False))
def test_the_number_of_games_is_known_before(count, by, rounds, random):
    rounds = rounds if by == "swiss" else None
    strengths = [random.randint(0, 5) for _ in range(count)]
    _, played = play(by, strengths, rounds)
    games = [game for one in played for game in one]
    assert len(games) == games_of(settings(by, rounds), count)
    assert len(set(games)) == len(games)
    assert all(0 <= one < other < count for one, other in games)
    for one in played:  # nobody plays twice in a round but of a round robin, which has one
        seats = [seat for game in one for seat in game]
        assert by == "round-robin" or len(set(seats)) == len(seats)


@given(st.permutations(range(8)))
def test_a_round_robin_ranks_by_strength(strengths):
    values, (games,) = play("round-robin", strengths)
    assert games == list(combinations(range(8), 2))
    assert sorted(range(8), key=lambda at: values[at]) == sorted(range(8), key=lambda at: strengths[at])


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_strongest_wins_an_elimination(count, random):
    strengths = list(range(count))
    random.shuffle(strengths)
    values, _ = play("single-elimination", strengths)
    assert values.index(max(values)) == strengths.index(count - 1)
    assert values.count(max(values)) == 1


@given(st.permutations(range(8)))
def test_the_strongest_is_first_after_three_swiss_rounds(strengths):
    values, played = play("swiss", strengths, 3)
    assert len(played) == 3
    assert values[strengths.index(7)] == 1.0


def test_an_elimination_ties_those_who_lost_in_one_round():
    values, played = play("single-elimination", [4, 3, 2, 1])
    assert played == [[(0, 1), (2, 3)], [(0, 2)]]
    assert values == [2, 0, 1, 0]


def test_those_without_an_opponent_are_the_first_of_the_list():
    _, played = play("single-elimination", [5, 4, 3, 2, 1])
    assert played == [[(3, 4)], [(0, 1), (2, 3)], [(0, 2)]]


def test_a_tied_game_of_an_elimination_is_decided_by_a_draw_of_the_seed():
    winners = {tuple(play("single-elimination", [1, 1], seed=str(at))[0]) for at in range(20)}
    assert winners == {(1.0, 0.0), (0.0, 1.0)}
    assert play("single-elimination", [1, 1], seed="x") == play("single-elimination", [1, 1], seed="x")


def test_a_failed_game_counts_for_nobody():
    values, _ = play("round-robin", [3, 2, 1], failing=[(0, 1)])
    assert values == [1.0, 1.0, 0.0]
    values, _ = play("round-robin", [3, 2, 1], failing=[(0, 1), (0, 2)])
    assert values is None
    assert play("single-elimination", [2, 1], failing=[(0, 1)])[0] is None


@given(COUNTS, st.sampled_from(KINDS), st.integers(1, 13))
def test_every_response_has_a_place_where_no_game_fails(count, by, rounds):
    found, _ = play(by, list(range(count)), rounds if by == "swiss" else None)
    assert found is not None
    assert len(found) == count


def test_of_an_odd_number_each_is_free_before_one_is_free_twice():
    _, played = play("swiss", [5, 4, 3, 2, 1], 3)
    free = [({*range(5)} - {seat for game in games for seat in game}).pop() for games in played]
    assert len(set(free)) == 3


@pytest.mark.parametrize(
    ("by", "rounds", "count", "games"),
    [
        ("round-robin", None, 5, 10),
        ("swiss", None, 4, 4),
        ("swiss", 13, 4, 4),
        ("swiss", 1, 4, 2),
        ("swiss", 1, 3, 2),
        ("swiss", None, 5, 6),
        ("single-elimination", None, 5, 4),
    ],
)
def test_games_of(by, rounds, count, games):
    assert games_of(settings(by, rounds), count) == games


def test_a_game_has_one_point_to_give():
    assert POINTS == {"a": 1, "tie": 0.5, "b": 0}
