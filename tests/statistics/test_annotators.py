"""Several annotators, and agreement among raters: held against independent implementations."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_1samp
from statsmodels.stats.inter_rater import fleiss_kappa as their_fleiss
from statsmodels.stats.multitest import multipletests

from harness.data.labels import majority as as_datasets_do
from harness.statistics import agreement, annotators
from harness.statistics.alternative_annotator import EPSILON, _rejected, alternative_test
from harness.statistics.among import counts_of, fleiss_kappa, krippendorff_alpha

full = arrays(np.int8, st.tuples(st.integers(2, 30), st.integers(2, 6)), elements=st.integers(0, 2))
gappy = arrays(np.int8, st.tuples(st.integers(2, 30), st.integers(2, 5)), elements=st.integers(-1, 2))


@given(full)
def test_fleiss_is_that_of_statsmodels(codes):
    counts = counts_of(codes, 3)
    if len(np.unique(codes)) == 1:
        assert np.isnan(fleiss_kappa(counts))
    else:
        assert fleiss_kappa(counts) == pytest.approx(their_fleiss(counts), abs=1e-9)


@given(gappy)
def test_alpha_is_that_of_the_package_krippendorff(codes):
    rated = np.where(codes < 0, np.nan, codes.astype(float))
    found = krippendorff_alpha(counts_of(codes, 3))
    pairable = codes[(codes >= 0).sum(axis=1) >= 2]
    if len(np.unique(pairable[pairable >= 0])) < 2:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(krippendorff.alpha(rated.T, level_of_measurement="nominal"))


def test_fleiss_rests_on_items_that_all_rated():
    codes = np.array([[0, 1, 2], [0, 0, 0], [1, 1, 0], [2, -1, 2]], np.int8)
    assert fleiss_kappa(counts_of(codes, 3)) == pytest.approx(fleiss_kappa(counts_of(codes[:3], 3)))
    assert np.isnan(fleiss_kappa(np.zeros((0, 3))))
    assert np.isnan(fleiss_kappa(counts_of(codes[:, :1], 3)))


def alpha_by_pairs(codes):
    """In so many words: one less observed over expected disagreement, over all pairs of values within items."""
    values, observed, pairs = [], 0.0, 0.0
    for row in codes:
        rated = [value for value in row if value >= 0]
        if len(rated) < 2:
            continue
        values += rated
        unlike = sum(x != y for i, x in enumerate(rated) for j, y in enumerate(rated) if i != j)
        observed += unlike / (len(rated) - 1)
        pairs += len(rated)
    expected = sum(x != y for i, x in enumerate(values) for j, y in enumerate(values) if i != j)
    return float("nan") if not expected else 1 - (observed / pairs) / (expected / (len(values) * (len(values) - 1)))


@given(gappy)
def test_alpha_is_one_less_observed_over_expected_disagreement(codes):
    assert krippendorff_alpha(counts_of(codes, 3)) == pytest.approx(alpha_by_pairs(codes), nan_ok=True)


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C: nominal data, 4 observers, 12 units: 0.743
    data = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    codes = np.array([[-1 if x == "." else int(x) - 1 for x in row.split()] for row in data], np.int8).T
    assert krippendorff_alpha(counts_of(codes, 5)) == pytest.approx(0.743, abs=5e-4)


@given(gappy)
def test_the_majority_is_that_of_datasets(codes):
    assert (annotators.majority(codes) == as_datasets_do(codes)).all()


def test_each_annotator_is_compared_with_the_others():
    codes = np.array([[0, 0, 2], [0, 1, 1], [2, -1, 2], [1, -1, -1]], np.int8)
    at, others, rows = next(annotators.leave_one_out(codes))
    assert (at, others.tolist(), rows.tolist()) == (0, [1, 1, 2], [0, 1, 2])
    assert list(annotators.leave_one_out(codes[:, :1])) == []


def test_a_majority_of_other_classes_has_their_own_rule_for_a_split():
    codes = np.array([[4, 4, 0], [0, 1, 4], [-1, -1, -1]], np.int8)
    assert annotators.majority(codes, 5, -1).tolist() == [4, -1, -1]
    assert annotators.majority(codes, 5, 2).tolist() == [4, 2, -1]


def test_a_judge_that_is_one_of_the_people_reaches_the_ceiling():
    """The first edition compared a judge with single people, and people with a majority: .490 against .439."""
    gaps, outside = [], 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 3, 150)
        drawn = np.where(rng.random((150, 4)) < 0.6, truth[:, None], rng.integers(0, 3, (150, 4))).astype(np.int8)
        codes = np.where(rng.random((150, 3)) < 0.3, -1, drawn[:, 1:]).astype(np.int8)
        found = annotators.ceiling(drawn[:, 0], codes, agreement.accuracy, np.arange(150) // 2)
        gaps.append(found.difference.value)
        outside += abs(found.difference.value) > 2 * found.difference.error
        assert found.difference.value == pytest.approx(found.judge.value - found.people.value)
    assert abs(np.mean(gaps)) < 0.012
    assert outside <= 7


def test_the_ceiling_does_not_depend_on_the_order_of_the_items_or_the_names_of_the_clusters():
    rng = np.random.default_rng(3)
    codes, judged, group = rng.integers(-1, 3, (60, 4)).astype(np.int8), rng.integers(0, 4, 60), np.arange(60) // 3
    order = rng.permutation(60)
    found = annotators.ceiling(judged.astype(np.int8), codes, agreement.ac1, group)
    again = annotators.ceiling(judged[order].astype(np.int8), codes[order], agreement.ac1, 99 - group[order])
    assert found == again
    perfect = annotators.ceiling(np.maximum(codes[:, 0], 0), np.maximum(codes[:, [0, 0]], 0), agreement.accuracy, group)
    assert (perfect.people.value, perfect.difference.value) == (1, 0)
    assert perfect.people.error > 0.03
    undefined = annotators.ceiling(np.zeros(60, np.int8), np.zeros((60, 2), np.int8), no_value, group)
    assert undefined is None


def no_value(tables):
    return np.full(tables.shape[:-2], np.nan)


def test_the_alternative_annotator_is_held_against_those_who_remain():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 200)
    people = [np.where(rng.random(200) < 0.8, truth, rng.integers(0, 3, 200)) for _ in range(3)]
    codes = np.column_stack(people).astype(np.int8)
    judged = np.where(rng.random(200) < 0.85, truth, rng.integers(0, 3, 200)).astype(np.int8)
    found = alternative_test(judged, codes)
    first = found.advantages[0]
    of_judge = (codes[:, 1:] == judged[:, None]).mean(axis=1)
    of_person = (codes[:, 1:] == codes[:, :1]).mean(axis=1)
    gaps = (of_person >= of_judge).astype(float) - (of_judge >= of_person)
    assert first.judge == pytest.approx((of_judge >= of_person).mean())
    assert first.p_value == pytest.approx(ttest_1samp(gaps, EPSILON, alternative="less").pvalue)
    assert found.winning_rate == 1
    assert alternative_test(rng.integers(0, 3, 200).astype(np.int8), codes).winning_rate == 0
    assert found.advantage == pytest.approx(np.mean([one.judge for one in found.advantages]))


def test_without_enough_items_or_variation_the_test_says_so():
    codes = np.zeros((10, 3), np.int8)
    few = alternative_test(codes[:, 0], codes)
    assert few.winning_rate is None
    assert [one.p_value for one in few.advantages] == [None] * 3
    same = alternative_test(np.zeros(40, np.int8), np.zeros((40, 2), np.int8))
    assert same.winning_rate == 1
    assert 0 < same.advantages[0].p_value < 1e-5  # equal gaps prove no more than their number can
    assert alternative_test(np.ones(40, np.int8), np.zeros((40, 2), np.int8)).winning_rate == 0
    alone = alternative_test(np.zeros(40, np.int8), np.zeros((40, 1), np.int8))
    assert (alone.winning_rate, alone.advantages[0].n) == (None, 0)
    assert alone.advantage is None


def test_every_annotator_counts_alike_in_the_advantage_however_many_items_each_labelled():
    """The mean over annotators of the paper, not that over items, which the one with most labels decides."""
    rng = np.random.default_rng(2)
    codes = np.zeros((200, 3), np.int8)
    codes[:, 1] = rng.integers(0, 3, 200)
    codes[40:, 2] = -1
    judged = np.where(np.arange(200) < 40, 1, 0).astype(np.int8)
    found = alternative_test(judged, codes)
    assert found.advantage == pytest.approx(np.mean([one.judge for one in found.advantages]))
    assert found.n == 200
    assert 0 < found.error < 0.1
    order = rng.permutation(200)
    again = alternative_test(judged[order], codes[order])
    assert (again.advantage, again.error) == pytest.approx((found.advantage, found.error))


def test_clusters_are_the_units_of_the_test_and_other_classes_have_their_own_failures():
    rng = np.random.default_rng(4)
    truth = np.repeat(rng.integers(0, 5, 12), 10)
    codes = np.stack([np.where(rng.random(120) < 0.7, truth, rng.integers(0, 5, 120)) for _ in range(3)], 1)
    judged = np.where(rng.random(120) < 0.7, truth, 4).astype(np.int8)
    alone = alternative_test(judged, codes.astype(np.int8), classes=5)
    clustered = alternative_test(judged, codes.astype(np.int8), classes=5, clusters=truth)
    assert clustered.clusters == 5
    assert alone.clusters == 120
    assert clustered.advantages[0].p_value != alone.advantages[0].p_value
    failing = alternative_test(np.full(120, 5, np.int8), codes.astype(np.int8), classes=5)
    assert failing.winning_rate == 0
    one = alternative_test(judged, codes.astype(np.int8), classes=5, clusters=np.zeros(120, np.int64))
    assert one.advantages[0].p_value == 1


def test_false_findings_are_limited_under_any_dependence():
    rng = np.random.default_rng(3)
    for _ in range(50):
        p_values = rng.random(5) ** 3
        expected = multipletests(p_values, 0.05, method="fdr_by")[0]
        assert _rejected(p_values.tolist(), 0.05) == expected.tolist()
