import numpy as np
import pytest

from harness.analysis.compare.number_changes import Numbers, moves_between, number_flips, number_tests, number_texts_of

NAN = np.nan


def numbers(*values):
    """Numbers, and `None` for a reply without an answer."""
    failed = [value is None for value in values]
    return Numbers(
        np.where(failed, 1, 0).astype(np.int8), np.array([NAN if value is None else value for value in values], float)
    )


ONE = numbers(3, 3, 3, None, 4, None, 0.1 + 0.2)
OTHER = numbers(3, 4, 2, 5, None, None, 0.3)


def test_moves_are_up_down_or_from_and_to_failures():
    assert moves_between(ONE, OTHER).tolist() == [0, 2, 1, 3, 3, 0, 0]


def test_flips_name_what_was_and_what_became():
    assert sorted(number_flips(ONE, OTHER)) == [
        ("number", "higher number", 1),
        ("number", "lower number", 1),
        ("number", "unparsed", 1),
        ("unparsed", "number", 1),
    ]
    assert number_flips(ONE, ONE) == []


def test_texts_are_numbers_or_failures():
    assert number_texts_of(OTHER, [1, 4, 6]) == ["4", "unparsed", "0.3"]


def test_moves_in_one_direction_are_significant():
    moved, tests = number_tests(numbers(*[3] * 12), numbers(*[3.5] * 12))
    assert moved == 12
    assert tests["toward-last"].p_value == pytest.approx(2 / 2**12)
    moved, tests = number_tests(numbers(*[3] * 12), numbers(*[3.5, 2.5] * 6))
    assert (moved, tests["toward-last"].p_value) == (12, 1)
    assert tests["failures"].p_value == 1


def test_failures_in_one_direction_are_significant():
    _, tests = number_tests(numbers(*[3] * 12), numbers(*[None] * 12))
    assert tests["failures"].p_value == pytest.approx(2 / 2**12)
    assert tests["toward-last"].p_value == 1
