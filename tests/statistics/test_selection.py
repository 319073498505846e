"""Picking the best of many: what it adds to a figure, and what is left once that is taken off."""

import numpy as np
import pytest

from harness.scoring.metric import find_metric
from harness.statistics import selection

KAPPA = find_metric("kappa").value
SHARES = np.array([0.42, 0.16, 0.42])
SKILL = 0.4
COMMON = 0.7


def tables_of(places):
    return np.array([np.bincount(column, minlength=12) for column in places.T], float).reshape(-1, 3, 4)


def equal_configurations(rng, n=80, configurations=57):
    """Places of configurations of one skill that share much of what they are right and wrong about."""
    labels = rng.choice(3, n, p=SHARES)

    def shared(everybodys, own):
        return np.where(rng.random((n, configurations)) < COMMON, everybodys, own)

    copies = shared(rng.random((n, 1)), rng.random((n, configurations))) < SKILL
    guesses = shared(rng.choice(3, (n, 1), p=SHARES), rng.choice(3, (n, configurations), p=SHARES))
    return labels[:, None] * 4 + np.where(copies, labels[:, None], guesses)


def bias_of(places, clusters=None, seed=1):
    return selection.selection_bias(places, clusters, KAPPA, seed=seed)


def by_loop(places, resamples, seed):
    """The same in so many words."""
    n = len(places)
    drawn = np.random.Generator(np.random.PCG64(seed)).integers(0, n, (resamples, n), dtype=np.int32)
    on_all = KAPPA(tables_of(places))
    optimism, left_out = [], []
    for rows in drawn:
        values = KAPPA(tables_of(places[rows]))
        best = int(values.argmax())
        optimism.append(values[best] - on_all[best])
        left_out.append(float(KAPPA(tables_of(np.delete(places, rows, axis=0)[:, [best]]))[0]))
    return np.mean(optimism), on_all.max() - np.mean(left_out)


def test_the_whole_selection_is_run_again_in_each_resample(monkeypatch):
    monkeypatch.setattr(selection, "RESAMPLES", 100)
    places = equal_configurations(np.random.default_rng(3))
    found = bias_of(places, seed=5)
    assert found[:2] == pytest.approx(by_loop(places, 100, 5))
    assert found.resamples == 100
    assert 0 < found.optimism < found.mean < found.out_of_bag


def test_blocks_change_nothing(monkeypatch):
    places = equal_configurations(np.random.default_rng(3))
    whole = bias_of(places)
    monkeypatch.setattr(selection, "HELD_AT_ONCE", 5_000)
    assert bias_of(places) == pytest.approx(whole)


def test_clusters_are_drawn_whole():
    places = equal_configurations(np.random.default_rng(3))
    alone = bias_of(places)
    assert bias_of(places, np.arange(80)) == alone
    assert bias_of(np.repeat(places, 3, axis=0), np.repeat(np.arange(80), 3)) == pytest.approx(alone)
    assert bias_of(np.repeat(places, 3, axis=0)).mean < alone.mean


def test_a_choice_that_is_clear_costs_little():
    rng = np.random.default_rng(1)
    labels = rng.choice(3, 300, p=SHARES)
    noise = rng.choice(3, (300, 10), p=SHARES)
    judged = np.column_stack([np.where(rng.random(300) < 0.9, labels, noise[:, 0]), noise[:, 1:]])
    found = bias_of(labels[:, None] * 4 + judged)
    assert 0 <= found.optimism < 0.01
    assert 0 <= found.out_of_bag < 0.01


def test_many_items_need_fewer_resamples(monkeypatch):
    monkeypatch.setattr(selection, "MAX_DRAWN", 8_000)
    places = equal_configurations(np.random.default_rng(3))
    assert bias_of(places).resamples == 100
    assert bias_of(np.tile(places, (2, 1))).resamples == 100


def test_nothing_is_said_where_no_resample_has_a_value():
    assert (
        selection.selection_bias(np.zeros((20, 2), np.intp), None, lambda t: np.full(t.shape[:-2], np.nan), seed=1)
        is None
    )
