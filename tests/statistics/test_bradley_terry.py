"""Strengths against choix, their errors against statsmodels, and where there are none."""

import choix
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import bradley_terry as bt


def games(n=400, systems=5, seed=3, ties=0.2, truth=None):
    """Comparisons of systems with strengths in a row, some of them ties."""
    rng = np.random.default_rng(seed)
    strengths = np.linspace(-1, 1, systems) if truth is None else np.array(truth)
    first = rng.integers(0, systems, n)
    second = (first + rng.integers(1, systems, n)) % systems
    wins = rng.random(n) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    return first, second, np.where(rng.random(n) < ties, 0.5, wins)


def as_wins(first, second, score):
    """Winner and loser of each comparison, twice; of a tie, once each way."""
    won = [(i, j) for i, j, got in zip(first, second, score, strict=True) for _ in range(round(2 * got))]
    return won + [(j, i) for i, j, got in zip(first, second, score, strict=True) for _ in range(round(2 - 2 * got))]


def known(values):
    return [None if np.isnan(value) else value for value in values.tolist()]


@pytest.mark.parametrize("seed", range(4))
def test_strengths_are_those_of_choix(seed):
    played = games(seed=seed)
    found = bt.bradley_terry(*played, 5)
    theirs = choix.opt_pairwise(5, as_wins(*played), tol=1e-12)
    assert found.values == pytest.approx(theirs - theirs.mean(), abs=1e-5)
    assert found.values.sum() == pytest.approx(0, abs=1e-12)
    assert found.reasons == ("",) * 5
    assert found.units == 400


def theirs_of(first, second, score, clusters, systems):
    """Covariance of differences to system 0, by statsmodels without its own small-sample factor."""
    design = np.zeros((len(first), systems))
    design[np.arange(len(first)), first] += 1
    design[np.arange(len(first)), second] -= 1
    model = sm.GLM(score, design[:, 1:], family=sm.families.Binomial())
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}, tol=1e-12)
    count = len(np.unique(clusters))
    return fitted.params, fitted.cov_params() * count / (count - 1)


@pytest.mark.parametrize("per_cluster", [1, 4])
def test_errors_are_those_of_statsmodels(per_cluster):
    played = games(n=240)
    clusters = np.arange(240) // per_cluster
    found = bt.bradley_terry(*played, 5, clusters=None if per_cluster == 1 else clusters)
    assert found.errors().tolist() == np.sqrt(np.diag(found.covariance)).tolist()  # above those of pseudo-comparisons
    values, covariance = theirs_of(*played, clusters, 5)
    for system in range(1, 5):
        gap, error = found.difference(system, 0)
        assert gap == pytest.approx(values[system - 1], abs=1e-6)
        assert error == pytest.approx(np.sqrt(covariance[system - 1, system - 1]), rel=1e-5)
    contrast = np.eye(5)[1:] - 1 / 5  # from differences to system 0 to strengths that sum to 0
    assert found.errors() == pytest.approx(np.sqrt(np.diag(contrast.T @ covariance @ contrast)), rel=1e-5)


def test_one_comparison_in_each_cluster_is_independence():
    played = games(n=150)
    alone, clustered = bt.bradley_terry(*played, 5), bt.bradley_terry(*played, 5, clusters=np.arange(150)[::-1])
    assert clustered.covariance == pytest.approx(alone.covariance)


@given(st.permutations(range(5)), st.randoms(use_true_random=False))
def test_order_means_nothing(order, shuffle):
    first, second, score = games(n=60)
    clusters = np.arange(60) // 3
    order = np.array(order)
    rows = list(range(60))
    shuffle.shuffle(rows)
    found = bt.bradley_terry(first, second, score, 5, clusters=clusters)
    turned = bt.bradley_terry(order[second][rows], order[first][rows], 1 - score[rows], 5, clusters=clusters[rows])
    assert turned.values[order] == pytest.approx(found.values, nan_ok=True)
    assert turned.errors()[order] == pytest.approx(found.errors(), nan_ok=True)
    assert [turned.reasons[k] for k in order] == list(found.reasons)


