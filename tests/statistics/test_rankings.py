"""Rankings of systems by two raters: against scipy and choix, in any order, and where there are none."""

import choix
import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from harness.statistics.rankings import (
    CONSTANT,
    FEW_SYSTEMS,
    UNCONNECTED,
    UNORDERED,
    Games,
    fit_strengths,
    rank_agreement,
    win_rates,
)
from support.compared_systems import said, systems_compared


def agreement(games, resamples=0, seed=1):
    return rank_agreement(games, resamples=resamples, level=0.95, seed=seed)


def made(pairs, people, judge, systems, clusters=None):
    first, second = np.array(pairs, np.int64).T
    return Games(first, second, np.array(people), np.array(judge), clusters, systems)


def rates_by_hand(games, side):
    scored, played = np.zeros(games.systems), np.zeros(games.systems)
    for first, second, twice in zip(games.first, games.second, side, strict=True):
        scored[first] += twice / 2
        scored[second] += 1 - twice / 2
        played[[first, second]] += 1
    return scored / played


def strengths_of_choix(games, side):
    wins = []
    for first, second, twice in zip(games.first, games.second, side, strict=True):
        wins += [(first, second)] * int(twice) + [(second, first)] * (2 - int(twice))
    return choix.opt_pairwise(games.systems, wins, tol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_coefficients_are_those_of_scipy_and_strengths_those_of_choix(seed):
    games, _ = systems_compared(6, 150, seed=seed)
    found = agreement(games)
    rates = [rates_by_hand(games, side) for side in (games.people, games.judge)]
    assert found.win_rate.kendall == pytest.approx(kendalltau(*rates).statistic)
    assert found.win_rate.spearman == pytest.approx(spearmanr(*rates).statistic)
    strengths = [strengths_of_choix(games, side) for side in (games.people, games.judge)]
    assert found.bradley_terry.kendall == pytest.approx(kendalltau(*strengths).statistic)
    assert found.bradley_terry.spearman == pytest.approx(spearmanr(*strengths).statistic)


def test_many_fits_at_once_are_those_of_choix():
    tables, theirs = [], []
    for seed in range(3):
        games, _ = systems_compared(4, 150, seed=seed)
        wins = np.zeros((4, 4))
        np.add.at(wins, (games.first, games.second), games.people / 2)
        np.add.at(wins, (games.second, games.first), 1 - games.people / 2)
        tables.append(wins)
        theirs.append(strengths_of_choix(games, games.people))
    found = fit_strengths(np.stack(tables), np.array([9.0, 0, 0, -9.0]))
    assert found == pytest.approx(np.array([one - one.mean() for one in theirs]), abs=1e-5)


def test_a_judge_that_is_the_people_agrees_wholly():
    games, _ = systems_compared(5, 300, seed=1)
    found = agreement(games._replace(judge=games.people), 200)
    for one in found:
        assert (one.kendall, one.spearman) == (pytest.approx(1), pytest.approx(1))
        assert one.kendall_interval.low > 0.5  # both rankings are of the same items in each draw
        assert one.kendall_interval.high == pytest.approx(1)


def test_a_system_in_every_comparison_has_half_its_win_rate():
    wins = np.zeros((1, 4, 4))
    wins[0, 0, 1:], wins[0, 1:, 0] = [9, 2, 5], [1, 8, 5]
    met = wins[0] + wins[0].T > 0
    assert win_rates(wins, met)[0] == pytest.approx([0.5, 0.1, 0.8, 0.5])
    games, _ = systems_compared(5, 400, seed=2, is_star=True)
    found = agreement(games)
    assert found.win_rate.kendall == pytest.approx(found.bradley_terry.kendall)  # the same order in such a design


@pytest.mark.parametrize("size", [1, 4])
def test_order_of_items_and_of_responses_changes_nothing(size):
    games, _ = systems_compared(5, 200, seed=3, size=size)
    order = np.random.default_rng(1).permutation(200)
    clusters = None if games.clusters is None else 7 * (100 - games.clusters[order])
    mixed = Games(games.first[order], games.second[order], games.people[order], games.judge[order], clusters, 5)
    turned = mixed._replace(first=mixed.second, second=mixed.first, people=2 - mixed.people, judge=2 - mixed.judge)
    assert agreement(games, 100) == agreement(mixed, 100) == agreement(turned, 100)


def test_draws_in_parts_are_the_same(monkeypatch):
    games, _ = systems_compared(5, 200, seed=3, size=4)
    whole = agreement(games, 60)
    monkeypatch.setattr("harness.statistics.rankings.CELLS_AT_ONCE", 1_000)
    assert agreement(games, 60) == whole


UNDEFINED = {
    "two systems": (made([(0, 1)] * 30, [2] * 20 + [0] * 10, [2] * 30, 2), FEW_SYSTEMS, FEW_SYSTEMS),
    "two groups": (made([(0, 1), (2, 3)] * 9, [2, 0] * 9, [0, 2] * 9, 4), UNCONNECTED, UNCONNECTED),
    "all ties": (made([(0, 1), (1, 2), (0, 2)] * 9, [1] * 27, [2, 2, 2] * 9, 3), CONSTANT, UNORDERED),
    "judge ties all": (made([(0, 1), (1, 2), (2, 0)] * 9, [2, 0, 0] * 9, [1] * 27, 3), CONSTANT, UNORDERED),
    "two undefeated": (made([(0, 2), (1, 2)] * 9, [2, 2] * 9, [2, 0] * 9, 3), "", UNORDERED),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined_agreement_has_a_reason(name):
    games, by_rate, by_strength = UNDEFINED[name]
    found = agreement(games, 50)
    assert (found.win_rate.reason, found.bradley_terry.reason) == (by_rate, by_strength)
    for one in found:
        assert bool(one.reason) == np.isnan(one.kendall) == np.isnan(one.spearman)


def test_an_undefeated_system_is_first():
    """Its strength is infinite, and its rank is not."""
    pairs = [(0, 1), (0, 2), (1, 2), (1, 2)] * 10
    found = agreement(made(pairs, [2, 2, 2, 0] * 5 + [2, 2, 2, 2] * 5, [2, 2, 0, 0] * 5 + [2, 2, 2, 0] * 5, 3), 100)
    assert found.bradley_terry.kendall == pytest.approx(1 / 3)
    assert found.bradley_terry.kendall_interval.low is not None


def test_a_rare_system_is_undefined_in_some_draws():
    games, _ = systems_compared(4, 60, seed=5)
    rare = Games(
        np.append(games.first, 4), np.append(games.second, 0), np.append(games.people, 1), np.append(games.judge, 2),
        None, 5,
    )  # fmt: skip
    found = agreement(rare, 200)
    assert 0.2 < found.win_rate.kendall_interval.undefined_share < 0.6
    assert found.win_rate.kendall_interval.low is not None


def test_scores_are_twice_a_share():
    assert set(said(np.random.default_rng(1), np.zeros(200)).tolist()) == {0, 1, 2}
