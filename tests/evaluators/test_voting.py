"""Votes as columns, against the same rules item by item."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.evaluators import aggregation
from harness.evaluators.voting import mean_scores, most_votes
from harness.records.judgments import OUTCOMES, VERDICTS, Outcome

CODES = arrays.arrays(np.int8, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 6))


def named(code: int) -> Outcome:
    return Outcome(OUTCOMES[code]) if code < len(VERDICTS) else Outcome(None, OUTCOMES[code])


@given(CODES)
def test_columns_say_what_items_say_one_by_one(codes: np.ndarray) -> None:
    one_by_one = (
        aggregation.collapse_repeats([named(code) for code in item], lambda a, b: "tie", by_score=False)
        for item in codes.T
    )
    expected = [outcome._replace(abstained=0) for outcome in one_by_one]  # columns count abstentions elsewhere
    assert [named(code) for code in most_votes(codes)] == expected


def test_weights_decide() -> None:
    codes = np.array([[0, 0], [2, 2], [2, 6]], np.int8)
    assert most_votes(codes, np.array([3.0, 1.0, 1.0])).tolist() == [0, 0]
    assert most_votes(codes, np.array([1.5, 1.0, 1.0])).tolist() == [2, 0]


def test_means_leave_out_who_failed() -> None:
    codes = np.array([[0, 3, 3], [2, 2, 6]], np.int8)
    a = np.array([[9.0, np.nan, 1.0], [4.0, 4.0, np.nan]])
    b = np.array([[5.0, 7.0, np.nan], [7.5, 5.0, np.nan]])
    verdicts, mean_a, mean_b = mean_scores(codes, a, b, margin=0.25)
    assert verdicts.tolist() == [1, 2, 6]
    assert mean_a.tolist()[:2] == [6.5, 4.0]
    assert mean_b.tolist()[:2] == [6.25, 5.0]
    assert np.isnan([mean_a[2], mean_b[2]]).all()


@pytest.mark.parametrize(("margin", "verdict"), [(0.0, 0), (0.4, 0), (0.5, 1), (1.0, 1)])
def test_margin(margin: float, verdict: int) -> None:
    codes = np.zeros((1, 1), np.int8)
    assert mean_scores(codes, np.array([[5.5]]), np.array([[5.0]]), margin)[0].tolist() == [verdict]


@pytest.mark.parametrize(
    ("votes", "quorum", "verdict"),
    [
        ("aab", 2 / 3, "a"),
        ("aab", 0.67, "tie"),
        ("aab", 1, "tie"),
        ("aaa", 1, "a"),
        ("bbx", 1, "b"),  # who failed casts no vote
        ("abb", 0.5, "b"),
        ("tta", 0.1, "tie"),
        ("xx", 1, "unparsed"),
    ],
)
def test_a_response_that_misses_the_quorum_does_not_win(votes: str, quorum: float, verdict: str) -> None:
    names = {"a": "a", "b": "b", "t": "tie", "x": "unparsed"}
    codes = np.array([[OUTCOMES.index(names[vote])] for vote in votes], np.int8)
    assert OUTCOMES[most_votes(codes, quorum=quorum)[0]] == verdict
