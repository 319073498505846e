"""Intervals drawn as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.leaderboard.interval_bar import axis_of, bar, bar_header


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_bars_share_an_axis():
    figures = [figure(0.5, 0.0, 1.0), figure(0.25, 0.25, 0.25), figure(0.75, 0.5, 1.0), figure(0.9, None, None)]
    axis = axis_of(figures)
    assert axis == (0.0, 1.0)
    assert [bar(one, axis, 9) for one in figures] == ["├───●───┤", "  ●      ", "    ├─●─┤", ""]
    assert bar_header((-0.5, 1.0), 12) == "−0.50   1.00"


@pytest.mark.parametrize(
    "figures", [[], [figure(0.5, 0.1, 0.9)], [figure(0.5, 0.5, 0.5)] * 2, [figure(None, None, None)] * 3]
)
def test_one_interval_or_none_has_no_axis(figures):
    assert axis_of(figures) is None


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6), st.integers(5, 40))
def test_a_bar_is_as_wide_as_its_axis(ends, width):
    figures = [figure(two, one, three) for one, two, three in (sorted(ends[:3]), sorted(ends[3:]))]
    axis = axis_of(figures)
    if axis:
        for one in figures:
            drawn = bar(one, axis, width)
            assert len(drawn) == width
            assert drawn.count("●") == 1
