"""Rates of the systems that wrote single responses, and their differences."""

from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.correct.correct import correct, correct_dataset
from harness.analysis.correct.document import correction_json
from harness.analysis.correct.given_labels import NewLabels
from harness.records.document import Document
from harness.records.label_set import LabelSet
from harness.spec.schema import check
from harness.statistics.inverse_probability import Design
from support.readback import QUICK, dataset, run_of

N = 480
SYSTEMS = ("ash", "elm", "oak", "yew")
PASS = LabelSet(("fail", "pass"), positive="pass")


def world(clusters=None, labelled=240):
    """Four systems of which oak passes far more often, half of whose responses are labelled."""
    rng = np.random.default_rng(2)
    by = np.arange(N) % 4
    truth = (rng.random(N) < np.array([0.4, 0.45, 0.9, 0.4])[by]).astype(np.int8)
    judged = np.where(rng.random(N) < 0.85, truth, 1 - truth).astype(np.int8)
    writers = [SYSTEMS[k] for k in by]
    data = dataset({"good": judged}, truth, writers=(writers, [None] * N), clusters=clusters)
    codes = np.where(np.isin(np.arange(N), rng.permutation(N)[:labelled]), truth, -1).astype(np.int8)[:, None]
    return replace(data, label_set=PASS), codes


def found_of(data, codes, design=None):
    return correct_dataset(data, NewLabels(("human",), codes, design), QUICK, 7)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_differences_of_all_pairs_are_those_of_the_rates_and_say_which_systems_differ(clustered):
    data, codes = world(np.arange(N) // 4 if clustered else None)
    found = found_of(data, codes)
    rates = {one.system: one.rate.corrected.value for one in found.systems}
    assert len(found.differences) == 6
    for one in found.differences:
        assert one.figure.value == pytest.approx(rates[one.first] - rates[one.second])
        assert one.figure.low < one.figure.value < one.figure.high
        assert one.is_distinguishable is ("oak" in (one.first, one.second))
        assert one.figure.unit == ("cluster" if clustered else "item")
    shown = correction_json(correct(run_of(data), None, {"pairs": NewLabels(("human",), codes)}))
    assert check(Document("", shown), "correct") == []
    assert len(shown["datasets"][0]["differences"]) == 6


def test_unequal_probabilities_weight_the_rates_of_systems_and_their_differences():
    data, codes = world()
    judged = data.outcomes[:, 0]
    kept = np.where((judged == 1) & (np.arange(N) % 3 > 0), -1, codes[:, 0])[:, None].astype(np.int8)
    design = Design(np.where(judged == 1, 1 / 6, 1 / 2))
    plain, weighted = found_of(data, kept), found_of(data, kept, design)
    whole, one, other = (np.mean([each.human.value for each in found.systems]) for found in (
        found_of(data, codes), plain, weighted))  # fmt: skip
    assert abs(other - whole) < 0.6 * abs(one - whole)
    assert {each.human.method for each in weighted.systems} == {"weighted"}
    assert len(weighted.differences) == 6


def test_a_system_with_few_labels_has_no_interval_and_neither_have_its_differences():
    data, codes = world()
    codes[(np.arange(N) % 4 == 0) & (np.arange(N) > 100)] = -1
    found = found_of(data, codes)
    for one in found.differences:
        lacks = "ash" in (one.first, one.second)
        assert (one.figure.low is None) is lacks
        assert bool(one.figure.reason) is lacks
        assert not (lacks and one.is_distinguishable)


def test_one_system_or_pairs_have_no_differences():
    data, codes = world()
    alone = replace(
        data, frame=data.frame.with_columns(model_a=data.frame["model_a"].replace(dict.fromkeys(SYSTEMS, "x")))
    )
    assert found_of(alone, codes).differences == ()
