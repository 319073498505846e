"""Soft verdicts scored and compared: directions, failures, and evaluators that give no probability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import registry
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import OUTCOMES, Usage
from harness.records.label_set import VERDICT_LABELS, LabelSet, number_set
from harness.records.scores import CellScore
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import SoftItems, direction_of, find_soft_metric, lower_is_better, split_metrics
from harness.scoring.soft_scores import (
    HARD,
    HARD_LABELS,
    NO_PROBABILITY,
    OTHER_ITEMS,
    SoftData,
    verdict_score,
    with_soft,
)

NAMES = registry.built_in_names("soft_metrics")
N = 120


def judge(name: str, failed: int = 0) -> CellScore:
    counts = [0] * len(OUTCOMES)
    counts[0], counts[3] = N - failed, failed
    return CellScore(Cell("d", "s", "judge", (name,)), N, N, (), tuple(counts), {}, Usage())


def world(seed: int = 0):
    """Labels, and the probabilities of a sharp, a vague and a useless judge."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=N)
    y = (rng.random(N) < 1 / (1 + np.exp(-3 * z))).astype(float)
    sharp, vague = 1 / (1 + np.exp(-3 * z)), 1 / (1 + np.exp(-0.5 * z))
    return y, [sharp, vague, rng.random(N)]


def scored(data: SoftData, metrics, failed=(0, 0, 0)) -> DatasetScores:
    cells = tuple(judge(name, count) for name, count in zip("abc", failed, strict=True))
    score = ScoreSpec(metrics=metrics, resamples=400)
    return with_soft(DatasetScores("d", cells, {}, None), data, score, 7)


def soft_data(**changed) -> SoftData:
    y, values = world()
    lengths = np.random.default_rng(5).normal(10, 100, N)
    return SoftData(**{"values": values, "y": y, "group": None, "difference": lengths, **changed})


def test_lower_values_of_brier_rank_first_and_differences_keep_their_sign():
    found = scored(soft_data(), ("brier", "auc"))
    contest = found.contests["brier"]
    ranks = contest.rank_sets()
    assert ranks[0].worst < ranks[2].best
    assert contest.held_against(2, 0).value > 0
    assert contest.held_against(2, 0).is_distinguishable
    assert contest.held_against(2, 0).detectable == contest.held_against(2, 0).detectable_gain > 0
    assert found.contests["auc"].rank_sets()[0].best == 1
    assert found.winner.cell == found.scores[0].cell.id
    assert (found.winner.method, found.winner.reason) == ("hybrid", "")


def test_ece_has_an_interval_and_no_comparison():
    found = scored(soft_data(), ("ece",))
    assert found.scores[0].figures["ece"].low is not None
    assert "not compared by ece" in found.contests["ece"].reason
    assert found.contests["ece"].rank_sets() == {}


def test_win_rates_have_no_ranks_and_no_winner():
    found = scored(soft_data(), ("soft-win-rate", "length-controlled-win-rate"))
    assert found.contests["soft-win-rate"].rank_sets() == {}
    assert found.contests["soft-win-rate"].held_against(0, 1).low is not None
    assert found.winner.cell is None
    assert found.scores[0].figures["length-controlled-win-rate"].method == "jackknife"
    unknown = scored(soft_data(difference=None), ("length-controlled-win-rate",))
    assert "lengths of the responses are not known" in unknown.scores[0].figures["length-controlled-win-rate"].reason
    assert unknown.contests["length-controlled-win-rate"] is None


def test_failed_judgments_are_left_out_with_bounds_and_many_prevent_a_comparison():
    data = soft_data()
    few, many = data.values[1].copy(), data.values[2].copy()
    few[:4] = many[:12] = np.nan
    found = scored(soft_data(values=[data.values[0], few, many]), ("brier",), (0, 4, 12))
    figures = found.scores[1].figures
    assert figures["brier"].n == N - 4
    assert figures["brier"].value == figures["brier.complete-case"].value
    assert figures["brier.failures-right"].value < figures["brier"].value < figures["brier.failures-wrong"].value
    contest = found.contests["brier"]
    assert contest.members == (0, 1)
    assert contest.held_against(2, 0).low is None
    every = scored(soft_data(values=[few, many, many]), ("brier",), (12, 12, 12))
    assert every.contests["brier"].reason == OTHER_ITEMS


