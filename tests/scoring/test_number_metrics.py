"""Metrics of labels that are numbers: values, intervals, what is undefined, failures and comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness import registry
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import LabelSet, number_set
from harness.records.metric_names import names_of
from harness.records.scores import CellScore
from harness.scoring.number_figures import CONSTANT_JUDGE, CONSTANT_LABELS, TOO_FEW
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import SoftItems, find_soft_metric
from harness.scoring.soft_metrics import bias
from harness.scoring.soft_scores import OTHER_ITEMS, SoftData, with_soft

NUMBERS = number_set(1, 10)
NAMES = ["bias", "icc", "icc-consistency", "kendall", "mae", "pearson", "rmse", "spearman"]
CORRELATIONS = ["icc", "icc-consistency", "kendall", "pearson", "spearman"]
N = 80


def people(seed=0, n=N):
    rng = np.random.default_rng(seed)
    y = np.clip(np.round(2 * rng.normal(6, 2, n)) / 2, 1, 10)
    return y, np.clip(y + rng.normal(0.5, 1, n), 1, 10)


def items(p, y, group=None, scale=(1.0, 10.0)):
    return SoftItems(np.asarray(p, float), np.asarray(y, float), group, 0.95, 1, scale=scale)


def test_the_names_for_numbers_are_those_of_the_metrics_here():
    assert names_of(NUMBERS) == NAMES
    assert {name for name in registry.built_in_names("soft_metrics") if name in NAMES} == set(NAMES)


def test_grades_have_the_metrics_of_numbers_too():
    grades = LabelSet(("1", "2", "3"), is_ordered=True, values=(1.0, 2.0, 3.0))
    assert set(NAMES) < set(names_of(grades))
    assert not set(NAMES) & set(names_of(LabelSet(("fail", "pass"), positive="pass")))


@pytest.mark.parametrize("name", NAMES)
def test_each_metric_has_a_value_within_an_interval_and_influences_that_add_up_to_nothing(name):
    y, p = people()
    metric, found = find_soft_metric(name), items(p, y)
    figure = metric.figure(found)
    assert figure.low < figure.value < figure.high
    assert (figure.n, figure.unit, figure.method) == (N, "item", "analytic")
    assert metric.influence(found).sum() == pytest.approx(0, abs=1e-12)
    clustered = metric.figure(items(p, y, np.arange(N) // 2))
    assert (clustered.value, clustered.unit, clustered.units) == (figure.value, "cluster", N // 2)
    assert clustered.low < clustered.value < clustered.high


def test_values_are_those_of_numpy_and_scipy():
    y, p = people()
    value = {name: find_soft_metric(name).figure(items(p, y)).value for name in NAMES}
    assert value["mae"] == pytest.approx(np.abs(p - y).mean())
    assert value["rmse"] == pytest.approx(np.sqrt(((p - y) ** 2).mean()))
    assert value["bias"] == pytest.approx((p - y).mean())
    assert value["spearman"] == pytest.approx(stats.spearmanr(p, y).statistic)


def test_limits_of_agreement_are_those_of_bland_and_altman():
    y, p = people(n=400)
    found = bias.companions(items(p, y))
    spread, mean = np.std(p - y, ddof=1), (p - y).mean()
    for name, end in (("limit-low", -1), ("limit-high", 1)):
        figure = found[name]
        assert figure.value == pytest.approx(mean + end * 1.96 * spread)
        # the standard error of Bland and Altman (1986): sqrt(3 s² / n)
        assert figure.high - figure.low == pytest.approx(2 * 1.96 * np.sqrt(3 * spread**2 / 400), rel=0.2)
        assert figure.low < figure.value < figure.high


def test_one_item_or_labels_on_another_scale_have_no_limits_of_agreement():
    for found in (bias.companions(items([3], [4])), bias.companions(items([3, 4], [40, 50]))):
        assert [figure.value for figure in found.values()] == [None, None]
        assert all(figure.reason for figure in found.values())


@pytest.mark.parametrize("name", CORRELATIONS)
@pytest.mark.parametrize(("constant", "reason"), [("judge", CONSTANT_JUDGE), ("labels", CONSTANT_LABELS)])
def test_correlations_with_a_constant_are_undefined(name, constant, reason):
    y, p = people()
    given = items(np.full(N, 7.0), y) if constant == "judge" else items(p, np.full(N, 7.0))
    figure = find_soft_metric(name).figure(given)
    assert (figure.value, figure.reason) == (None, reason)
    assert find_soft_metric(name).influence(given) is None


@pytest.mark.parametrize("name", ["mae", "rmse", "bias"])
def test_errors_of_a_perfect_judge_are_zero_with_an_interval_that_has_width(name):
    y, _ = people()
    figure = find_soft_metric(name).figure(items(y, y))
    assert figure.value == 0
    assert figure.high - figure.low > 0.01
    assert "degenerate" in figure.flags


@pytest.mark.parametrize("name", NAMES)
def test_few_items_have_a_value_and_no_interval(name):
    y, p = people(n=19)
    figure = find_soft_metric(name).figure(items(p, y))
    assert figure.value is not None
    assert (figure.low, figure.reason) == (None, TOO_FEW)


@pytest.mark.parametrize("name", ["icc", "mae", "rmse", "bias"])
def test_labels_off_the_scale_of_the_judge_have_no_absolute_agreement(name):
    y, p = people()
    figure = find_soft_metric(name).figure(items(p, 10 * y))
    assert figure.value is None
    assert "outside the scale of the evaluator, 1 to 10" in figure.reason
    assert find_soft_metric(name).influence(items(p, 10 * y)) is None
    assert find_soft_metric("pearson").figure(items(p, 10 * y)).value is not None


def judge(name, failed=0):
    counts = [N - failed, failed, *(0 for _ in FAILURES[1:])]
    return CellScore(Cell("d", "s", "judge", (name,)), N, N, (), tuple(counts), {}, Usage())


def scored(values, y, metrics, failed=(0, 0, 0), **changed):
    data = SoftData(values, y, None, scored=[True] * len(values), label_set=NUMBERS, **changed)
    cells = tuple(judge(name, count) for name, count in zip("abc", failed, strict=True))
    return with_soft(DatasetScores("d", cells, {}, None), data, ScoreSpec(metrics=metrics, resamples=400), 7)


def three_judges():
    y, good = people()
    rng = np.random.default_rng(4)
    return y, [good, np.clip(y + rng.normal(0, 3, N), 1, 10), rng.uniform(1, 10, N)]


def test_judges_are_compared_and_ranked_and_the_best_is_named():
    y, values = three_judges()
    found = scored(values, y, ("pearson", "mae", "bias"))
    assert found.winner.cell == "d/s/judge:a"
    ranks = found.contests["pearson"].rank_sets()
    assert (ranks[0].best, ranks[0].worst) == (1, 1)
    assert found.contests["mae"].rank_sets()[0].worst == 1
    assert found.contests["mae"].held_against(0, 2).value < 0
    assert found.contests["bias"].rank_sets() == {}
    assert found.contests["bias"].held_against(0, 2).low is not None


def test_bias_names_no_best_and_says_what_to_rank_by():
    y, values = three_judges()
    winner = scored(values, y, ("bias",)).winner
    assert winner.cell is None
    assert "rank by mae" in winner.reason


def test_two_equal_judges_differ_by_nothing_with_an_interval():
    y, values = three_judges()
    for name in NAMES:
        found = scored([values[0], values[0].copy(), values[2]], y, (name,)).contests[name].held_against(0, 1)
        assert found.value == 0
        assert found.low < 0 < found.high
        assert not found.is_distinguishable


@pytest.mark.parametrize("name", NAMES)
def test_failed_judgments_are_left_out_and_bounded(name):
    y, values = three_judges()
    part = values[0].copy()
    part[:8] = np.nan
    found = scored([part, values[1], values[2]], y, (name,), failed=(8, 0, 0))
    figures = found.scores[0].figures
    assert figures[name].value == pytest.approx(find_soft_metric(name).figure(items(part[8:], y[8:])).value)
    assert figures[name].n == N - 8
    wrong, right = figures[f"{name}.failures-wrong"].value, figures[f"{name}.failures-right"].value
    value = figures[name].value
    if name in CORRELATIONS:
        assert wrong < value < right
    elif name == "bias":
        assert abs(wrong) > abs(value) > abs(right)
    else:
        assert wrong > value > right
    if found.contests[name] is not None:
        assert 0 not in found.contests[name].members
    assert scored([part] * 3, y, (name,), failed=(8, 8, 8)).contests[name].reason == OTHER_ITEMS


def test_unlabelled_items_count_for_nothing():
    y, values = three_judges()
    y = y.copy()
    y[:20] = np.nan
    figure = scored(values, y, ("pearson",)).scores[0].figures["pearson"]
    assert figure.n == N - 20
    assert figure.value == pytest.approx(stats.pearsonr(values[0][20:], y[20:]).statistic)


def test_rare_extreme_numbers_are_flagged_where_they_decide_a_figure():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=60)
    y, p = (np.exp(1.2 * (truth + 0.5 * rng.normal(size=60))) for _ in range(2))
    flags = {name: find_soft_metric(name).figure(items(p, y, scale=None)).flags for name in NAMES}
    assert {name for name, found in flags.items() if "heavy-tails" in found} == set(NAMES) - {"spearman", "kendall"}
    assert all("heavy-tails" in one.flags for one in bias.companions(items(p, y, scale=None)).values())
    log = items(np.log(p), np.log(y), scale=None)
    assert not any(find_soft_metric(name).figure(log).flags for name in NAMES)


def test_skewed_grades_on_a_scale_have_no_heavy_tails():
    rng = np.random.default_rng(9)
    y = np.where(rng.random(80) < 0.8, 10.0, rng.integers(5, 10, 80))
    p = np.clip(y + rng.integers(-2, 3, 80), 1, 10)
    assert find_soft_metric("mae").figure(items(p, y)).flags == ()
