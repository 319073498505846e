"""Standard errors of paired differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import registry
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import statistic_of
from harness.statistics import clusters, multiplicity, pairs
from harness.statistics.pairs import Judgments, Statistic

SHAPE = (3, 4)
STATISTICS = {
    name: Statistic(find_metric(name).value, find_metric(name).influence, SHAPE)
    for name in ("kappa", "accuracy", "ac1", "kappa-linear", "kappa-ab")
}
KAPPA = STATISTICS["kappa"]


def world(seed=0, n=200, evaluators=5, skills=None, groups=None):
    """Judgments of some evaluators of unlike skill, some of which failed."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, n)
    skills = np.linspace(0.2, 0.6, evaluators) if skills is None else np.asarray(skills)
    columns = np.where(rng.random((n, len(skills))) < skills, rows[:, None], rng.integers(0, 4, (n, len(skills))))
    return Judgments(rows, columns, groups)


def errors_of(judgments, statistic=KAPPA):
    first, second = multiplicity.all_pairs(judgments.columns.shape[1])
    return pairs.paired_errors(statistic, judgments, first, second, 0.95)


@pytest.mark.parametrize("name", registry.built_in_names("metrics"))
def test_the_own_error_is_that_of_the_influences_and_one_added_item_each(name):
    judgments, statistic = world(), statistic_of(find_metric(name), SHAPE)
    tables = judgments.tables(SHAPE)
    influences = statistic.influences(tables)
    phi = np.array([influences[k][judgments.rows, judgments.columns[:, k]] for k in range(5)]).T
    phi -= phi.mean(axis=0)
    found = errors_of(judgments, statistic)
    added = pairs.added_item(influences, tables[0].sum(axis=-1) / 200) / 200**2
    assert found.covariance == pytest.approx(phi.T @ phi / (200 * 199) + np.diag(added))


def test_the_pooled_error_is_the_spread_of_the_difference_when_verdicts_are_exchanged():
    judgments = world(seed=3, skills=[0.6, 0.6], n=200)
    rng = np.random.default_rng(1)
    swapped = rng.random((3000, 200)) < 0.5
    one, other = (np.where(swapped, judgments.columns[:, 1 - k], judgments.columns[:, k]) for k in (0, 1))
    values = [
        np.array([KAPPA.value(np.bincount(judgments.rows * 4 + row, minlength=12).reshape(1, 3, 4))[0] for row in side])
        for side in (one, other)
    ]
    spread = (values[0] - values[1]).std()
    assert errors_of(judgments).errors[0] == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize("name", STATISTICS)
