"""What can be found on rankings without a run, from simulated judges on the responses of the planned items."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from harness.analysis.power.figures import DatasetPower, PowerQuestion
from harness.analysis.power.ranked_world import ranked_powers
from harness.records.datasets import LENGTHS, OPINION
from harness.records.experiment import ScoreSpec
from harness.scoring.ranking_metric import NO_ORDER

SCORE = ScoreSpec(metrics=("top-1",), resamples=200)


class Planned:
    """The facts of a dataset alone."""

    def __init__(self, opinions, counts=None):
        lengths = [[1] * count for count in counts or [len(one) for one in opinions]]
        columns = {LENGTHS: pl.Series(lengths, dtype=pl.List(pl.Int64))}
        self._facts = pl.DataFrame(columns if opinions is None else columns | {OPINION: opinions})

    def facts(self):
        return self._facts


def powers(planned, names=("top-1",), n=100, effect=None, clustered=False):
    whole = DatasetPower("d", "simulated", 3, n, n, clustered, ())
    return ranked_powers(planned, whole, names, SCORE, 7, PowerQuestion(effect=effect))


def test_the_error_falls_with_the_square_root_of_the_items():
    planned = Planned([[1.0, 0.0, 0.0, 0.0]] * 30)
    (few,), (many,) = powers(planned, n=100), powers(planned, n=400)
    assert few.error[0] == pytest.approx(2 * many.error[0])
    assert 0.05 < few.error[0] < 0.1  # at most sqrt(2 · 0.25 / 100)
    assert few.one_pair.loss.value == pytest.approx(few.one_pair.gain.value)
    assert few.all_pairs.loss.value > few.one_pair.loss.value


def test_the_items_for_an_effect_and_the_chance_agree():
    (found,) = powers(Planned([[3.0, 2.0, 1.0]] * 30), ["kendall-tau"], effect=0.1)
    needed = found.one_pair.loss.n_needed
    (again,) = powers(Planned([[3.0, 2.0, 1.0]] * 30), ["kendall-tau"], n=needed, effect=0.1)
    assert again.one_pair.loss.chance == pytest.approx(0.8, abs=0.01)


def test_items_without_peoples_ranking_are_taken_to_have_one_without_ties():
    (bare,), (known,) = powers(Planned(None, [3] * 30)), powers(Planned([[0.0, 1.0, 2.0]] * 30))
    assert bare == known


def test_a_clustered_dataset_has_no_design_effect_without_a_pilot():
    assert powers(Planned([[1.0, 0.0]] * 30), clustered=True)[0].design_effect is None


@pytest.mark.parametrize(("name", "opinion", "reason"), [
    ("top-1", [1.0, 1.0], NO_ORDER),
    ("kappa", [1.0, 0.0], "the metric is not of rankings"),
])  # fmt: skip
def test_a_metric_without_a_value_has_the_reason(name, opinion, reason):
    (found,) = powers(Planned([opinion] * 30), [name])
    assert (found.reason, found.one_pair) == (reason, None)


def test_the_numbers_of_responses_may_differ():
    scores = [[1.0, 0.0], [0.0, 2.0, 1.0], list(np.arange(26.0))] * 10
    for found in powers(Planned(scores), ["top-1", "ndcg", "mrr", "all-best", "kendall-tau"]):
        assert 0 < found.error[0] < 1
