"""Win rates by labels that were drawn with unequal probabilities: intervals, units and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from harness.records.experiment import ScoreSpec
from harness.scoring.estimates import TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.weighted_rates import METHOD, weighted_human_rates, weighted_judge_rates
from harness.scoring.win_rates import NO_LABELS, Seen, human_rates, judge_rates
from harness.statistics.inverse_probability import Design

N = 300
QUICK = ScoreSpec(resamples=200)


def seen(labelled=100, clusters=None):
    rng = np.random.default_rng(5)
    truth = rng.choice(3, N, p=[0.5, 0.1, 0.4])
    outcomes = np.where(rng.random(N) < 0.8, truth, 0).astype(np.int8)
    labels = np.where(np.arange(N) < labelled, truth, -1).astype(np.int8)
    return Seen(outcomes, labels, clusters)


DESIGN = Design(np.full(N, 1 / 3))


def test_labels_of_equal_probability_have_their_share_with_an_interval() -> None:
    found = weighted_human_rates(seen(), DESIGN, QUICK)["half"]
    labels = seen().labels[:100]
    assert found.value == pytest.approx(((labels == 0) + 0.5 * (labels == 1)).mean())
    assert found.low < found.value < found.high
    assert (found.method, found.unit, found.n) == (METHOD, "item", 100)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.47 / 10, rel=0.15)


def test_clusters_of_one_item_are_items_and_large_ones_widen_the_interval() -> None:
    alone = weighted_human_rates(seen(), DESIGN, QUICK)["half"]
    single = weighted_human_rates(seen(clusters=np.arange(N)), DESIGN, QUICK)["half"]
    assert single.unit == "cluster"
    assert single.high - single.low == pytest.approx(alone.high - alone.low, rel=0.05)
    copies = np.arange(N) // 4
    wide = weighted_human_rates(seen(clusters=copies), DESIGN, QUICK)["half"]
    assert wide.high - wide.low > alone.high - alone.low


@pytest.mark.parametrize(
    ("labelled", "clusters", "reason"),
    [(0, None, NO_LABELS), (5, None, TOO_FEW_ITEMS), (100, np.zeros(N, np.int64), TOO_FEW_CLUSTERS)],
    ids=["no labels", "few labels", "one cluster"],
)
def test_what_has_no_interval_says_why(labelled, clusters, reason) -> None:
    found = weighted_human_rates(seen(labelled, clusters), DESIGN, QUICK)["half"]
    assert (found.low, found.reason) == (None, reason)


def test_the_judge_narrows_the_interval_of_the_labels_unless_every_item_has_one() -> None:
    for labelled in (100, N):
        here = seen(labelled)
        design = DESIGN if labelled < N else Design(np.ones(N))
        human = weighted_human_rates(here, design, QUICK)
        plain = judge_rates(here, human_rates(here.labels, None, QUICK, 1), QUICK, judge_seed=2, seed=3)
        found = weighted_judge_rates(plain, here, design, human, QUICK)["half"]
        if labelled == N:
            assert found.corrected == human["half"]
        else:
            assert found.corrected.high - found.corrected.low < human["half"].high - human["half"].low
            assert 0 < found.power <= 1
            assert found.gain > 1
