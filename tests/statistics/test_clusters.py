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


def test_quantile_is_students():
    assert clusters.t_quantile(0.95, 7) == pytest.approx(t.ppf(0.975, 7))
