"""What smoothing adds to a table."""

from __future__ import annotations

import pytest

from harness.scoring.estimates import smoothing_of


@pytest.mark.parametrize("labels", [1, 2, 3, 5])
def test_smoothing_adds_two_items_in_all_and_nothing_to_failures(labels: int) -> None:
    added = smoothing_of((labels, labels + 1))
    assert added.shape == (labels, labels + 1)
    assert added[:, :labels].tolist() == [[2 / labels**2] * labels] * labels
    assert added[:, labels].tolist() == [0.0] * labels
    assert added.sum() == pytest.approx(2)
