"""Intervals of means of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.records.figures import Figure
from harness.scoring import number_figures
from harness.scoring.number_figures import with_tails
from harness.scoring.soft_metric import SoftItems, find_soft_metric, gain_of


@pytest.mark.parametrize("name", ["bias", "mae"])
def test_a_mean_has_about_the_interval_of_a_t_test(name):
    rng = np.random.default_rng(3)
    y = rng.uniform(1, 5, 200)
    p = y + rng.normal(3, 0.5, 200)
    found = figure_of_items(name, p, y)
    reach = stats.t.ppf(0.975, 199) * (p - y).std(ddof=1) / np.sqrt(200)
    assert found.high - found.low == pytest.approx(2 * reach, rel=0.03)


def figure_of_items(name, p, y):
    return find_soft_metric(name).figure(SoftItems(p, y, None, 0.95, 1, scale=(1.0, 10.0)))


@pytest.mark.parametrize(("values", "third", "fourth"), [([2.0] * 5, 0.0, 0.0), ([0.0, 0.0, 0.0, 1.0], 1.1547, 2.3333),
                                                         ([0.0, 1.0], 0.0, 1.0)])  # fmt: skip
def test_a_moment_is_standardized_and_0_where_nothing_varies(values, third, fourth):
    found = [number_figures._moment(np.array(values), power) for power in (3, 4)]
    assert found == pytest.approx([third, fourth], abs=1e-4)


@pytest.mark.parametrize(("name", "gain"), [("kappa", 0.25), ("mae", -0.25), ("bias", 0.0)])
def test_a_difference_is_a_gain_by_the_direction_of_its_metric(name, gain):
    assert gain_of(name, 0.25) == gain


@pytest.mark.parametrize(
    ("items", "apart", "is_heavy"),
    [(45, 10, False), (40, 8, False), (44, 8, True)],
    ids=["kurtosis 1.5", "kurtosis 2", "kurtosis 2.5"],
)
def test_tails_are_heavy_beyond_an_excess_kurtosis_of_2(items, apart, is_heavy):
    y = np.full(items, 5.0)
    p = y + np.repeat([1.0, -1.0, 0.0], [apart // 2, apart // 2, items - apart])
    found = with_tails(Figure(0.0, -0.1, 0.1), SoftItems(p, y, None, 0.95, 1, scale=(1.0, 10.0)))
    assert ("heavy-tails" in found.flags) is is_heavy
