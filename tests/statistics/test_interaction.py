"""Tests of interaction: exact p-values, invariances, false alarms and power in simulated worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom

from harness.statistics.interaction import exchanges, interaction_tests


def one(scores, slices, tested, clusters=None, seed=1):
    (found,) = interaction_tests(np.asarray(scores, float)[:, None], np.asarray(slices), tested, clusters, seed)
    return found


def test_two_slices_have_the_p_value_of_fishers_exact_test():
    slices = np.repeat([0, 1], [40, 40])
    scores = np.r_[np.ones(30), np.zeros(10), np.ones(18), np.zeros(22)]
    found = one(scores, slices, 2)
    exact = fisher_exact([[30, 10], [18, 22]]).pvalue
    assert found.p_values == pytest.approx([exact, exact], abs=0.004)
    assert found.differences == pytest.approx([0.3, -0.3])


def test_p_values_of_three_slices_follow_the_distribution_of_the_largest_difference():
    sizes, ones = np.array([30, 50, 20]), np.array([25, 30, 12])
    slices = np.repeat(range(3), sizes)
    scores = np.concatenate([np.r_[np.ones(k), np.zeros(n - k)] for k, n in zip(ones, sizes, strict=True)])
    n, total = sizes.sum(), ones.sum()
    spread = np.array([hypergeom(n, total, size).std() for size in sizes])
    observed = np.abs(ones - sizes * total / n) / spread
    rng = np.random.default_rng(5)
    drawn = np.array([np.bincount(slices[rng.permutation(n)[:total]], minlength=3) for _ in range(20_000)])
    largest = (np.abs(drawn - sizes * total / n) / spread).max(axis=1)
    wanted = [(largest >= value - 1e-9).mean() for value in observed]
    assert one(scores, slices, 3).p_values == pytest.approx(wanted, abs=0.012)


def test_exchange_of_single_items_gives_the_same_p_values():
    rng = np.random.default_rng(2)
    slices, scores = rng.integers(0, 3, 90), (rng.random(90) < 0.7).astype(float)
    exact, drawn = one(scores, slices, 3), one(scores, slices, 3, np.arange(90))
    assert drawn.p_values == pytest.approx(exact.p_values, abs=0.05)
    assert drawn.differences == pytest.approx(exact.differences)


def test_untested_slices_belong_to_the_rest():
    scores = np.r_[np.ones(20), np.zeros(20), np.ones(5)]
    found = one(scores, np.r_[np.zeros(20), np.ones(20), np.full(5, 2)].astype(int), 2)
    assert found.differences == pytest.approx([1 - 5 / 25, 0 - 25 / 25])


def test_constant_scores_show_no_interaction():
    assert one(np.ones(40), np.repeat([0, 1], 20), 2).p_values.tolist() == [1, 1]
    assert one(np.zeros(40), np.repeat([0, 1], 20), 2).p_values.tolist() == [1, 1]


def test_clusters_that_no_exchange_can_move_have_no_p_value():
    slices = np.r_[np.zeros(20), np.ones(40)].astype(int)  # every cluster of slice 0 has one item, of slice 1 two
    clusters = np.r_[np.arange(20), 20 + np.repeat(np.arange(20), 2)]
    scores = np.random.default_rng(1).integers(0, 2, 60)
    assert np.isnan(one(scores, slices, 2, clusters).p_values).all()


def test_order_of_items_and_names_of_clusters_change_nothing():
    rng = np.random.default_rng(3)
    slices, clusters, scores = rng.integers(0, 3, 80), np.repeat(np.arange(40), 2), rng.integers(0, 2, 80)
    order = rng.permutation(80)
    first = one(scores, slices, 3, clusters)
    again = one(scores[order], slices[order], 3, (clusters * 7)[order])
    assert again.differences == pytest.approx(first.differences)
    assert again.p_values == pytest.approx(first.p_values, abs=0.05)  # other exchanges of the same distribution


def test_another_evaluator_changes_no_p_value():
    rng = np.random.default_rng(4)
    scores, slices = rng.integers(0, 2, (60, 3)).astype(float), rng.integers(0, 2, 60)
    for clusters in (None, np.repeat(np.arange(30), 2)):
        together = interaction_tests(scores, slices, 2, clusters, 9)
        for k in range(3):
            assert one(scores[:, k], slices, 2, clusters, 9).p_values.tolist() == together[k].p_values.tolist()


def test_many_items_have_fewer_draws():
    assert (exchanges(100), exchanges(100_000), exchanges(10**8)) == (1999, 400, 199)


def false_alarms(p, sizes, *, cluster=1, shared=0.0, cuts_across=False, worlds=400):
    """Share of worlds in which an evaluator that is equally good everywhere is found to be better or worse somewhere.

    Args:
        p: share of right judgments.
        sizes: of the slices.
        cluster: items of a cluster.
        shared: share of the items whose judgment is that of their cluster.
        cuts_across: whether slices cut across clusters.
        worlds: how many.
    """
    rng = np.random.default_rng([round(100 * p), *sizes, cluster])
    n = sum(sizes)
    group, slices = np.arange(n) // cluster, np.repeat(range(len(sizes)), sizes)
    of_cluster, own = rng.random((n, worlds)) < p, rng.random((n, worlds)) < p
    scores = np.where(rng.random((n, worlds)) < shared, of_cluster[group], own).astype(float)
    if cuts_across:
        slices = rng.permutation(slices)
    found = interaction_tests(scores, slices, len(sizes), None if cluster == 1 else group, 1)
    return np.mean([np.nan_to_num(one.p_values, nan=1.0).min() <= 0.05 for one in found])


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ((20, 20, 40, 120), {}),
        ((20, 20, 40, 120), {"cluster": 4, "shared": 0.6}),
        ((40,) * 5, {"cluster": 4, "shared": 0.9}),
        ((40,) * 5, {"cluster": 4, "shared": 0.6, "cuts_across": True}),
        ((60,) * 4, {"cluster": 2, "shared": 0.8}),
    ],
)
def test_false_alarms_are_rare_in_every_world(p, sizes, options):
    assert false_alarms(p, sizes, **options) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 400)


def test_a_judge_that_is_worse_on_one_slice_is_found_there():
    rng = np.random.default_rng(6)
    slices = np.repeat(range(4), 100)
    scores = (rng.random((400, 100)) < np.where(slices == 2, 0.55, 0.85)[:, None]).astype(float)
    found = interaction_tests(scores, slices, 4, None, 1)
    assert np.mean([one.p_values[2] <= 0.05 for one in found]) > 0.95
    assert all(one.differences[2] < 0 for one in found)
