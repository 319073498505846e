"""Rogan and Gladen's rates beside corrected ones: what they assume is said, and where they fail is named."""

from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.correct.correct import correct
from harness.analysis.correct.document import correction_json
from harness.analysis.correct.given_labels import NewLabels
from harness.errors import RunFolderError
from harness.records.document import Document
from harness.records.label_set import LabelSet
from harness.spec.schema import check
from harness.statistics.inverse_probability import Design
from support.readback import QUICK, dataset, labels, run_of

N = 400
PASS = LabelSet(("fail", "pass"), positive="pass")


def corrected(judges, truth, *, kept=200, design=None, writers=None):
    some = np.where(np.random.default_rng(5).permutation(N) < kept, truth, -1).astype(np.int8)[:, None]
    data = replace(dataset(judges, truth, writers=writers), label_set=PASS)
    found = correct(run_of(data), None, {"pairs": NewLabels(("human",), some, design)}, "rogan-gladen")
    shown = correction_json(found)
    assert check(Document("", shown), "correct") == []
    return found.datasets[0], shown["datasets"][0]["rogan_gladen"]


def truth_of(rate=0.6, seed=1):
    return (np.random.default_rng(seed).random(N) < rate).astype(np.int8)


def judged_by(truth, se, sp, seed=2):
    draws = np.random.default_rng(seed).random(N)
    return np.where(truth == 1, draws < se, draws >= sp).astype(np.int8)


def test_a_good_judge_has_nearly_the_corrected_rate_and_the_assumption_is_said():
    truth = truth_of()
    (one, shown) = corrected({"good": judged_by(truth, 0.9, 0.85)}, truth)
    (rate,) = one.rogan_gladen
    assert rate.figure.method == "fieller"
    assert rate.figure.low < rate.figure.value < rate.figure.high
    assert rate.figure.value == pytest.approx(rate.corrected.value, abs=0.05)
    assert shown[0]["estimate"] == pytest.approx(rate.figure.value)
    assert any(
        "Rogan-Gladen assumes the sensitivity and specificity of the labelled items" in note for note in one.notes
    )
    assert not any("leaves [0, 1]" in note or "allows every rate" in note for note in one.notes)


def test_a_judge_at_chance_allows_every_rate_and_one_kind_of_label_none():
    truth = truth_of()
    (one, _) = corrected({"blind": judged_by(truth, 0.5, 0.5)}, truth)
    assert (one.rogan_gladen[0].figure.low, one.rogan_gladen[0].figure.high) == (0, 1)
    assert any("is not distinguishable from 1" in note for note in one.notes)
    every = np.ones(N, np.int8)
    (one, shown) = corrected({"good": judged_by(every, 0.9, 0.9)}, every)
    assert one.rogan_gladen[0].figure.value is None
    assert "fewer than 2 labelled items" in one.rogan_gladen[0].figure.reason
    assert shown[0]["specificity"] is None


def test_a_system_that_the_judge_favours_is_wrong_by_rogan_gladen_and_right_by_the_corrected_rate():
    """The judge passes everything of its own family: sensitivity and specificity over all systems do not transport."""
    rng = np.random.default_rng(3)
    own = np.arange(N) % 4 == 0
    truth = (rng.random(N) < np.where(own, 0.1, 0.6)).astype(np.int8)
    judged = np.where(own & (rng.random(N) < 0.9), 1, judged_by(truth, 0.9, 0.9)).astype(np.int8)
    writers = np.where(own, "own", "other").tolist(), [None] * N
    (one, shown) = corrected({"kin": judged}, truth, kept=360, writers=writers)
    by = {rate.system: rate for rate in one.rogan_gladen}
    assert set(by) == {None, "own", "other"}
    assert by["own"].figure.low > truth[own].mean()
    assert by["own"].corrected.low < truth[own].mean() < by["own"].corrected.high
    assert any("exclude each other" in note and "own by direct/judge:kin" in note for note in one.notes)
    assert len(shown) == 3


def test_an_estimate_outside_the_range_is_named_and_kept_as_it_is():
    truth = truth_of(0.5)
    some = np.random.default_rng(4).permutation(N)[:60]
    judged = np.ones(N, np.int8)  # it passes everything that nobody labelled
    judged[some] = np.where(np.arange(60) % 5 == 0, 0, truth[some])
    codes = np.where(np.isin(np.arange(N), some), truth, -1).astype(np.int8)[:, None]
    data = replace(dataset({"odd": judged}, truth), label_set=PASS)
    found = correct(run_of(data), None, {"pairs": NewLabels(("human",), codes)}, "rogan-gladen")
    (one,) = found.datasets
    assert one.rogan_gladen[0].found.value > 1
    assert (one.rogan_gladen[0].figure.value, one.rogan_gladen[0].figure.high) == (1, 1)
    assert correction_json(found)["datasets"][0]["rogan_gladen"][0]["estimate"] > 1
    assert any("leaves [0, 1] and is cut off: direct/judge:odd" in note for note in one.notes)


def test_unequal_probabilities_weight_sensitivity_and_specificity():
    truth = truth_of()
    judged = judged_by(truth, 0.8, 0.8)
    design = Design(np.where(judged == 1, 0.2, 0.8))
    weighted, plain = (corrected({"a": judged}, truth, design=one)[0].rogan_gladen[0] for one in (design, None))
    assert weighted.found.sensitivity > plain.found.sensitivity


def test_pairs_are_refused_and_few_labels_have_no_interval():
    truth = labels()
    with pytest.raises(RunFolderError, match=r"is of the rate of a label, and this run judged pairs; leave out"):
        correct(run_of(dataset({"a": truth}, truth)), None, None, "rogan-gladen")
    truth = truth_of()
    (one, _) = corrected({"a": judged_by(truth, 0.9, 0.9)}, truth, kept=12)
    assert one.rogan_gladen[0].figure.low is None
    assert one.rogan_gladen[0].figure.reason == "fewer than 20 items: counts only"
    assert QUICK.level == one.rogan_gladen[0].figure.level
