"""The companions of cells that ask several times."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from harness.evaluators.voting import most_votes
from harness.records.experiment import Cell
from harness.records.judgments import Usage
from harness.scoring.score import score_dataset
from support.labelled import QUICK, Labelled, judge, labels

CODES = labels(120)
GIVEN, SWAPPED = judge(CODES, 0.8, 1), judge(CODES, 0.6, 2, failing=0.1)


def scored(votes, collapsed=None, *, codes=CODES, clusters=None, **cell):
    """All that is scored of one cell with votes."""
    votes = np.asarray(votes, np.int8)
    outcomes = most_votes(votes.T) if collapsed is None else collapsed
    one = Cell("fair", "direct", cell.pop("mode", "judge"), ("m",), **cell)
    return score_dataset([one], Labelled(codes, clusters), outcomes[:, None], QUICK, 7, [Usage()], [votes])


def figures(votes, collapsed=None, **options):
    return scored(votes, collapsed, **options).scores[0].figures


def both(given=GIVEN, swapped=SWAPPED, **options):
    return figures(np.column_stack([given, swapped]), order="both", **options)


def test_each_order_has_its_own_metrics():
    found = both()
    assert found["kappa.given"].value == pytest.approx(cohen_kappa_score(CODES, GIVEN))
    assert found["accuracy.swapped"].value == pytest.approx(np.mean(CODES == SWAPPED))
    for name in ("kappa.given", "kappa-ab.swapped", "ac1.given"):
        assert found[name].low < found[name].value < found[name].high
        assert (found[name].method, found[name].resamples, len(found[name].seed)) == ("bootstrap", 400, 32)
    assert found["kappa.given"].seed != found["kappa.swapped"].seed
    assert not {"self-agreement", "kappa.round-1"} & found.keys()


def test_orders_are_held_against_each_other():
    collapsed = np.where(GIVEN == SWAPPED, GIVEN, 1)
    collapsed[SWAPPED > 2] = 3
    found = both(collapsed=collapsed)
    decided = SWAPPED < 3
    flips = found["flip-rate"]
    assert flips.n == flips.units == decided.sum()
    assert flips.value == pytest.approx(np.mean(GIVEN[decided] != SWAPPED[decided]))
    assert flips.method == "wilson"
    assert flips.low < flips.value < flips.high
    first, second = (GIVEN == 0) & (SWAPPED == 2), (GIVEN == 2) & (SWAPPED == 0)
    assert found["slot-preference"].n == (first | second).sum()
    assert found["slot-preference"].value == pytest.approx(first.sum() / (first | second).sum())
    assert 0 < found["slot-preference.p-value"].value <= 1
    assert found["slot-preference.p-value"].low is None
    made = decided & (collapsed == 1) & (GIVEN != 1) & (SWAPPED != 1)
    assert found["tie-inflation"].value == pytest.approx(made.sum() / decided.sum())


def test_where_no_slot_won_nothing_is_said_of_slots():
    found = both(GIVEN, GIVEN)
    assert found["flip-rate"].value == 0
    assert found["flip-rate"].high > 0
    for name in ("slot-preference", "slot-preference.p-value"):
        assert found[name].value is None
        assert "one slot" in found[name].reason
    assert both(np.full(120, 3), GIVEN)["flip-rate"].reason == "no item has two verdicts to compare"


def test_repeats_agree_item_by_item():
    draws = np.column_stack([judge(CODES, 0.8, seed) for seed in range(3)])
    found = figures(draws, repeats=3)
    pairs = [(0, 1), (0, 2), (1, 2)]
    share = np.mean([draws[:, x] == draws[:, y] for x, y in pairs])
    own = found["self-agreement"]
    assert own.value == pytest.approx(share)
    assert (own.n, own.unit, own.method) == (120, "item", "analytic")
    assert own.low < own.value < own.high
    assert not {"flip-rate", "repeat-flip-rate", "kappa.given"} & found.keys()


def test_repeats_that_never_differ_are_not_certain_to_agree():
    own = figures(np.repeat(GIVEN[:, None], 3, axis=1), repeats=3)["self-agreement"]
    assert own.value == own.high == 1
    assert own.low < 1
    assert own.method == "wilson"


def test_noise_is_not_called_bias():
    noisy = np.column_stack([judge(CODES, 0.5, seed) for seed in range(6)])
    found = figures(noisy, order="both", repeats=3)
    assert found["kappa.given"].value == pytest.approx(cohen_kappa_score(CODES, most_votes(noisy[:, :3].T)))
    assert found["flip-rate"].value > 0.2
    assert found["repeat-flip-rate"].value == pytest.approx(1 - found["self-agreement"].value)
    excess = found["excess-flip-rate"]
    assert excess.low < 0 < excess.high
    biased = np.where(np.arange(6) < 3, 0, 2) * np.ones((120, 1), np.int8)
    assert figures(biased, order="both", repeats=3)["excess-flip-rate"].value == 1


def test_rounds_of_a_debate_have_metrics_of_their_own():
    rounds = np.column_stack([judge(CODES, skill, 3) for skill in (0.3, 0.6, 0.9)])
    found = figures(rounds, rounds[:, -1], mode="debate")
    assert found["kappa.round-1"].value < found["kappa.round-2"].value < found["kappa.round-3"].value
    assert found["kappa.round-3"].value == found["kappa"].value
    assert not {"flip-rate", "self-agreement"} & found.keys()


def test_clusters_are_the_unit():
    found = both(clusters=np.arange(120) // 2)["flip-rate"]
    assert (found.method, found.unit, found.units) == ("clustered", "cluster", 60)
    assert found.low < found.value < found.high
    assert found.design_effect > 0
    few = both(clusters=np.arange(120) // 30)["flip-rate"]
    assert few.low is None
    assert few.reason
    assert "few-clusters" in few.flags
    same = both(GIVEN, GIVEN, clusters=np.arange(120) // 2)["flip-rate"]
    assert "degenerate" in same.flags


def test_few_items_have_no_interval():
    few = figures(np.column_stack([GIVEN, SWAPPED])[:19], order="both", codes=CODES[:19])["flip-rate"]
    assert few.value is not None
    assert few.low is None
    assert few.reason.startswith("fewer than 20 items")


def test_items_without_a_label_count_where_no_label_is_needed():
    codes = np.where(np.arange(120) < 60, CODES, -1).astype(np.int8)
    found = both(GIVEN, GIVEN, codes=codes)
    assert found["flip-rate"].n == 120
    assert found["kappa.given"].n == 60


def test_another_metric_in_the_spec_changes_none_of_them():
    votes = np.column_stack([GIVEN, SWAPPED])
    cell = Cell("fair", "direct", "judge", ("m",), "both")
    outcomes = most_votes(votes.T)[:, None]
    one, other = (
        score_dataset([cell], Labelled(CODES), outcomes, replace(QUICK, metrics=names), 7, [Usage()], [votes])
        for names in (("kappa",), ("accuracy", "ac1"))
    )
    assert one.scores == other.scores
