"""Rankings and scores of several responses in the rows of a recording."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.recorded_rankings import BadRankingError, count_fault, values_of
from harness.data.recording_spec import RecordingSpec
from harness.data.recordings import read_recording
from harness.errors import DatasetError
from harness.records.rankings import moved, ranking_of, reversed_positions


@pytest.mark.parametrize(("kind", "value", "found"), [
    ("scores", [0.5, -2, 3], (0.5, -2, 3)),
    ("scores", "[0.5, 1]", (0.5, 1)),
    ("scores", ["1.5", "2"], (1.5, 2)),
    ("scores", [[1.0], [2.0]], (1, 2)),
    ("ranks", [2, 1, 2], (-2, -1, -2)),
    ("ranking", "2>1=3", (-1, 0, -1)),
    ("ranking", " 2, 1 ,3 ", (-1, 0, -2)),
    ("ranking", [2, [3, 1]], (-1, 0, -1)),
    ("ranking", "[2, 1]", (-1, 0)),
    ("scores", None, None),
    ("scores", [None, ""], None),
    ("ranking", "  ", None),
])  # fmt: skip
def test_a_value_is_a_number_for_each_response(kind, value, found):
    assert values_of(kind, value) == found


@pytest.mark.parametrize(("kind", "value", "message"), [
    ("scores", ["nan", 1], "no finite number for response 1"),
    ("scores", [1, float("inf")], "no finite number for response 2"),
    ("scores", [1, True], "no finite number for response 2"),
    ("scores", [1, "x"], "no finite number for response 2"),
    ("scores", [1, [1, 2]], "no finite number for response 2"),
    ("scores", [1, None, 2], "no value for response 2"),
    ("scores", "[1, NaN]", "no JSON list of finite numbers"),
    ("scores", 3, "has 1 value, it must have 2 to 26"),
    ("scores", list(range(27)), "has 27 values"),
    ("ranking", "2>2", "names response 2 twice"),
    ("ranking", "1>3", "does not name response 2"),
    ("ranking", "0>1", "names response 0; positions are whole numbers from 1"),
    ("ranking", "1>2.5", "names response 2.5"),
    ("ranking", "1>999999", "names response 999999"),
    ("ranking", "a>b", "no finite number"),
    ("ranking", "2", "does not name response 1"),
    ("ranking", {"best": 1}, "no finite number"),
])  # fmt: skip
def test_what_is_no_ranking_says_why(kind, value, message):
    with pytest.raises(BadRankingError, match=message):
        values_of(kind, value)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6), st.data())
def test_a_ranking_of_places_becomes_one_of_what_is_shown(values, data):
    places = data.draw(st.permutations(range(len(values))))
    assert moved(ranking_of(values), places) == ranking_of([values[place] for place in places])
    back = places[::-1]
    assert moved(ranking_of(values), back) == reversed_positions(moved(ranking_of(values), places))


def test_the_number_of_values_is_compared_in_the_datasets_that_have_the_item():
    counts = {"d": {"1": 3}, "e": {"1": 4}}
    assert count_fault("d", "1", 3, counts) == count_fault("", "2", 9, counts) == ""
    assert count_fault("", "1", 3, counts) == "has 3 values for the 4 responses of item 1 in e"


def test_faults_are_listed_with_their_lines(tmp_path):
    rows = [{"id": 1, "s": [1, 2]}, {"id": 2, "s": [1, None]}, {"id": 3, "s": [1, 2, 3]}, {"id": 4, "s": None}]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    spec = RecordingSpec(path, "r.jsonl", "jsonl", {"item": "id", "scores": "s"}, counts={"d": {"1": 2, "3": 2}})
    with pytest.raises(DatasetError, match="no value for response 2") as caught:
        read_recording(spec)
    assert [(one.file, one.line) for one in caught.value.problems] == [("r.jsonl", 2), ("r.jsonl", 3)]
    assert "`scores`" in str(caught.value.problems[1])


def test_several_columns_hold_a_number_each_and_swapped_ones_may_be_mapped_back(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("id,order,a,b,c,tokens\n1,given,1,2,3,7\n1,swapped,1,2,3,7\n2,given,,,,7\n", encoding="utf-8")
    columns = {"item": "id", "order": "order", "scores": ["a", "b", "c"], "completion_tokens": "tokens"}
    for is_back, last in ((False, (1, 2, 3)), (True, (3, 2, 1))):
        found = read_recording(RecordingSpec(path, "r.csv", "csv", columns, is_mapped_back=is_back))
        assert [one.judged.values for one in found] == [(1, 2, 3), last, None]
        assert found[2].judged.result == "unparsed"
        assert found[0].judged.completion_tokens == 7
