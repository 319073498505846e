"""Whose win rate a dataset can tell."""

import numpy as np
import pytest

from harness.analysis.correct.pairing import pairing_of

CODES = np.array([0, 1, 2, 4, -1], np.int8)


@pytest.mark.parametrize(
    ("models_a", "models_b"),
    [
        pytest.param([None] * 5, [None] * 5, id="nobody is named"),
        pytest.param(["x"] * 5, ["y"] * 4 + [None], id="somebody is not named"),
        pytest.param(["x"] * 5, ["x"] * 5, id="one model"),
        pytest.param(["x"] * 5, ["y"] * 4 + ["z"], id="three models"),
    ],
)
def test_places_are_told_of_where_there_are_not_two_models(models_a, models_b):
    found = pairing_of(models_a, models_b)
    assert (found.of, found.over, found.is_named, found.rows) == ("response b", "response a", False, None)
    assert found.outcomes(CODES).tolist() == [2, 1, 0, 4, -1]
    assert found.of_items(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def test_two_models_are_told_apart_wherever_they_stand():
    found = pairing_of(["x", "y", "x", "x", "y"], ["y", "x", "y", "y", "x"])
    assert (found.of, found.over, found.is_named, found.systems) == ("y", "x", True, ("x", "y"))
    assert found.outcomes(CODES).tolist() == [2, 1, 0, 4, -1]
    assert found.outcomes(np.zeros(5, np.int8)).tolist() == [2, 0, 2, 2, 0]


def test_items_of_one_model_twice_are_left_out():
    found = pairing_of(["x", "x", "y", "y", "x"], ["x", "y", "x", "y", "y"])
    assert found.rows.tolist() == [1, 2, 4]
    assert (found.of, found.over) == ("y", "x")
    assert found.outcomes(CODES).tolist() == [1, 2, -1]
    assert found.of_items(np.arange(5)).tolist() == [1, 2, 4]


def test_an_empty_dataset_has_places():
    assert pairing_of([], []).outcomes(np.zeros(0, np.int8)).tolist() == []
