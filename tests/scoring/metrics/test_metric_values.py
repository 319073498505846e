"""Each metric by hand, on one small table with two failures."""

import numpy as np
import pytest

from harness.scoring.metric import find_metric

TABLE = np.array([[4, 1, 0, 1], [1, 2, 0, 0], [2, 0, 3, 1]])
"""n = 15; right 9; reference 6, 3, 6; judgments 7, 3, 3 and 2 failures."""

EXPECTED = {
    "accuracy": 9 / 15,
    "kappa": (15 * 9 - (6 * 7 + 3 * 3 + 6 * 3)) / (225 - 69),
    "kappa-linear": (15 * (9 + 2 / 2) - (69 + (6 * 3 + 3 * 7 + 3 * 3 + 6 * 3) / 2))
    / (225 - (69 + (6 * 3 + 3 * 7 + 3 * 3 + 6 * 3) / 2)),
    "ac1": (9 / 15 - (13 * 17 + 6 * 24 + 9 * 21) / 1800) / (1 - (13 * 17 + 6 * 24 + 9 * 21) / 1800),
    "kappa-ab": (11 * 7 - (5 * 6 + 6 * 3)) / (121 - (5 * 6 + 6 * 3)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_value_by_hand(name):
    assert float(find_metric(name).value(TABLE)) == pytest.approx(EXPECTED[name], abs=1e-12)


@pytest.mark.parametrize(("name", "n"), [("kappa", 15), ("kappa-ab", 11)])
def test_items_that_a_figure_rests_on(name, n):
    assert int(find_metric(name).count(TABLE)) == n


def test_undecided_items_do_not_move_kappa_ab():
    influence = find_metric("kappa-ab").influence(TABLE)
    assert (influence[1] == 0).all()
    assert (influence[:, 1] == 0).all()


def test_a_constant_judge_has_exactly_no_kappa():
    assert float(find_metric("kappa").value(np.array([[0, 8, 0, 0], [0, 5, 0, 0], [0, 9, 0, 0]]))) == 0.0
