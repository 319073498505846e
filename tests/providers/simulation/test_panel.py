"""Judges in arrays answer as those that read texts do."""

from collections import Counter

import numpy as np
import pytest

from harness.providers.simulation.chance import Chance
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.judge import perceive, verdict_of
from harness.providers.simulation.panel import SKILL, panel, ranked_panel
from harness.providers.simulation.world import Knobs
from harness.records.judgments import VERDICTS

MANY = 400


def shares_of(codes):
    return np.bincount(codes, minlength=3) / len(codes)


def test_the_same_seed_gives_the_same_panel():
    (labels, judged), (again, same) = (panel(3, 500, seed=4) for _ in range(2))
    assert (labels == again).all()
    assert (judged == same).all()
    assert not (panel(3, 500, seed=5)[0] == labels).all()
    assert judged.shape == (500, 3)
    assert labels.dtype == judged.dtype == np.int8


def test_labels_and_verdicts_are_as_frequent_as_in_the_world_of_texts():
    rows = make_pairs(3, MANY)
    told = [Counter(row["labels"]).most_common(1)[0] for row in rows]
    labels = np.array([VERDICTS.index(verdict if count > 1 else "tie") for verdict, count in told])
    knobs = Knobs()
    read = []
    for row in rows:
        chance = Chance("panel", row["id"])
        seen = (perceive(knobs, row["prompt"], row[f"response_{side}"], chance) for side in "ab")
        read.append(VERDICTS.index(verdict_of(*seen).casefold()))
    drawn, judged = panel(4, 20_000, seed=1)
    error = np.sqrt(0.25 / MANY)
    assert shares_of(labels) == pytest.approx(shares_of(drawn), abs=3 * error)
    assert shares_of(read) == pytest.approx(shares_of(judged[:, 0]), abs=3 * error)
    assert (labels == read).mean() == pytest.approx((judged == drawn[:, None]).mean(), abs=3 * error)


@pytest.mark.parametrize("counts", [(50, 20, 50), (1, 0, 3), (0, 1, 0)])
def test_labels_have_the_shares_asked_for(counts):
    labels, judged = panel(2, 4_000, seed=1, shares=counts)
    assert shares_of(labels) == pytest.approx(np.array(counts) / sum(counts), abs=0.001)
    assert (judged == labels[:, None]).mean() > 0.3


def test_judges_err_by_themselves():
    labels, judged = panel(2, 20_000, seed=1)
    wrong = judged != labels[:, None]
    both = (wrong[:, 0] & wrong[:, 1]).mean()
    assert wrong.mean(axis=0).prod() < both < wrong.mean() * 0.9  # some pairs are hard for all, and that is all


def test_rankings_have_neighbours_in_the_right_order_as_often_as_the_skill_says():
    scores = np.tile([[7.0, 1.0, 3.0, np.nan], [1.0, 1.0, 0.0, 0.0]], (3_000, 1))
    first, second = ranked_panel(2, scores, 4)
    assert (np.isnan(first) == np.isnan(scores)).all()
    assert sorted(first[0, :3]) == [1, 2, 3]
    assert np.mean(first[::2, 0] < first[::2, 2]) == pytest.approx(SKILL, abs=0.03)
    assert np.mean(first[::2, 2] < first[::2, 1]) == pytest.approx(SKILL, abs=0.03)
    assert np.mean(first[1::2, 0] < first[1::2, 1]) == pytest.approx(0.5, abs=0.03)  # tied by people
    assert np.mean(first[1::2, 0] < first[1::2, 2]) == pytest.approx(SKILL, abs=0.03)
    assert not (first[::2, :3] == second[::2, :3]).all()