@given(st.integers(0, 200))
def test_an_error_is_never_zero_nor_rounding(name, seed):
    rng = np.random.default_rng(seed)
    n = 40
    rows = np.zeros(n, int)
    rows[: rng.integers(6, 20)] = 2
    near = np.where(rng.random(n) < 0.03, 1, rows)
    columns = np.column_stack([np.zeros(n, int), rows, rows, np.full(n, 3), np.full(n, 2), near])
    statistic = STATISTICS[name]
    defined = ~np.isnan(statistic.value(Judgments(rows, columns).tables(SHAPE)))
    for groups in (None, np.arange(n) // 2):
        found = errors_of(Judgments(rows, columns[:, defined], groups), statistic)
        assert (found.errors * n > 0.2).all()


@given(st.permutations(range(60)))
def test_the_order_of_items_and_the_names_of_clusters_change_nothing_at_all(order):
    order = np.array(order)
    for groups in (None, np.arange(60) // 3, np.minimum(np.arange(60) // 4, 9)):
        straight = world(n=60, groups=groups)
        mixed = Judgments(straight.rows[order], straight.columns[order], None if groups is None else 77 - groups[order])
        one, other = errors_of(straight), errors_of(mixed)
        assert one.errors.tolist() == other.errors.tolist()
        assert one.covariance.tolist() == other.covariance.tolist()


@pytest.mark.parametrize(
    ("n", "evaluators", "shape"), [(1, 1, (3, 4)), (200, 5, (3, 4)), (70, 3, (1, 4)), (90, 2, (5, 6))]
)
def test_joint_counts_are_those_of_a_loop(n, evaluators, shape):
    rng = np.random.default_rng(n)
    judgments = Judgments(rng.integers(0, shape[0], n), rng.integers(0, shape[1], (n, evaluators)))
    expected = np.zeros((shape[0], evaluators, shape[1], evaluators, shape[1]))
    for row, columns in zip(judgments.rows, judgments.columns, strict=True):
        for x, first in enumerate(columns):
            for y, second in enumerate(columns):
                expected[row, x, first, y, second] += 1
    assert (pairs.joint_counts(judgments, shape) == expected).all()


def test_clusters_of_one_item_are_independent_items():
    alone, apart = errors_of(world()), errors_of(world(groups=np.arange(200)[::-1]))
    assert alone.errors.tolist() == apart.errors.tolist()
    assert apart.degrees is None


def test_copies_of_items_in_their_clusters_add_little():
    once = world(n=100)
    twice = Judgments(np.repeat(once.rows, 2), np.repeat(once.columns, 2, axis=0), np.repeat(np.arange(100), 2))
    naive = Judgments(twice.rows, twice.columns)
    assert errors_of(twice).errors == pytest.approx(errors_of(once).errors, rel=0.03)
    assert (errors_of(twice).errors > 1.35 * errors_of(naive).errors).all()
    assert (errors_of(twice).worth < 101).all()


def test_blocks_change_nothing(monkeypatch):
    groups = np.random.default_rng(1).integers(0, 40, 200)
    whole = [errors_of(world(groups=one)).errors for one in (None, groups)]
    monkeypatch.setattr(pairs, "BLOCK", 100)
    for groups_, before in zip((None, groups), whole, strict=True):
        assert errors_of(world(groups=groups_)).errors == pytest.approx(before)


def test_one_row_is_a_win_rate_and_its_added_item_a_win_that_turns_into_a_loss():
    influences = np.array([[0.5, 0.1, -0.5, 0.0]])
    assert pairs.added_item(influences, np.ones(1)) == 1
    assert clusters.design_of(np.ones(30)).is_independent


@pytest.mark.parametrize("classes", [2, 3, 5, 20])
def test_any_label_set_uses_the_same_code(classes):
    from harness.statistics import agreement

    rng = np.random.default_rng(classes)
    rows = np.arange(200) % classes
    columns = np.where(rng.random((200, 3)) < [0.9, 0.5, 0.5], rows[:, None], rng.integers(0, classes + 1, (200, 3)))
    for weights in (agreement.identity_weights(classes), agreement.linear_weights(classes)):
        statistic = Statistic(
            lambda tables, w=weights: agreement.kappa(tables, w),
            lambda tables, w=weights: agreement.kappa_influence(tables, w),
            (classes, classes + 1),
        )
        held = multiplicity.compare_pairs(
            statistic, Judgments(rows, columns), *multiplicity.all_pairs(3), resamples=400, seed=1
        )
        assert held.p_values[0, 1] < 0.05 < held.p_values[1, 2]


def test_an_added_item_of_the_only_class_turns_into_each_other_class_equally_often():
    influences = np.array([[1.0, 3.0, 5.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]])
    assert pairs.added_item(influences, np.array([1.0, 0.0, 0.0])) == ((1 - 3) ** 2 + (1 - 5) ** 2) / 2


def test_with_few_big_clusters_a_variance_is_at_least_that_of_as_many_items_as_they_are_worth():
    groups = np.where(np.arange(200) < 150, np.arange(200) // 50, np.arange(200))
    judged = world(groups=groups)
    worth = pairs.paired_errors(KAPPA, judged, np.array([0]), np.array([1]), 0.95).worth
    alone = pairs.paired_errors(KAPPA, Judgments(judged.rows, judged.columns), np.array([0]), np.array([1]), 0.95)
    error = pairs.paired_errors(KAPPA, judged, np.array([0]), np.array([1]), 0.95).errors
    assert 1 < worth[0] < 200 / 5
    assert alone.errors[0] * np.sqrt(200 / worth[0]) * 0.9 < error[0] < 3 * alone.errors[0] * np.sqrt(200 / worth[0])
