"""What picking the best of many does to its figure."""

import numpy as np
import pytest

from harness.scoring.estimates import smoothing_of
from harness.scoring.metric import find_metric
from harness.statistics import clustered, selection
from harness.statistics.pairs import Statistic

KAPPA = Statistic(find_metric("kappa").value, find_metric("kappa").influence, (3, 4))


def world(n, skills, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, n)
    columns = np.where(rng.random((n, len(skills))) < skills, rows[:, None], rng.integers(0, 3, (n, len(skills))))
    return rows[:, None] * 4 + columns


def corrected(places, groups=None):
    """The value of the best, its own interval and the correction."""
    n = len(places)
    tables = np.array([np.bincount(one, minlength=12) for one in places.T], float).reshape(-1, 3, 4)
    best = int(KAPPA.value(tables).argmax())
    numbers = np.arange(n) if groups is None else groups
    found = clustered.table_interval(
        places[:, best], numbers, (3, 4), KAPPA.value, KAPPA.influence, prior=smoothing_of((3, 4)), level=0.95, seed=1
    )
    own = selection.Own(found.low, found.high, found.worth, found.degrees, 0.95, is_clustered=groups is not None)
    value = float(KAPPA.value(tables[best]))
    return value, own, selection.correct_winner(KAPPA, places, groups, best, own, smoothing_of((3, 4)))


@pytest.mark.parametrize("groups", [None, np.arange(200) // 4])
def test_the_best_of_equals_is_lowered_and_its_upper_end_is_kept(groups):
    value, own, found = corrected(world(200, [0.5] * 20, 1), groups)
    assert found.corrected < value - 0.02
    assert found.low < own.low
    assert found.high == own.high
    assert found.low < found.corrected < found.high


def test_a_clear_best_is_left_as_it_is():
    value, own, found = corrected(world(200, [0.3] * 10 + [0.95], 2))
    assert found.corrected == pytest.approx(value, abs=0.005)
    assert found.low == pytest.approx(own.low, abs=0.01)


def test_a_faultless_winner_and_copies_have_an_interval():
    value, _, found = corrected(world(40, [1.0, 0.5, 0.5]))
    assert value == 1
    assert found.low < 0.9 < found.corrected <= 1
    _, own, found = corrected(np.repeat(world(80, [0.6]), 6, axis=1))
    assert found.low <= own.low


@pytest.mark.parametrize("groups", [None, np.arange(120) // 4, np.minimum(np.arange(120) // 3, 30)])
def test_order_and_names_change_nothing_at_all(groups):
    places, order = world(120, [0.5] * 8, 3), np.random.default_rng(1).permutation(120)
    straight = corrected(places, groups)
    mixed = corrected(places[order], None if groups is None else 99 - groups[order])
    assert straight == mixed


@pytest.mark.parametrize(("skills", "n"), [([0.5] * 20, 80), ([0.5] * 5, 80), ([0.4] * 9 + [0.8], 80)])
def test_its_interval_holds_the_truth_nearly_always(skills, n):
    held = []
    for seed in range(80):
        places = world(n, skills, seed)
        tables = np.array([np.bincount(one, minlength=12) for one in places.T], float).reshape(-1, 3, 4)
        truth = skills[int(KAPPA.value(tables).argmax())]
        _, _, found = corrected(places)
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) >= 0.9
