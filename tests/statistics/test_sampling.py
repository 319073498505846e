"""Strata, allocation and the cost of unequal probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.sampling import (
    FEWEST_DRAWN,
    MOST_STRATA,
    SMALLEST_STRATUM,
    allocated,
    combined_probability,
    disagreement,
    effective_size,
    shares_of,
    spreads_of,
    strata_of,
    variance_cost,
)

LISTS = st.lists(st.integers(0, 60), min_size=1, max_size=4)


def test_disagreement_is_the_share_of_cells_outside_the_most_frequent_outcome():
    outcomes = np.array([[0, 0, 0, 0], [0, 0, 0, 2], [0, 1, 2, 3], [1, 1, 2, 2]], np.int8)
    assert disagreement(outcomes).tolist() == [0, 0.25, 0.75, 0.5]
    assert disagreement(np.zeros((3, 0), np.int8)).tolist() == [0, 0, 0]


def test_strata_put_unanimous_items_first_and_none_is_small():
    rng = np.random.default_rng(1)
    share = np.where(rng.random(500) < 0.6, 0, rng.choice([0.1, 0.2, 0.3, 0.4, 0.5], 500))
    strata = strata_of(share)
    assert set(strata) == set(range(MOST_STRATA))
    assert (strata == 0).tolist() == (share == 0).tolist()
    assert np.bincount(strata).min() >= SMALLEST_STRATUM
    means = shares_of(share, strata)
    assert (np.diff(means) > 0).all()
    assert (np.diff(spreads_of(means)) > 0).all()


@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.5]), min_size=1, max_size=60))
def test_strata_are_numbered_without_gaps_and_keep_the_order(shares):
    strata = strata_of(np.array(shares))
    sizes = np.bincount(strata)
    assert (sizes > 0).all()
    assert len(sizes) == 1 or sizes.min() >= SMALLEST_STRATUM
    for one, other in zip(strata[np.argsort(shares)], strata[np.argsort(shares)][1:], strict=False):
        assert one <= other


@given(LISTS, st.integers(0, 250), st.data())
def test_an_allocation_draws_n_items_that_are_there(left, n, data):
    left = np.array(left)
    drawn = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(left), max_size=len(left))))
    found = allocated(n, left, np.linspace(0.1, 0.5, len(left)), drawn)
    assert found.sum() == min(n, left.sum())
    assert ((found >= 0) & (found <= left)).all()
    floor = np.minimum(left, np.maximum(0, FEWEST_DRAWN - drawn))
    if n >= floor.sum():
        assert (found >= floor).all()


def test_an_allocation_prefers_strata_in_which_judges_err_but_no_item_has_less_than_half_of_a_uniform_chance():
    left = np.array([800, 150, 50])
    found = allocated(100, left, spreads_of(np.array([0.0, 0.2, 0.4])), np.zeros(3, np.int64))
    assert found[0] < 80 < 100
    assert found[1] > 15
    assert found[2] > 5
    assert (found / left >= 0.5 * 0.1 - 1 / left).all()


def test_an_inclusion_probability_over_rounds_is_that_of_one_draw_of_as_many():
    first, second = 50 / 400, 30 / 350
    assert combined_probability([np.array([first]), np.array([second])])[0] == pytest.approx(80 / 400)


def test_equal_weights_cost_nothing_and_unequal_ones_cost_variance():
    assert effective_size(np.full(40, 3.0)) == pytest.approx(40)
    assert effective_size(np.zeros(0)) == 0
    assert variance_cost(np.array([10, 10]), np.array([100, 100])) == pytest.approx(1)
    assert variance_cost(np.array([10, 90]), np.array([100, 100])) == pytest.approx(
        100 * (10 * 100 + 90 * 1.2346) / 4e4, 0.01
    )
