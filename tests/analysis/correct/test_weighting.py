"""Labels with probabilities of their own: read, checked, and weighted with a reason where there is no figure."""

import json
import re

import numpy as np
import pytest

from harness.analysis.correct.correct import correct, correct_dataset
from harness.analysis.correct.given_labels import LabelSource, NewLabels, Target
from harness.analysis.correct.label_file import read_labels
from harness.analysis.correct.weighted_agreement import _rank_sets
from harness.errors import DatasetError
from harness.records.experiment import ScoreSpec
from harness.statistics.inverse_probability import Design
from support.readback import QUICK, N, dataset, judge, labels, run_of

TRUTH = labels()
JUDGES = {"good": judge(TRUTH, 0.9, 1), "poor": judge(TRUTH, 0.3, 2)}


def written(tmp_path, rows):
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return LabelSource(path)


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (1.5, "1.5"), ("often", "often"), (None, ""), (-0.1, "-0.1")])
def test_a_probability_is_above_0_and_at_most_1(tmp_path, value, shown):
    source = written(tmp_path, [{"id": "i1", "label": "a", "probability": value}])
    message = f"labels.jsonl:1: `probability` is `{shown}`; write a number above 0 and up to 1"
    with pytest.raises(DatasetError, match=re.escape(message)):
        read_labels(source, [Target("pairs", ["i1"])])


RANKED = ScoreSpec(("kappa",), resamples=300)


def test_an_item_has_one_probability(tmp_path):
    rows = [
        {"id": "i1", "label": "a", "annotator": name, "probability": value}
        for name, value in (("anna", 0.2), ("ben", 0.3))
    ]
    with pytest.raises(DatasetError, match=r":2: `probability` of `i1` is 0.3, and 0.2 in an earlier row"):
        read_labels(written(tmp_path, rows), [Target("pairs", ["i1"])])


def test_probabilities_of_a_file_weight_the_labels_and_equal_ones_change_nothing(tmp_path):
    rows = [{"id": f"i{k}", "label": ("a", "tie", "b")[TRUTH[k]], "probability": 0.25} for k in range(0, N, 4)]
    run = run_of(dataset(JUDGES, TRUTH))
    equal = correct(run, written(tmp_path, rows)).datasets[0]
    plain = correct(run, written(tmp_path, [{**row, "probability": 1} for row in rows])).datasets[0]
    assert [cell.rates for cell in equal.cells] == [cell.rates for cell in plain.cells]
    unequal = correct(
        run, written(tmp_path, [{**row, "probability": 0.1 + 0.3 * (k % 2)} for k, row in enumerate(rows)])
    )
    (one,) = unequal.datasets
    assert one.design.cost > 1
    assert one.soft is None
    assert {cell.rates["half"].corrected.method for cell in one.cells} == {"weighted"}


def weighted(codes, **options):
    design = Design(np.where(np.arange(N) % 2 == 0, 0.2, 0.4))
    return correct_dataset(dataset(JUDGES, TRUTH, **options), NewLabels(("human",), codes[:, None], design), QUICK, 7)


def test_few_labels_few_clusters_and_undefined_figures_have_their_reason():
    codes = np.where(np.arange(N) < 12, TRUTH, -1).astype(np.int8)
    few = weighted(codes)
    assert few.human["half"].reason == few.cells[0].score.figures["kappa"].reason == "fewer than 20 items: counts only"
    codes = np.where(np.arange(N) < 60, TRUTH, -1).astype(np.int8)
    clustered = weighted(codes, clusters=np.arange(N) // 20)
    assert "fewer than 8 clusters" in clustered.human["half"].reason
    assert weighted(codes, clusters=np.arange(N) // 4).human["half"].unit == "cluster"
    ties = weighted(np.where(np.arange(N) < 60, 1, -1).astype(np.int8))
    assert ties.human["dropped"].value is None
    assert ties.cells[0].score.figures["kappa"].value is None


def test_every_item_labelled_leaves_nothing_to_correct():
    every = weighted(TRUTH)
    for cell in every.cells:
        assert cell.rates["half"].corrected == every.human["half"]


def drawn(codes, seed, low=0.15, high=0.6):
    """Labels of items drawn with two probabilities, and the design."""
    probabilities = np.where(np.arange(len(codes)) % 2 == 0, low, high)
    kept = np.random.default_rng(seed).random(len(codes)) < probabilities
    return NewLabels(("human",), np.where(kept, codes, -1).astype(np.int8)[:, None], Design(probabilities))


def test_equal_judges_are_told_apart_by_weighted_ranks_no_more_often_than_the_level_allows():
    false, worlds = 0, 150
    for seed in range(worlds):
        truth = labels(400, 10**6 + seed)
        equal = {f"j{k}": judge(truth, 0.6, 10**7 + 1000 * seed + k) for k in range(3)}
        new = drawn(truth, 5 * 10**7 + seed)
        sets = _rank_sets("kappa", dataset(equal, truth), [0, 1, 2], (new.codes[:, 0], new.design, RANKED), seed)
        false += sets != [(1, 3)] * 3
    assert false <= 0.1 * worlds


def test_a_better_judge_is_ranked_first_by_weighted_figures_and_clusters_and_few_labels_are_allowed_for():
    truth = labels(600)
    judges = {"good": judge(truth, 0.95, 1), "poor": judge(truth, 0.2, 2)}
    found = correct_dataset(dataset(judges, truth), drawn(truth, 3), RANKED, 7)
    assert [cell.ranks["kappa"] for cell in found.cells] == [(1, 1), (2, 2)]
    clustered = correct_dataset(dataset(judges, truth, clusters=np.arange(600) // 4), drawn(truth, 3), RANKED, 7)
    assert clustered.cells[0].ranks["kappa"] == (1, 1)
    few = correct_dataset(dataset(judges, truth), drawn(truth, 3, 0.01, 0.03), RANKED, 7)
    assert [cell.ranks["kappa"] for cell in few.cells] == [None, None]


def test_strengths_by_weighted_labels_are_those_of_all_items():
    rng = np.random.default_rng(5)
    n = 6000
    writers = rng.integers(0, 3, (n, 2))
    odd = np.arange(n) % 2 == 1
    gap = np.array([1.0, 0.0, -1.0])[writers]
    chance = 1 / (1 + np.exp(-(gap[:, 0] - gap[:, 1]) * np.where(odd, 2.0, 0.2)))
    truth = np.where(rng.random(n) < chance, 0, 2).astype(np.int8)
    names = np.array(["x", "y", "z"])[writers].T.tolist()
    data = dataset({}, truth, writers=names)
    every = correct_dataset(data, NewLabels(("human",), truth[:, None]), QUICK, 7)
    weighted_ = correct_dataset(data, drawn(truth, 4), QUICK, 7)
    taken = drawn(truth, 4)
    alike = correct_dataset(data, NewLabels(("human",), taken.codes), QUICK, 7)
    by = [{one.system: one.figure for one in each.strengths} for each in (every, weighted_, alike)]
    assert by[1]["x"].value == pytest.approx(by[0]["x"].value, abs=0.1)
    assert by[1]["x"].low < by[0]["x"].value < by[1]["x"].high
    assert by[2]["x"].low > by[0]["x"].value
