"""Many comparisons at once, and the rank sets that follow."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from harness.scoring.metric import find_metric
from harness.statistics import multiplicity, ranks
from harness.statistics.pairs import Judgments, PairedErrors, Statistic

METRICS = ("kappa", "accuracy", "ac1", "kappa-linear", "kappa-ab")


def statistic(name="kappa"):
    return Statistic(find_metric(name).value, find_metric(name).influence, (3, 4))


def world(seed=0, n=200, skills=(0.2, 0.3, 0.4, 0.5, 0.6), groups=None):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, n)
    columns = np.where(rng.random((n, len(skills))) < skills, rows[:, None], rng.integers(0, 4, (n, len(skills))))
    return Judgments(rows, columns, groups)


def compared(judgments=None, name="kappa", resamples=2000, level=0.95, **options):
    judgments = world(**options) if judgments is None else judgments
    first, second = multiplicity.all_pairs(judgments.columns.shape[1])
    return multiplicity.compare_pairs(
        statistic(name), judgments, first, second, resamples=resamples, seed=5, level=level
    )


def test_factor_gives_back_the_covariance_also_of_copies_and_constants():
    rng = np.random.default_rng(0)
    covariance = np.cov(rng.normal(size=(3, 50)))
    copies = covariance[np.ix_([0, 1, 1, 2, 0], [0, 1, 1, 2, 0])]
    copies[3, :] = copies[:, 3] = 0
    factor = multiplicity.triangular_factor(copies)
    assert factor @ factor.T == pytest.approx(copies, abs=1e-15)
    assert (np.triu(factor, 1) == 0).all()


def test_one_pair_needs_no_draws():
    found = compared(skills=(0.3, 0.6), resamples=1)
    score = abs(found.differences[0, 1]) / found.errors[0, 1]
    assert found.p_values[0, 1] == pytest.approx(2 * norm.sf(score))
    assert found.critical == pytest.approx(1.959964)
    assert np.diag(found.p_values).tolist() == [1, 1]


@pytest.mark.parametrize("groups", [None, np.arange(200) // 4])
@pytest.mark.parametrize("name", METRICS)
def test_tests_intervals_and_p_values_at_any_margin_agree(name, groups):
    for seed in range(8):
        found = compared(name=name, seed=seed, groups=groups, n=200, resamples=999)
        apart, reach = found.p_values <= 0.05, found.reach
        pairs = multiplicity.all_pairs(5)
        assert (apart[pairs] == (np.abs(found.differences) > reach)[pairs]).all()
        for x, y in zip(*pairs, strict=True):
            margin = 0.1
            outside = abs(found.differences[x, y] - margin) > reach[x, y]
            assert (found.p_beyond(x, y, margin) <= 0.05) == outside


def test_adjusted_p_values_lie_between_those_of_one_pair_and_bonferronis():
    found = compared(seed=3, resamples=20_000)
    pairs = multiplicity.all_pairs(5)
    alone = 2 * norm.sf(np.abs(found.differences[pairs]) / found.errors[pairs])
    assert found.method == "max-t"
    assert (found.p_values[pairs] >= alone - 0.005).all()
    assert (found.p_values[pairs] <= np.minimum(1, 10 * alone) + 0.005).all()


def test_p_values_are_never_zero():
    assert compared(skills=(0.0, 0.9, 0.9), resamples=99).p_values[0, 1] == 1 / 100


def test_too_few_draws_have_no_critical_value():
    found = compared(resamples=10)
    assert math.isinf(found.critical)
    assert (found.p_values > 0.05).all()


def test_bonferroni_stands_in_where_there_are_too_many_pairs(monkeypatch):
    monkeypatch.setattr(multiplicity, "MAX_PAIRS", 3)
    found = compared(seed=3)
    pairs = multiplicity.all_pairs(5)
    alone = 2 * norm.sf(np.abs(found.differences[pairs]) / found.errors[pairs])
    assert found.method == "bonferroni"
    assert found.p_values[pairs] == pytest.approx(np.minimum(1, 10 * alone))
    assert found.critical == pytest.approx(norm.isf(0.05 / 20))


def test_draws_come_in_blocks(monkeypatch):
    whole = compared(seed=3)
    monkeypatch.setattr(multiplicity, "DRAWS_AT_ONCE", 300)
    assert compared(seed=3).p_values == pytest.approx(whole.p_values, abs=0.06)


def test_holm_by_hand():
    assert multiplicity.holm(np.array([0.04, 0.01, 0.03, 0.9])) == pytest.approx([0.09, 0.04, 0.09, 0.9])


@pytest.mark.parametrize("name", METRICS)
def test_faultless_and_useless_are_told_apart(name):
    rows = np.repeat([0, 1, 2], [14, 13, 13])
    wrong = np.where(rows == 1, 0, 2 - rows)
    found = compared(Judgments(rows, np.column_stack([rows, wrong])), name)
    assert found.p_values[0, 1] < 1e-6
    assert found.differences[0, 1] - found.reach[0, 1] > 0.4


def test_copies_are_neither_told_apart_nor_close_to_certain():
    rows = np.repeat([0, 1, 2], [14, 13, 13])
    found = compared(Judgments(rows, np.column_stack([rows, rows])))
    assert found.p_values[0, 1] == 1
    assert found.reach[0, 1] > 0.05


@pytest.mark.parametrize("only_first", range(3, 9))
def test_accuracy_decides_as_mcnemars_exact_test_does(only_first):
    from harness.statistics.mcnemar import exact_p

    rows = np.repeat([0, 1], 20)
    columns = rows.copy()
    columns[:only_first] = 1
    found = compared(Judgments(rows, np.column_stack([rows, columns])), "accuracy")
    assert (found.p_values[0, 1] <= 0.05) == (exact_p(only_first, 0) <= 0.05)


def test_few_clusters_make_differences_harder_to_find():
    judgments = world(skills=(0.3, 0.5), seed=2, n=200)
    few = Judgments(judgments.rows, judgments.columns, np.arange(200) // 20)
    assert compared(few).p_values[0, 1] > compared(judgments).p_values[0, 1]
    assert compared(few).reach[0, 1] / compared(few).errors[0, 1] > 2.2


def test_rank_sets_count_significant_neighbours():
    differences = np.array([[0.0, 0.1, 0.5], [-0.1, 0.0, 0.4], [-0.5, -0.4, 0.0]])
    p_values = np.array([[1, 0.6, 0.01], [0.6, 1, 0.2], [0.01, 0.2, 1]])
    assert ranks.rank_sets(differences, p_values, 0.95) == [(1, 2), (1, 3), (2, 3)]
    assert ranks.rank_sets(differences, p_values, 0.7) == [(1, 2), (1, 2), (3, 3)]


def test_ranks_of_equal_evaluators_are_all_possible_most_of_the_time():
    false = sum(
        bool((compared(seed=seed, skills=(0.4,) * 4, resamples=400).p_values <= 0.05).any()) for seed in range(40)
    )
    assert false <= 6


def test_families_together_are_holm_where_each_has_one_hypothesis():
    rng = np.random.default_rng(3)
    for _ in range(50):
        p_values = rng.random(6) ** 4
        found = multiplicity.rejected_over_families([np.array([one]) for one in p_values], 0.05)
        assert [bool(one[0]) for one in found] == (multiplicity.holm(p_values) <= 0.05).tolist()


def test_a_family_leaves_only_when_it_is_rejected_as_a_whole():
    families = [np.array([0.001, 0.6]), np.array([0.03])]
    assert [one.tolist() for one in multiplicity.rejected_over_families(families, 0.05)] == [[True, False], [False]]
    families[0] = np.array([0.001, 0.02])
    assert [one.tolist() for one in multiplicity.rejected_over_families(families, 0.05)] == [[True, True], [True]]
    assert multiplicity.rejected_over_families([], 0.05) == []


def test_false_rejections_of_all_families_together_are_as_rare_as_the_level_says():
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(2000):
        nulls = np.minimum(1.0, 3 * rng.random((5, 3)).min(axis=1))  # the smallest of three, adjusted
        families = [np.array([1e-6, one]) for one in nulls]
        false += any(one[1] for one in multiplicity.rejected_over_families(families, 0.05))
    assert false / 2000 <= 0.06


def test_joint_draws_in_parts_are_those_of_the_whole(monkeypatch):
    """A part is small enough for one thread of OpenBLAS."""
    rng = np.random.default_rng(3)
    covariance = np.cov(rng.random((300, 57)).T)
    first, second = multiplicity.all_pairs(57)
    parts = multiplicity.largest_differences(covariance, first, second, 1_000, 1)
    monkeypatch.setattr(multiplicity, "ONE_THREAD", 1 << 40)
    whole = multiplicity.largest_differences(covariance, first, second, 1_000, 1)
    assert parts == pytest.approx(whole, rel=1e-12)


def test_a_pair_that_can_differ_on_no_item_is_undefined_without_a_warning():
    """Warnings are errors here, as everywhere in the tests."""
    errors = PairedErrors(np.zeros(2), np.zeros((2, 2)), np.zeros(1), None, np.full(1, 30.0))
    found = multiplicity.simultaneous(errors, *multiplicity.all_pairs(2), resamples=200, seed=1)
    assert found.differences[0, 1] == 0
    assert not found.p_values[0, 1] < 0.05
