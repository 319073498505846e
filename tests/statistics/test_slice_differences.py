"""Figures on slices against the rest: errors of two samples, planted interactions, and worlds without one."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportions_ztest

from harness.scoring.metrics import accuracy, kappa
from harness.statistics.agreement import SHAPE
from harness.statistics.pairs import Statistic
from harness.statistics.slice_differences import slice_differences

ACCURACY, KAPPA = (Statistic(one.value, one.influence, SHAPE) for one in (accuracy, kappa))
KNOWN = {"level": 0.95, "seed": 1}


def world(skills, sizes, seed=0, cluster=1):
    """The cell of the table of each item, its slice, and its cluster."""
    rng = np.random.default_rng([seed, *sizes])
    slices = np.repeat(np.arange(len(sizes)), sizes)
    labels = rng.choice(3, len(slices), p=[0.42, 0.16, 0.42])
    group = np.arange(len(slices)) // cluster
    knows = rng.random(group.max() + 1)[group] < np.asarray(skills)[slices]
    judged = np.where(knows, labels, rng.choice(3, len(slices), p=[0.42, 0.16, 0.42]))
    return labels * SHAPE[1] + judged, slices, group


def test_accuracy_in_large_samples_is_the_test_of_two_proportions():
    places, slices, _ = world([0.6, 0.5], [4_000, 6_000])
    found = slice_differences(ACCURACY, places, slices, 1, None, **KNOWN)
    right = np.isin(places, [0, 5, 10])
    counts = [right[slices == 0].sum(), right[slices == 1].sum()]
    z, _ = proportions_ztest(counts, [4_000, 6_000])
    assert found.values[0] == pytest.approx(counts[0] / 4_000 - counts[1] / 6_000)
    assert abs(found.values[0]) / found.reach[0] * 1.96 == pytest.approx(abs(z), rel=0.03)


@pytest.mark.parametrize("statistic", [ACCURACY, KAPPA])
def test_a_planted_interaction_is_found_and_the_interval_leaves_out_0_exactly_then(statistic):
    places, slices, _ = world([0.2, 0.8, 0.8], [80, 80, 120])
    found = slice_differences(statistic, places, slices, 3, None, **KNOWN)
    assert found.values[0] < 0
    assert found.p_values[0] < 0.01
    assert ((found.p_values <= 0.05) == (np.abs(found.values) > found.reach)).all()


def test_a_faultless_judge_has_an_interval_with_a_width():
    places, slices, _ = world([1.0, 1.0], [40, 60])
    found = slice_differences(KAPPA, places, slices, 2, None, **KNOWN)
    assert found.values == pytest.approx([0, 0])
    assert (found.reach > 0.01).all()
    assert (found.p_values > 0.5).all()


def test_clusters_that_move_together_widen_the_interval():
    places, slices, group = world([0.5, 0.5], [160, 240], cluster=4)
    alone = slice_differences(KAPPA, places, slices, 1, None, **KNOWN)
    together = slice_differences(KAPPA, places, slices, 1, group, **KNOWN)
    assert together.reach[0] > 1.15 * alone.reach[0]


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [ACCURACY, KAPPA])
def test_worlds_without_an_interaction_are_rarely_rejected(statistic):
    rejected = 0
    for seed in range(300):
        places, slices, _ = world([0.5, 0.5, 0.5], [40, 60, 100], seed)
        rejected += bool((slice_differences(statistic, places, slices, 3, None, **KNOWN).p_values <= 0.05).any())
    assert rejected / 300 <= 0.09
