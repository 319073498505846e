"""Position bias and self-agreement of rankings of several responses."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from harness.analysis.audit.probe import Audited, find_probe, finding_of
from harness.analysis.audit.ranked import COUNTED, EACH, NO_REPEATS, NO_TWO, PAIRS
from harness.records.datasets import LENGTHS, OPINION
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import RANKED
from harness.records.rankings import ranking_of
from harness.runner.run_reader import JudgedDataset
from harness.scoring.labels import reference_of

SCORE = ScoreSpec(metrics=("top-1",), resamples=100)
POSITION, AGREEMENT, FAILURES = (find_probe(name) for name in ("position", "self-agreement", "failures"))


def audited(votes, counts, *, order="both", repeats=1, opinions=None, mode="judge", ask="rank", clusters=None):
    """A cell whose items have these rankings; None of a failure."""
    n = len(votes)
    settings = {"by": "round-robin", "rounds": None} if mode == "tournament" else {}
    cell = Cell("d", "s", mode, ("m",), order, repeats, settings=settings)
    frame = pl.DataFrame({
        "item": [f"q{at}" for at in range(n)],
        "reference": pl.Series(["ranked" if opinions else None] * n, dtype=pl.String),
        "cluster": [f"c{at}" for at in clusters] if clusters is not None else [f"q{at}" for at in range(n)],
        LENGTHS: [[1] * count for count in counts],
        **({OPINION: opinions} if opinions else {}),
    })  # fmt: skip
    rankings = [None if None in each else each[0] for each in votes]
    outcomes = np.array([[4 if one is None else 0] for one in rankings], np.int8)
    many = (votes,) if order == "both" or repeats > 1 else (None,)
    data = JudgedDataset(
        "d", "", (), clusters is not None, frame, (cell,), outcomes, ({},), (None,), (Usage(),), {}, RANKED,
        (rankings,), many,
    )  # fmt: skip
    return Audited(data, 0, reference_of(data), SCORE, 7, {}, ask)


def judged(generator, n, bias, order, width=3):
    """Rankings of random responses by a judge that favours the slot that is shown first."""
    quality = generator.normal(size=(n, width))

    def ranking(at, is_swapped):
        seen = quality[at] + 0.3 * generator.normal(size=width)
        seen[-1 if is_swapped else 0] += bias
        return ranking_of(seen.tolist())

    orders = (False, True) if order == "both" else (order == "swapped",)
    return [[ranking(at, one) for one in orders] for at in range(n)], quality.tolist()


@pytest.mark.parametrize(("bias", "kind", "direction"), [
    (1.5, "found", "positive"), (-1.5, "found", "negative"), (0, "nothing", "none"),
])  # fmt: skip
@pytest.mark.parametrize("order", ["both", "given", "swapped"])
def test_a_preferred_slot_is_found_in_both_orders_and_described_in_one(bias, kind, direction, order):
    votes, quality = judged(np.random.default_rng(5), 300, bias, order)
    found = POSITION.figures(audited(votes, [3] * 300, order=order, opinions=quality))
    result = finding_of(POSITION, found)
    excess = found["position.slot-1.excess"]
    if order == "both":
        assert (result.kind, result.direction) == (kind, direction)
    else:
        assert result.kind == "described"
        assert excess.low < bias / 5 < excess.high or np.sign([excess.low, excess.high]).tolist() == [np.sign(bias)] * 2
    assert sum(found[f"position.slot-{slot}"].value for slot in (1, 2, 3)) == pytest.approx(1)
    assert sum(found[f"position.slot-{slot}.excess"].value for slot in (1, 2, 3)) == pytest.approx(0)
    assert "the response shown first is ranked first on" in POSITION.sentence(found)


def test_both_orders_need_no_people_and_cancel_the_order_of_the_data():
    votes = [["1>2>3", "1>2>3"]] * 40  # the first response is the best one, whatever the order
    found = POSITION.figures(audited(votes, [3] * 40))
    assert found["position.slot-1"].value == 0.5  # shown first in one order, last in the other
    assert found["position.slot-1.excess"].value == 0
    assert found["position.flip-rate"].value == 0
    always_first = POSITION.figures(audited([["1>2>3", "3>2>1"]] * 40, [3] * 40))
    assert always_first["position.slot-1"].value == 1
    assert always_first["position.slot-1.excess"].value == 0.5
    assert always_first["position.slot-3.excess"].value == -0.5
    assert always_first["position.flip-rate"].value == 1


def test_items_of_a_cluster_are_not_independent():
    votes, _ = judged(np.random.default_rng(1), 40, 1.5, "both")
    alone = POSITION.figures(audited(votes * 5, [3] * 200))["position.slot-1.excess"]
    together = POSITION.figures(audited(votes * 5, [3] * 200, clusters=list(range(40)) * 5))["position.slot-1.excess"]
    assert together.unit == "cluster"
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_number_of_responses_may_differ_and_failures_do_not_count():
    votes = [["1>2", "2>1"], ["1>2>3>4", "4>3>2>1"], [None, "1>2"], [None, None]] * 10
    found = POSITION.figures(audited(votes, [2, 4, 2, 2] * 10))
    assert (found["position.slot-1"].n, found["position.slot-4"].n) == (20, 10)
    assert found["position.slot-1"].value == 1
    assert FAILURES.figures(audited(votes, [2, 4, 2, 2] * 10))["failures.all"].value == 0.5


def test_tied_responses_share_the_first_place():
    found = POSITION.figures(audited([["1=2>3", "1=2>3"]] * 30, [3] * 30))
    assert found["position.slot-1"].value == 0.25
    assert found["position.slot-2"].value == 0.5


@pytest.mark.parametrize(("options", "reason"), [
    ({"ask": "each"}, EACH),
    ({"mode": "tournament", "ask": "pair"}, PAIRS),
    ({"mode": "jury"}, COUNTED),
])  # fmt: skip
def test_a_cell_without_slots_says_why(options, reason):
    one = audited([["1>2", "1>2"]] * 30, [2] * 30, **options)
    found = POSITION.figures(one)
    assert {figure.reason for figure in found.values()} == {reason}
    assert set(found) == {"position.slot-1", "position.slot-1.excess", "position.slot-2", "position.slot-2.excess",
                          "position.flip-rate"}  # fmt: skip
    assert finding_of(POSITION, found).kind == "unknown"
    assert reason in POSITION.sentence(found)


def test_one_order_without_people_is_unknown():
    found = POSITION.figures(audited([["1>2"]] * 30, [2] * 30, order="given"))
    assert found["position.slot-1.excess"].value is None
    assert finding_of(POSITION, found).kind == "unknown"


def test_a_dataset_without_a_ranking_is_unknown():
    found = POSITION.figures(audited([[None, None]] * 30, [2] * 30))
    assert found["position.slot-1.excess"].reason == NO_TWO
    assert finding_of(POSITION, found).reason == NO_TWO


def test_repeats_agree_on_the_first_and_on_the_ranking():
    votes = [["1>2>3", "1>3>2"], ["1>2>3", "1>2>3"], ["1>2>3", "3>2>1"], ["1>2>3", None]] * 10
    found = AGREEMENT.figures(audited(votes, [3] * 40, order="given", repeats=2))
    assert found["self-agreement.repeats"].value == pytest.approx(2 / 3)
    assert found["self-agreement.repeats"].n == 30
    assert found["self-agreement.kendall"].value == pytest.approx((1 / 3 + 1 - 1) / 3)
    assert finding_of(AGREEMENT, found).kind == "found"
    assert "rank the same responses first; Kendall's tau-b of whole rankings 0.11" in AGREEMENT.sentence(found)


def test_repeats_are_compared_in_the_same_order():
    votes = [["1>2", "1>2", "2>1", "2>1"]] * 30  # two repeats in each of both orders
    found = AGREEMENT.figures(audited(votes, [2] * 30, repeats=2))
    assert found["self-agreement.repeats"].value == 1
    assert finding_of(AGREEMENT, found).kind == "nothing"


def test_without_repeats_self_agreement_is_unknown():
    found = AGREEMENT.figures(audited([["1>2", "1>2"]] * 30, [2] * 30))
    assert {one.reason for one in found.values()} == {NO_REPEATS}
    assert NO_REPEATS in AGREEMENT.sentence(found)
