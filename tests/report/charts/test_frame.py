import pytest

from harness.report.charts.frame import domain_of


@pytest.mark.parametrize(
    ("values", "include", "step", "expected"),
    [
        ([0.31, 0.87], (), 0.1, [0.3, 0.9]),
        ([0.3, 0.9], (), 0.1, [0.3, 0.9]),
        ([-0.21, None, -0.05], (0.0,), 0.1, [-0.3, 0.0]),
        ([0.5], (), 0.1, [0.5, 0.6]),
        ([None], (), 0.1, [0.0, 1.0]),
        ([120.0, 880.0], (0.0,), 100, [0, 900]),
    ],
)
def test_an_axis_ends_at_round_numbers(values, include, step, expected):
    assert domain_of(values, include=include, step=step) == expected
