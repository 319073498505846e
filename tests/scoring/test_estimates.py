"""Figures of samples: what smoothing adds, and that no sample changes the figures of another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.label_set import LabelSet
from harness.scoring.estimates import Sample, figures_of, smoothing_of
from harness.scoring.failure_bounds import failure_bounds
from harness.scoring.metric import find_metric


@pytest.mark.parametrize("labels", [1, 2, 3, 5])
def test_smoothing_adds_two_items_in_all_and_nothing_to_failures(labels: int) -> None:
    added = smoothing_of((labels, labels + 1))
    assert added.shape == (labels, labels + 1)
    assert added[:, :labels].tolist() == [[2 / labels**2] * labels] * labels
    assert added[:, labels].tolist() == [0.0] * labels
    assert added.sum() == pytest.approx(2)


def sample(rng: np.random.Generator, classes: int, items: int, systems: int, group: NDArray[np.int64] | None) -> Sample:
    """Judgments that agree with the labels more often than not."""
    rows = rng.integers(0, classes, items)
    columns = np.where(rng.random(items) < 0.6, rows, rng.integers(0, classes + 1, items))
    places = (rows * (classes + 1) + columns).astype(np.intp)
    table = np.bincount(places, minlength=classes * (classes + 1)).reshape(classes, -1).astype(float)
    return Sample(table, systems, group, None if group is None else places)


@given(
    seed=st.integers(0, 2**32),
    classes=st.integers(2, 9),
    others=st.integers(0, 6),
    method=st.sampled_from(["bootstrap", "percentile", "bca", "analytic"]),
    clustered=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_the_figures_of_a_sample_do_not_depend_on_the_other_samples(
    seed: int, classes: int, others: int, method: str, clustered: bool
) -> None:
    rng = np.random.default_rng(seed)
    group = np.arange(60, dtype=np.int64) // 3 if clustered else None
    labels = LabelSet(tuple("abcdefghi"[:classes]), is_ordered=True)
    score = ScoreSpec(metrics=("kappa",), interval=method, resamples=600)  # type: ignore[arg-type] # one of its names
    names = ["kappa", "accuracy", "ac1", "kappa-quadratic", "balanced-accuracy"]
    metrics = {name: find_metric(name, None, labels) for name in names}
    one = sample(rng, classes, 60, 1, group)
    rest = [sample(rng, classes, 60, 1, group) for _ in range(others)]
    alone = figures_of([one], metrics, score, [5])[0]
    for at in {0, others}:
        together, seeds = [*rest], list(range(10, 10 + others))
        together.insert(at, one)
        seeds.insert(at, 5)
        assert figures_of(together, metrics, score, seeds)[at] == alone
        assert failure_bounds(together, metrics, score)[at] == failure_bounds([one], metrics, score)[0]


def test_no_samples_have_no_figures() -> None:
    metrics = {"accuracy": find_metric("accuracy")}
    assert figures_of([], metrics, ScoreSpec(), []) == []
    assert failure_bounds([], metrics, ScoreSpec()) == []
