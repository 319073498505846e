"""What every metric must keep, whichever files lie in the folder."""

import numpy as np
import pytest

from harness import registry
from harness.records.experiment import ScoreSpec
from harness.scoring.metric import find_metric, metrics_of

TABLE = np.array([[22.0, 3, 8, 2], [4, 5, 5, 0], [7, 2, 26, 1]])

each = pytest.mark.parametrize("name", registry.names("metrics"))


def test_files_are_metrics():
    computed = set(metrics_of(ScoreSpec(), np.zeros(0, np.int8)))
    on_request = {name for name in registry.names("metrics") if getattr(find_metric(name), "ON_REQUEST", False)}
    assert computed == set(registry.names("metrics")) - on_request >= {"kappa", "accuracy"}
    assert set(metrics_of(ScoreSpec(("recall-a", *on_request)), np.zeros(0, np.int8))) > on_request | {"recall-a"}
    with pytest.raises(KeyError, match="no-such-metric"):
        find_metric("no-such-metric")


@each
def test_words_and_range(name):
    metric = find_metric(name)
    assert metric.SUMMARY
    assert metric.UNDEFINED
    low, high = metric.RANGE
    assert low <= float(metric.value(TABLE)) <= high


@each
def test_many_tables_at_once_are_each_alone(name):
    metric = find_metric(name)
    tables = np.stack([TABLE, TABLE[::-1], 3 * TABLE])
    for function in (metric.value, metric.count, metric.influence):
        alone = [function(table) for table in tables]
        assert np.allclose(function(tables), alone)
        assert np.allclose(function(tables[:, None]), np.array(alone)[:, None])


@each
def test_right_is_one_and_nothing_is_undefined(name):
    metric = find_metric(name)
    perfect = np.zeros((3, 4))
    perfect[[0, 1, 2], [0, 1, 2]] = (5, 6, 7)
    assert float(metric.value(perfect)) == 1
    assert np.isnan(metric.value(np.zeros((3, 4))))
    assert int(metric.count(np.zeros((3, 4)))) == 0


@each
def test_influence_is_the_derivative(name):
    metric, n, small = find_metric(name), TABLE.sum(), 1e-5
    slopes = metric.influence(TABLE)
    for cell in np.ndindex(3, 4):
        more = (1 - small) * TABLE
        more[cell] += small * n
        assert (metric.value(more) - metric.value(TABLE)) / small == pytest.approx(slopes[cell], abs=1e-3)


@each
def test_another_name_for_the_responses_changes_nothing(name):
    metric = find_metric(name)
    swapped = TABLE[::-1][:, [2, 1, 0, 3]]
    assert float(metric.value(swapped)) == pytest.approx(float(metric.value(TABLE)), abs=1e-12)


def test_ac1_counts_the_classes_that_occur_among_the_labels():
    coin = np.array([[25.0, 0, 25, 0], [0, 0, 0, 0], [25, 0, 25, 0]])
    labels = np.repeat([0, 2, -1], 50).astype(np.int8)
    assert find_metric("ac1", labels).value(coin) == 0
    for same in (np.array([0, 1, 2], np.int8), np.zeros(9, np.int8), np.zeros(0, np.int8), None):
        assert find_metric("ac1", same) is find_metric("ac1")
    assert find_metric("kappa", labels) is find_metric("kappa")
    found = find_metric("ac1", labels)
    assert found.count(coin) == 100
    assert found.influence(coin).shape == coin.shape
    assert tuple(getattr(find_metric("ac1"), name) for name in ("SUMMARY", "RANGE", "UNDEFINED")) == (
        found.SUMMARY,
        found.RANGE,
        found.UNDEFINED,
    )
