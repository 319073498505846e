"""Paired comparisons, many at once, and the rank sets that follow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from harness.scoring.metric import find_metric
from harness.statistics import multiplicity, pairs, ranks

KAPPA = find_metric("kappa")


def world(seed=0, n=200, evaluators=5, skills=None):
    """Reference, outcomes (7 columns of the table used), values and influences of some evaluators."""
    rng = np.random.default_rng(seed)
    human = rng.integers(0, 3, n).astype(np.int8)
    skills = np.linspace(0.2, 0.6, evaluators) if skills is None else np.asarray(skills)
    right = rng.random((n, len(skills))) < skills
    judged = np.where(right, human[:, None], rng.integers(0, 4, (n, len(skills)))).astype(np.int8)
    tables = np.array([np.bincount(human * 4 + column, minlength=12).reshape(3, 4) for column in judged.T])
    return human, judged, KAPPA.value(tables), KAPPA.influence(tables)


def phi_of(human, judged, influences):
    return np.array([influences[k][human, judged[:, k]] for k in range(judged.shape[1])]).T


def test_covariance_is_that_of_the_influences(monkeypatch):
    human, judged, _, influences = world()
    phi = phi_of(human, judged, influences)
    whole = pairs.figure_covariance(influences, human, judged)
    assert whole == pytest.approx(200 / 199 * phi.T @ phi / 200**2)
    monkeypatch.setattr(pairs, "BLOCK", 35)
    assert pairs.figure_covariance(influences, human, judged) == pytest.approx(whole)


@pytest.mark.parametrize("block", [5, 60, 1 << 21])
def test_covariance_over_clusters_sums_within_them(monkeypatch, block):
    monkeypatch.setattr(pairs, "BLOCK", block)
    human, judged, _, influences = world()
    clusters = np.random.default_rng(1).integers(0, 40, 200)
    sums = np.array([phi_of(human, judged, influences)[clusters == g].sum(axis=0) for g in np.unique(clusters)])
    count = len(sums)
    expected = count / (count - 1) * sums.T @ sums / 200**2
    assert pairs.figure_covariance(influences, human, judged, clusters) == pytest.approx(expected)


def test_independent_items_are_clusters_of_their_own():
    human, judged, _, influences = world()
    alone = pairs.figure_covariance(influences, human, judged)
    assert pairs.figure_covariance(influences, human, judged, np.arange(200)) == pytest.approx(alone)


@given(st.permutations(range(60)))
def test_the_order_of_items_changes_nothing(order):
    human, judged, _, influences = world(n=60)
    clusters = np.arange(60) // 3
    straight = pairs.figure_covariance(influences, human, judged, clusters)
    order = np.array(order)
    mixed = pairs.figure_covariance(influences, human[order], judged[order], clusters[order])
    assert mixed == pytest.approx(straight)


def test_paired_error_is_that_of_the_difference():
    human, judged, _, influences = world()
    phi = phi_of(human, judged, influences)
    errors = pairs.paired_errors(pairs.figure_covariance(influences, human, judged))
    assert errors[1, 3] == pytest.approx(np.sqrt(200 / 199 * ((phi[:, 1] - phi[:, 3]) ** 2).sum()) / 200)
    assert (np.diag(errors) == 0).all()
    assert pairs.detectable(0.1, 1.96) == pytest.approx(0.28)


def compared(seed=0, resamples=2000, **options):
    human, judged, values, influences = world(seed, **options)
    covariance = pairs.figure_covariance(influences, human, judged)
    return multiplicity.compare_all(values, covariance, resamples=resamples, seed=5), values, covariance


def test_factor_gives_back_the_covariance_also_of_copies_and_constants():
    _, _, covariance = compared()
    copies = covariance[np.ix_([0, 1, 1, 2, 0], [0, 1, 1, 2, 0])]
    copies[3, :] = copies[:, 3] = 0
    factor = multiplicity.triangular_factor(copies)
    assert factor @ factor.T == pytest.approx(copies, abs=1e-15)
    assert (np.triu(factor, 1) == 0).all()


def test_one_pair_needs_no_adjustment():
    comparisons, values, _ = compared(evaluators=2, resamples=20_000)
    statistic = (values[1] - values[0]) / comparisons.errors[0, 1]
    assert comparisons.p_values[0, 1] == pytest.approx(2 * norm.sf(statistic), abs=0.01)
    assert np.diag(comparisons.p_values).tolist() == [1, 1]


def test_max_t_lies_between_no_adjustment_and_holm():
    comparisons, _, _ = compared(seed=3)
    first, second = np.triu_indices(5, 1)
    statistics = np.abs(comparisons.differences[first, second]) / comparisons.errors[first, second]
    alone = 2 * norm.sf(statistics)
    adjusted = comparisons.p_values[first, second]
    assert comparisons.method == "max-t"
    assert (adjusted >= alone - 0.03).all()
    assert (adjusted <= multiplicity.holm(alone) + 0.03).all()
    assert (np.diff(adjusted[np.argsort(-statistics)]) >= 0).all()


def test_step_down_is_the_textbook_procedure():
    comparisons, _, covariance = compared(seed=3, resamples=500)
    first, second = np.triu_indices(5, 1)
    errors = comparisons.errors[first, second]
    statistics = np.abs(comparisons.differences[first, second]) / errors
    factor = multiplicity.triangular_factor(covariance)
    drawn = factor @ np.random.Generator(np.random.PCG64(5)).standard_normal((5, 500))
    gaps = np.abs(drawn[first] - drawn[second]) / errors[:, None]
    order, so_far = np.argsort(-statistics), 0.0
    for step, pair in enumerate(order):
        largest = gaps[order[step:]].max(axis=0)
        so_far = max(so_far, (1 + (largest >= statistics[pair]).sum()) / 501)
        assert comparisons.p_values[first[pair], second[pair]] == pytest.approx(so_far)


def test_draws_come_in_blocks(monkeypatch):
    monkeypatch.setattr(multiplicity, "DRAWS_AT_ONCE", 300)
    blocks, _, _ = compared(seed=3)
    monkeypatch.undo()
    whole, _, _ = compared(seed=3)
    assert blocks.p_values == pytest.approx(whole.p_values, abs=0.06)


def test_p_values_are_never_zero():
    comparisons, _, _ = compared(skills=[0.0, 0.9], resamples=99)
    assert comparisons.p_values[0, 1] == 1 / 100


def test_copies_and_pairs_without_variation_are_not_told_apart():
    values = np.array([0.4, 0.4, 1.0, 0.0])
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = 0.01
    comparisons = multiplicity.compare_all(values, covariance, resamples=200, seed=1)
    assert comparisons.errors[0, 1] == 0
    assert comparisons.p_values[0, 1] == comparisons.p_values[2, 3] == 1
    assert comparisons.p_values[0, 2] < 0.05


@pytest.mark.parametrize("degrees", [None, 9])
def test_holm_stands_in_where_there_are_too_many_pairs(monkeypatch, degrees):
    human, judged, values, influences = world()
    covariance = pairs.figure_covariance(influences, human, judged)
    monkeypatch.setattr(multiplicity, "MAX_PAIRS", 3)
    comparisons = multiplicity.compare_all(values, covariance, resamples=10, seed=1, degrees=degrees)
    first, second = np.triu_indices(5, 1)
    statistics = np.abs(comparisons.differences[first, second]) / comparisons.errors[first, second]
    alone = 2 * (norm.sf(statistics) if degrees is None else t.sf(statistics, degrees))
    assert comparisons.method == "holm"
    assert comparisons.p_values[first, second] == pytest.approx(multiplicity.holm(alone))


def test_holm_by_hand():
    assert multiplicity.holm(np.array([0.04, 0.01, 0.03, 0.9])) == pytest.approx([0.09, 0.04, 0.09, 0.9])


def test_few_clusters_make_differences_harder_to_find():
    human, judged, values, influences = world(evaluators=2, seed=2)
    covariance = pairs.figure_covariance(influences, human, judged)
    few, many = (
        multiplicity.compare_all(values, covariance, resamples=5000, seed=1, degrees=degrees).p_values[0, 1]
        for degrees in (4, None)
    )
    assert few > many


def test_rank_sets_count_significant_neighbours():
    differences = np.array([[0.0, 0.1, 0.5], [-0.1, 0.0, 0.4], [-0.5, -0.4, 0.0]])
    p_values = np.array([[1, 0.6, 0.01], [0.6, 1, 0.2], [0.01, 0.2, 1]])
    assert ranks.rank_sets(differences, p_values, 0.95) == [(1, 2), (1, 3), (2, 3)]
    assert ranks.rank_sets(differences, p_values, 0.7) == [(1, 2), (1, 2), (3, 3)]


def test_ranks_of_equal_evaluators_are_all_possible_most_of_the_time():
    false = 0
    for seed in range(40):
        comparisons, _, _ = compared(seed=seed, skills=[0.4] * 4, resamples=400)
        false += bool((comparisons.p_values <= 0.05).any())
    assert false <= 6
