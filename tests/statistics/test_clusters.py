"""Clustered standard errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from harness.statistics import agreement, clusters


def phi_and_places(seed=0, n=90):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 12, n)
    table = np.bincount(places, minlength=12).reshape(3, 4)
    influence = agreement.kappa_influence(table, agreement.identity_weights())
    return influence.ravel()[places], float(agreement.standard_error(table, influence))


@given(st.integers(0, 50), st.integers(20, 120))
def test_one_item_in_each_cluster_is_the_error_for_independent_items(seed, n):
    phi, independent = phi_and_places(seed, n)
    error, count = clusters.clustered_error(phi, np.arange(n)[::-1].copy(), n)
    assert count == n
    assert error == pytest.approx(independent * math.sqrt(n / (n - 1)), rel=1e-9)


def test_a_copy_of_every_item_in_its_cluster_adds_no_information():
    phi, independent = phi_and_places()
    error, count = clusters.clustered_error(np.tile(phi, 2), np.tile(np.arange(90), 2), 180)
    assert count == 90
    assert error == pytest.approx(independent * math.sqrt(90 / 89))


def test_one_cluster_has_no_error():
    error, count = clusters.clustered_error(np.ones(5), np.zeros(5, dtype=np.int64), 5)
    assert math.isnan(error)
    assert count == 1


def test_rounding_is_no_error():
    assert clusters.clustered_error(np.full(10, 1e-17), np.arange(10), 10) == (0.0, 10)


def test_a_faultless_judge_is_worth_the_clusters_and_independent_items_all_of_them():
    zero = np.zeros(1)
    worth = clusters.items_worth(zero, zero, (zero, zero), np.full(30, 2.0), 0.95)
    assert worth.items == pytest.approx(30)
    worth = clusters.items_worth(zero, zero, (zero, zero), np.ones(60), 0.95)
    assert (worth.items[0], worth.degrees[0]) == (60, 59)


def test_the_formula_by_hand():
    sizes = np.array([2.0] * 20 + [5.0] * 10)
    worth = clusters.items_worth(np.array([0.002]), np.array([0.001]), (np.array([9.0]), np.array([4.0])), sizes, 0.95)
    n, size = 90.0, (20 * 4 + 10 * 25) / 90
    k, rho = 81 / 4, 1 / (size - 1)
    rho = (k * rho + 0.5) / (k + 0.5)
    v = sizes * (1 + (sizes - 1) * rho)
    degrees = v.sum() ** 2 / (v**2).sum() - 1
    ratio = t.ppf(0.975, 89) / t.ppf(0.975, degrees)
    assert worth.degrees[0] == pytest.approx(degrees)
    assert worth.items[0] == pytest.approx(max(n / size, n / (1 + (size - 1) * rho) * ratio**2))


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ([1] * 19, "fewer than 20 items"),
        ([5] * 7, "fewer than 8 clusters"),
        ([2] * 35 + [70], "a few large clusters hold most items: worth 3.9 clusters of one size"),
        ([], "fewer than 20 items"),
        ([2] * 30, ""),
    ],
)
def test_a_design_is_refused_for_all_figures_alike(sizes, reason):
    assert clusters.design_of(np.array(sizes, float)).reason.startswith(reason)
    assert bool(clusters.design_of(np.array(sizes, float)).reason) == bool(reason)


def test_one_big_cluster_is_taken_for_one_item():
    zero = np.zeros(2)
    sizes = np.array([50.0] + [1.0] * 300)
    assert clusters.design_of(sizes).is_worst_case
    worth = clusters.items_worth(zero + 1, zero + 1, (zero + 1, zero + 1), sizes, 0.95)
    assert worth.is_worst_case
    assert worth.items == pytest.approx(350**2 / 2800)


def test_quantile_is_students():
    assert clusters.t_quantile(0.95, 7) == pytest.approx(t.ppf(0.975, 7))


def test_clusters_that_differ_from_the_most_frequent_value_are_counted():
    assert clusters.minority_clusters(np.array([0, 0, 1, 1, 2, 0]), np.array([1, 1, 2, 2, 3, 3])) == 2
    assert clusters.minority_clusters(np.zeros(5), np.arange(5)) == 0
    assert clusters.minority_clusters(np.array([1, 1, 2, 2, 3]), None) == 3
    assert clusters.minority_clusters(np.array([1, 1, 2, 2]), np.array([1, 2, 3, 3])) == 1