def test_a_cell_without_probabilities_and_data_without_labels_have_reasons():
    data = soft_data()
    found = scored(soft_data(values=[None, *data.values[1:]]), ("brier",))
    assert found.scores[0].figures["brier"].reason == HARD
    assert found.contests["brier"].members == (1, 2)
    unlabelled = scored(soft_data(y=np.full(N, np.nan)), ("brier", "soft-win-rate"))
    assert "label" in unlabelled.scores[0].figures["brier"].reason
    assert unlabelled.contests["brier"] is None
    assert unlabelled.scores[0].figures["soft-win-rate"].n == N
    failed = scored(soft_data(values=[np.full(N, np.nan)] * 3), ("soft-win-rate",), (N, N, N))
    assert failed.scores[0].figures["soft-win-rate"].reason == "every judgment failed"


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_holds_its_value_and_its_influence_is_its_jackknife(name):
    metric = find_soft_metric(name)
    items = soft_data().items(soft_data().values[1], ScoreSpec(), 3)
    figure = metric.figure(items)
    assert figure.low <= figure.value <= figure.high
    assert metric.RANGE[0] <= figure.value <= metric.RANGE[1]
    influence = metric.influence(items)
    if name == "ece":
        assert influence is None
        return
    without = []
    for k in range(N):
        kept = np.arange(N) != k
        without.append(figure.value - metric.figure(items.part(kept)).value)
    assert np.corrcoef(influence, without)[0, 1] > 0.99
    assert (influence**2).sum() == pytest.approx((np.array(without) ** 2).sum(), rel=0.1)


def test_names_and_directions():
    assert split_metrics(("brier", "kappa", "auc")) == (("kappa",), ("brier", "auc"))
    assert verdict_score(ScoreSpec(metrics=("brier",))).metrics == ("accuracy",)
    assert lower_is_better(("kappa", "brier", "auc", "ece")) == ("brier", "ece")
    assert {direction_of(name) for name in NAMES} == {"higher", "lower", "none"}
    assert direction_of("kappa") == direction_of("win-rate-half") == "higher"


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["brier", "log-loss", "auc"])
def test_equal_judges_are_rarely_told_apart(metric):
    wrong = 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 1])
        z = rng.normal(size=N)
        y = (rng.random(N) < 1 / (1 + np.exp(-z))).astype(float)
        values = [1 / (1 + np.exp(-(z + rng.normal(0, 0.8, N)))) for _ in range(3)]
        found = scored(SoftData(values, y, None), (metric,)).contests[metric].comparisons
        wrong += bool((found.p_values <= 0.05).any())
    assert wrong / 200 <= 0.09


def test_a_length_controlled_rate_takes_verdicts_where_there_is_no_probability():
    data = soft_data()
    verdicts = [np.round(2 * one) / 2 for one in data.values]
    name = "length-controlled-win-rate"
    found = scored(soft_data(values=[None] * 3, verdicts=verdicts), (name, "soft-win-rate"))
    expected = scored(soft_data(values=verdicts), (name,))
    for one, other in zip(found.scores, expected.scores, strict=True):
        assert one.figures[name].value == other.figures[name].value
        assert one.figures["soft-win-rate"].reason == HARD
    assert found.contests[name].held_against(0, 1).low is not None


PASS = LabelSet(("fail", "pass"), positive="pass")


