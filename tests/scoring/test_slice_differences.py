"""The exact test and the interval of a difference agree."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.records.slices import SliceDifference
from harness.scoring import slice_differences


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
