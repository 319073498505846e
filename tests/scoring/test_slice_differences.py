"""The exact test and the interval of a difference agree."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.records.slices import SliceDifference
from harness.scoring import slice_differences
from harness.scoring.metric import find_metric


@pytest.mark.parametrize(
    ("value", "p_value", "low", "high", "expected"),
    [
        (0.3, 0.5, 0.1, 0.5, (0.0, 0.5)),
        (-0.3, 0.5, -0.5, -0.1, (-0.5, 0.0)),
        (0.3, 0.01, -0.1, 0.7, (0.0, 0.7)),
        (-0.3, 0.01, -0.7, 0.1, (-0.7, 0.0)),
        (0.3, 0.01, 0.1, 0.5, (0.1, 0.5)),
        (-0.3, 0.5, -0.7, 0.1, (-0.7, 0.1)),
    ],
)
def test_the_exact_test_decides_whether_the_interval_of_a_difference_holds_nothing(value, p_value, low, high, expected):
    one = SliceDifference(value, low, high)
    part = SimpleNamespace(p_value=p_value, p_family=0.6, reason="")
    found = slice_differences._as_tested(one, part, 0.95)
    assert (found.low, found.high) == expected
    assert (found.value, found.p_value, found.p_family) == (value, p_value, 0.6)


@pytest.mark.parametrize(
    ("minorities", "at", "is_compared"),
    [((10, 10), 0, True), ((10, 10), 1, True), ((1, 10), 0, False), ((1, 10), 1, False), ((10, 1), 0, False)],
)
def test_a_slice_and_the_rest_both_need_items_of_the_rarer_label(minorities, at, is_compared):
    labels = np.array([code for few in minorities for code in [0] * (20 - few) + [2] * few], np.int8)
    for group in (None, np.arange(40)):
        items = SimpleNamespace(here=np.repeat([0, 1], 20), reference=SimpleNamespace(labels=labels, clusters=group))
        found = slice_differences._why_not("kappa", find_metric("kappa"), items, at)
        assert (found == "") is is_compared
        assert slice_differences._why_not("accuracy", find_metric("accuracy"), items, at) == ""


def test_a_metric_that_is_undefined_on_a_slice_or_the_rest_is_not_compared():
    places = np.zeros(40, np.intp)
    reference = SimpleNamespace(
        clusters=None, shape=(3, 4), places=lambda _: places, labels=np.zeros(40, np.int8), label_set=None
    )
    items = slice_differences.SlicedItems(reference, np.zeros((40, 1), np.int8), np.repeat([0, 1], 20).astype(np.int8))
    metric = SimpleNamespace(value=lambda tables: np.full(len(tables), np.nan))
    parts = [SimpleNamespace(reason=""), SimpleNamespace(reason="too small")]
    found = slice_differences._found("odd", metric, items, 0, parts, 0.95, 1)
    reasons = [slice_differences.UNDEFINED.format(metric="odd"), "too small"]
    assert [(found[at].value, found[at].reason) for at in (0, 1)] == [(None, reason) for reason in reasons]