def test_scores_of_single_responses_have_an_auc_and_no_calibration():
    data = soft_data()
    raw = [100 * np.log(data.values[0] / (1 - data.values[0])) - 7, data.values[1], None]
    found = scored(
        soft_data(values=raw, scored=[True, False, False], label_set=PASS), ("auc", "brier", "ece", "log-loss")
    )
    plain = scored(data, ("auc",))
    assert found.scores[0].figures["auc"].low == plain.scores[0].figures["auc"].low
    assert found.scores[1].figures["auc"].value == plain.scores[1].figures["auc"].value
    for name in ("brier", "ece", "log-loss"):
        assert found.scores[0].figures[name].reason == NO_PROBABILITY
        assert found.scores[0].figures[f"{name}.failures-wrong"].reason == NO_PROBABILITY
        assert found.scores[1].figures[name].low is not None
    assert found.scores[2].figures["auc"].reason == HARD_LABELS
    assert found.contests["auc"].members == (0, 1)


def test_failed_scores_are_bounded_by_those_beyond_all_others():
    y, (sharp, *_) = world()
    score = 1e6 * sharp + 5
    score[:6] = np.nan
    figures = (
        scored(soft_data(values=[score, score, score], scored=[True] * 3, label_set=PASS), ("auc",), (6, 6, 6))
        .scores[0]
        .figures
    )
    worst, best = score.copy(), score.copy()
    worst[:6], best[:6] = np.where(y[:6] > 0.5, 0, 2e6), np.where(y[:6] > 0.5, 2e6, 0)
    ends = [find_soft_metric("auc").figure(soft_data().items(one, ScoreSpec(), 3)).value for one in (worst, best)]
    assert [figures[f"auc.failures-{end}"].value for end in ("wrong", "right")] == pytest.approx(ends)


@pytest.mark.parametrize("ending", ["failures-wrong", "failures-right"])
def test_failures_are_as_wrong_or_as_right_as_can_be(ending):
    y = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.0])
    given = np.array([np.nan] * 5 + [0.4])
    data = SoftData([given], y, None)
    wrong, right = [1.0, 1.0, 0.0, 0.0, 0.0, 0.4], [0.0, 0.25, 0.5, 0.75, 1.0, 0.4]
    found = dict(data.worlds(0, find_soft_metric("brier"), given))
    assert found[ending].tolist() == (wrong if ending == "failures-wrong" else right)
    won, lost = [1.0] * 5 + [0.4], [0.0] * 5 + [0.4]
    found = dict(data.worlds(0, find_soft_metric("soft-win-rate"), given))
    assert found[ending].tolist() == (lost if ending == "failures-wrong" else won)


def test_failures_of_scores_are_beyond_all_scores_that_were_given():
    y, given = np.array([0.0, 1.0, 1.0, 0.0]), np.array([np.nan, np.nan, 3.0, 7.0])
    found = dict(SoftData([given], y, None, scored=[True]).worlds(0, find_soft_metric("auc"), given))
    below, above = np.nextafter(3.0, -np.inf), np.nextafter(7.0, np.inf)
    assert found["failures-wrong"].tolist() == [above, below, 3.0, 7.0]
    assert found["failures-right"].tolist() == [below, above, 3.0, 7.0]


@pytest.mark.parametrize("given", [np.full(3, np.nan), np.array([0.1, 0.2, 0.3])])
def test_there_is_one_world_where_nothing_or_everything_failed(given):
    assert list(SoftData([given], np.ones(3), None).worlds(0, find_soft_metric("brier"), given)) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_one_item_adds_to_an_error_is_in_the_points_of_the_scale_where_the_metric_is(name):
    metric = find_soft_metric(name)
    points = 4.0 if name in ("bias", "mae", "rmse") else 1.0
    for labels, width in ((number_set(1, 5), points), (VERDICT_LABELS, 1.0)):
        data = SoftData([np.zeros(3)], np.zeros(3), None, label_set=labels)
        assert data.unit_error(metric) == metric.UNIT_ERROR * width


@pytest.mark.parametrize("name", [name for name in NAMES if name != "length-controlled-win-rate"])
def test_a_figure_says_among_how_many_systems_it_was_made(name):
    y, (sharp, *_) = world()
    items = SoftItems(sharp, y, None, 0.95, 1)
    made = [find_soft_metric(name).figure(each) for each in (items, replace(items, systems=3))]
    assert [(one.systems, one.level) for one in made] == [(1, 0.95), (3, 0.95)]