def test_every_comparison_twice_halves_the_variance_but_not_of_clusters():
    first, second, score = games(n=100)
    twice = [np.tile(each, 2) for each in (first, second, score)]
    once, again = bt.bradley_terry(first, second, score, 5), bt.bradley_terry(*twice, 5)
    assert again.covariance * 199 / 200 == pytest.approx(once.covariance * 99 / 100 / 2)
    clustered = bt.bradley_terry(*twice, 5, clusters=np.tile(np.arange(100), 2))
    assert clustered.covariance == pytest.approx(once.covariance)


def two_groups(*, beaten):
    """Systems 0 to 2 beat each other in a circle; 3 as `beaten` says."""
    circle = [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0)] * 4
    return [np.array(column) for column in zip(*(circle + beaten), strict=True)]


@pytest.mark.parametrize(
    ("beaten", "value", "reason"),
    [
        ([(3, 0, 1.0), (1, 3, 0.0)], np.inf, bt.UNDEFEATED),
        ([(0, 3, 1.0)], -np.inf, bt.WINLESS),
        ([(3, 3, 1.0)], None, bt.ALONE),
        ([(0, 3, 1.0), (3, 0, 0.5)], "finite", ""),
    ],
    ids=["undefeated", "winless", "never compared", "a tie links"],
)
def test_who_cannot_be_measured_says_why(beaten, value, reason):
    found = bt.bradley_terry(*two_groups(beaten=beaten), 4)
    if value == "finite":
        assert np.isfinite(found.values).all()
    else:
        assert known(found.values)[:3] == pytest.approx([0, 0, 0])
        assert known(found.values)[3] == value
        assert np.isnan(found.errors()[3])
        assert np.isnan(found.difference(3, 0)[1])
    assert found.reasons == ("", "", "", reason)


def test_above_and_below_go_through_others():
    beaten = [(3, 4, 1.0), (4, 0, 1.0), (0, 5, 1.0), (5, 6, 1.0), (7, 8, 1.0)]
    found = bt.bradley_terry(*two_groups(beaten=beaten), 9)
    assert known(found.values)[3:] == [np.inf, np.inf, -np.inf, -np.inf, None, None]
    assert found.reasons[3:] == (bt.UNDEFEATED, bt.ABOVE, bt.BELOW, bt.WINLESS, bt.APART, bt.APART)


def test_without_a_largest_group_nothing_is_finite():
    row = bt.bradley_terry(np.array([0, 1]), np.array([1, 2]), np.array([1.0, 1]), 3)
    assert known(row.values) == [np.inf, None, -np.inf]
    assert row.reasons == (bt.UNDEFEATED, bt.NO_GROUP, bt.WINLESS)
    assert row.units == 0
    pairs = [(0, 1, 0.5), (2, 3, 0.5)]
    apart = bt.bradley_terry(*[np.array(column) for column in zip(*pairs, strict=True)], 4)
    assert apart.reasons == (bt.NO_GROUP,) * 4
    nothing = bt.bradley_terry(np.zeros(0, int), np.zeros(0, int), np.zeros(0), 0)
    assert len(nothing.values) == 0


def test_all_ties_and_one_cluster():
    first, second = np.array([0, 1, 2]), np.array([1, 2, 0])
    even = bt.bradley_terry(first, second, np.full(3, 0.5), 3)
    assert even.values == pytest.approx([0, 0, 0])
    assert np.diag(even.covariance) == pytest.approx([0, 0, 0])
    assert even.is_tied
    assert (even.errors() > 0.5).all()
    assert even.difference(0, 1)[1] > 0.5
    one = bt.bradley_terry(first, second, np.full(3, 0.5), 3, clusters=np.zeros(3, int))
    assert np.isnan(one.errors()).all()
    assert one.units == 1


def test_far_apart_strengths_are_found():
    first, second = np.repeat([0, 1], 10_000), np.repeat([1, 2], 10_000)
    score = np.ones(20_000)
    score[[0, 10_000]] = 0
    found = bt.bradley_terry(first, second, score, 3)
    assert found.difference(0, 1)[0] == pytest.approx(np.log(9_999))


def test_a_difference_gives_back_the_expected_score():
    assert bt.expected_score(0) == 0.5
    assert bt.expected_score(np.inf) == 1
    assert bt.expected_score(-np.inf) == 0
    assert bt.expected_score(np.log(3)) == pytest.approx(0.75)
    assert bt.expected_score(-np.log(3)) == pytest.approx(0.25)
