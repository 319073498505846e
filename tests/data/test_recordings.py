"""Judgments that were made elsewhere, as rows of any file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.judged import judgment_of
from harness.data.recording_spec import RecordedJudgment, RecordingSpec
from harness.data.recordings import read_recording
from harness.errors import DatasetError


@pytest.fixture
def read(tmp_path: Path):
    def read(rows: Any, columns: dict[str, Any], *, name: str = "r.jsonl", **settings: Any) -> list[RecordedJudgment]:
        path = tmp_path / name
        if isinstance(rows, str):
            path.write_text(rows)
        elif name.endswith(".json"):
            path.write_text(json.dumps(rows))
        else:
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        form = settings.pop("format", path.suffix[1:])
        return read_recording(RecordingSpec(path, name, form, columns, **settings))

    return read


def results(judgments: list[RecordedJudgment]) -> list[tuple[Any, ...]]:
    return [(one.item, one.order, one.draw, one.judged.result) for one in judgments]


def problems(error: pytest.ExceptionInfo[DatasetError]) -> str:
    return "\n".join(f"{one.line}{one.path}: {one.message}; {one.hint}" for one in error.value.problems)


def test_both_orders_of_one_row_by_paths(read):
    rows = [{"id": 7, "j": [{"d": "A>B", "s": [2, 1]}, {"d": "B>A", "s": [1, 2]}]}]
    columns = {"item": "id", "given": {"verdict": "j[0].d"}, "swapped": {"verdict": "j[1].d"}}
    assert results(read(rows, columns)) == [("7", "given", 0, "a"), ("7", "swapped", 0, "b")]
    columns = {"item": "id", "given": {"score_a": "j[0].s[0]", "score_b": "j[0].s[1]"}}
    (one,) = read(rows, columns)
    assert (one.judged.result, one.judged.score_a, one.judged.score_b) == ("a", 2, 1)


def test_swapped_verdicts_are_mapped_back_where_the_file_has_done_it(read):
    rows = [{"id": "1", "w": "1", "p": 0.9}]
    columns = {"item": "id", "swapped": {"verdict": "w", "p_a": "p"}}
    values = {"1": "a", "2": "b"}
    assert read(rows, columns, verdict_values=values)[0].judged.result == "a"
    back = read(rows, columns, verdict_values=values, is_mapped_back=True)[0].judged
    assert back.result == "b"
    assert back.preference == pytest.approx(0.1)


def test_orders_and_draws_by_column(read):
    table = "id,shown,n,winner\n1,given,0,A\n1,swapped,0,B\n1,given,1,tie\n"
    columns = {"item": "id", "order": "shown", "draw": "n", "verdict": "winner"}
    expected = [("1", "given", 0, "a"), ("1", "swapped", 0, "b"), ("1", "given", 1, "tie")]
    assert results(read(table, columns, name="r.csv")) == expected
    numbered = {**columns, "draw": {"from": "row"}}
    assert results(read(table, numbered, name="r.csv")) == expected
    orders = read("id,o,w\n1,AB,A\n1,BA,A\n", {"item": "id", "order": "o", "verdict": "w"}, name="r.csv",
                  order_values={"AB": "given", "BA": "swapped"})  # fmt: skip
    assert [one.order for one in orders] == ["given", "swapped"]


def test_repeats_in_one_row_are_a_list(read):
    columns = {"item": "id", "given": [{"verdict": "v[0]"}, {"verdict": "v[1]"}]}
    assert results(read([{"id": "x", "v": ["a", "b"]}], columns)) == [("x", "given", 0, "a"), ("x", "given", 1, "b")]


def test_an_order_that_was_drawn_from_a_seed(read):
    rows = [{"id": str(n), "q": f"question {n}", "w": "A"} for n in range(20)]
    columns = {"item": "id", "order": {"drawn": "seed {q}!"}, "verdict": "w"}
    expected = ["swapped" if random.Random(f"seed {row['q']}!").choices([False, True])[0] else "given" for row in rows]
    assert [one.order for one in read(rows, columns)] == expected
    assert set(expected) == {"given", "swapped"}


def test_rows_of_other_models_are_passed_over(read):
    table = "item,judge,winner\n1,x,a\n1,y,b\n"
    columns = {"item": "item", "model": "judge", "verdict": "winner"}
    assert results(read(table, columns, name="r.csv", model="y")) == [("1", "given", 0, "b")]
    with pytest.raises(DatasetError, match=r"holds no judgment of `z`") as error:
        read(table, columns, name="r.csv", model="z")
    assert "it has `x`, `y`" in problems(error)


def test_constants_and_row_numbers_stand_for_columns(read):
    rows = [{"winner": "tie"}, {"winner": "a"}]
    columns = {
        "item": {"from": "row"},
        "strategy": {"value": "direct"},
        "order": {"value": "swapped"},
        "verdict": "winner",
    }
    found = read(rows, columns, name="r.json")
    assert results(found) == [("1", "swapped", 0, "tie"), ("2", "swapped", 0, "a")]
    assert {one.strategy for one in found} == {"direct"}


def test_rows_inside_a_json_file(read):
    file = {"version": 3, "results": {"stats": {}, "results": [{"id": "1", "w": "b"}]}}
    columns = {"item": "id", "verdict": "w"}
    found = read(file, columns, name="r.json", options={"rows": "results.results"})
    assert results(found) == [("1", "given", 0, "b")]
    with pytest.raises(DatasetError, match=r"holds no array at `results.stats`"):
        read(file, columns, name="r.json", options={"rows": "results.stats"})


def test_unknown_verdicts_are_one_message_with_the_line_to_paste(read):
    rows = [{"item": str(n), "w": word} for n, word in enumerate(["model_1", "model_2", "model_1"])]
    with pytest.raises(DatasetError, match="`verdict`") as error:
        read(rows, {"item": "item", "verdict": "w"})
    (problem,) = error.value.problems
    assert problem.message == "`verdict` `model_1` (2 rows), `model_2` (1 row) have no meaning"
    assert '`verdict_values: {"model_1": …, "model_2": …}`' in problem.hint


def test_a_verdict_may_mean_a_failure(read):
    rows = [{"item": "1", "w": "error"}, {"item": "2", "w": None}, {"item": "3", "w": 1}]
    found = read(rows, {"item": "item", "verdict": "w"}, verdict_values={"1": "a", "error": "refused"})
    assert [one.judged.result for one in found] == ["refused", "unparsed", "a"]


def test_every_bad_row_is_reported_with_its_place(read):
    rows = [
        {"item": "1", "p": 0.4, "o": "given"},
        {"item": "2", "p": "high", "o": "up"},
        {"p": 1.5, "o": "given"},
        {"item": "1", "p": 2, "o": "given"},
    ]
    with pytest.raises(DatasetError, match=r"`p_a`|is missing|not an order|judged before") as error:
        read(rows, {"item": "item", "p_a": "p", "order": "o"})
    text = problems(error)
    assert "2: `p_a` is `high`, it must be a number" in text
    assert "2: `order` `up` is not an order" in text
    assert "3: `item` is missing" in text
    assert "4: `p_a` is 2, it must be from 0 to 1" in text
    assert "4: `item` `1` is judged before; name the column of its repeats as `draw`" in text


def test_a_column_that_is_not_there_names_those_that_are(read):
    with pytest.raises(DatasetError, match=r"there is no column `winer`; the file has `item`, `winner`") as error:
        read([{"item": "1", "winner": "a"}], {"item": "item", "verdict": "winer"})
    assert "did you mean `winner`?" in problems(error)
    assert error.value.problems[0].file == "r.jsonl"


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_recording(RecordingSpec(tmp_path / "none.jsonl", "none.jsonl", "jsonl", {"item": "item"}))
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DatasetError, match="holds no rows"):
        read_recording(
            RecordingSpec(tmp_path / "empty.jsonl", "empty.jsonl", "jsonl", {"item": "item", "verdict": "w"})
        )


@pytest.mark.parametrize(
    ("values", "margin", "result"),
    [
        ({"preference": 1.0}, 0, "a"),
        ({"preference": 1.5}, 0, "tie"),
        ({"preference": 1.51}, 0, "b"),
        ({"preference": 1.51}, 0.05, "tie"),
        ({"p_a": "0.7"}, 0, "a"),
        ({"score_a": 8.3, "score_b": 8.2}, 0.1, "tie"),
        ({"score_a": 8, "score_b": 9}, 0, "b"),
        ({"score_a": 8}, 0, "unparsed"),
        ({"verdict": "b", "score_a": 9, "score_b": 1}, 0, "b"),
        ({"text": "A it is", "verdict": "b"}, 0, None),
        ({"text_a": "6", "text_b": 1}, 0, None),
        ({"text_a": "6", "text_b": None, "p_a": 0.2}, 0, "b"),
    ],
)
def test_what_a_judgment_amounts_to(values, margin, result):
    judged, faults = judgment_of(values, margin)
    assert (judged.result, faults) == (result, [])


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"preference": 0.3}, "preference"),
        ({"p_a": 1.01}, "p_a"),
        ({"score_a": "1e999", "score_b": 1}, "score_a"),
        ({"score_a": True, "score_b": 1}, "score_a"),
        ({"text": ["a"]}, "text"),
        ({"verdict": "a", "finish": "tool_calls"}, "finish"),
        ({"verdict": "a", "prompt_tokens": 1.5}, "prompt_tokens"),
        ({"verdict": "a", "completion_tokens": -1}, "completion_tokens"),
        ({"verdict": "a", "cost_usd": -0.1}, "cost_usd"),
        ({"verdict": "a", "cost_usd": float("nan")}, "cost_usd"),
    ],
)
def test_values_that_cannot_be_are_faults(values, column):
    assert column in [name for name, _ in judgment_of(values, 0)[1]]


@given(p=st.floats(0, 1), margin=st.floats(0, 1))
def test_exchanging_a_judgment_twice_gives_it_back(p, margin):
    judged, _ = judgment_of({"p_a": p, "score_a": p, "score_b": 1}, margin)
    back = judged.exchanged().exchanged()
    assert back.preference == pytest.approx(p, abs=1e-15)
    assert back._replace(preference=None) == judged._replace(preference=None)


@pytest.mark.parametrize(
    ("value", "preference"),
    [
        ([{"token": "m", "logprob": -0.5}, {"token": "M", "logprob": -0.5}], 0.5),
        ([{"token": "x", "top_logprobs": []}, {"token": "M", "top_logprobs": [{"token": "M", "logprob": -9000}]}], 0.0),
        ([{"token": "m", "logprob": 0, "top_logprobs": [{"token": "m", "logprob": 0}]}], 1.0),
        ([{"token": "m", "logprob": -1.0}, {"token": "mm", "logprob": -1.0}, {"token": "M", "logprob": -1.0}], 2 / 3),
        ([{"token": "m", "logprob": "high"}], None),
        ([{"token": "x", "logprob": -1.0}], None),
        ("m", None),
        (None, None),
        ([None, 3], None),
    ],
)
def test_tokens_that_stand_for_the_responses_give_the_preference(value, preference):
    judged, faults = judgment_of({"logprobs": value}, 0, {"a": ["m", "mm"], "b": ["M"]})
    assert judged.preference == (preference if preference is None else pytest.approx(preference))
    assert (judged.result is None, faults) == (False, [])


def test_the_confidence_in_a_verdict_is_a_preference(read):
    rows = [("1", "a", 0.9), ("2", "b", 0.75), ("3", "tie", 0.6), ("4", None, 0.6), ("5", "b", None)]
    found = read([{"id": i, "v": v, "c": c} for i, v, c in rows], {"item": "id", "verdict": "v", "confidence": "c"})
    assert [one.judged.preference for one in found] == [0.9, 0.25, 0.5, None, None]
    with pytest.raises(DatasetError, match="`confidence` is 90, it must be from 0 to 1") as error:
        read([{"id": 1, "v": "a", "c": 90}], {"item": "id", "verdict": "v", "confidence": "c"})
    assert error.value.problems[0].line == 1


def test_a_confidence_that_is_called_p_a_is_a_clear_error(read):
    columns = {"item": "id", "verdict": "v", "p_a": "p"}
    rows = [{"id": n, "v": v, "p": 0.9} for n, v in enumerate("abab")]
    with pytest.raises(
        DatasetError, match=r"above 0\.5 where the verdict is b, in 2 rows; a probability of the verdict"
    ):
        read(rows, columns)
    assert len(read([*rows, {"id": 9, "v": "a", "p": 0.2}], columns)) == 5  # some contradict each other in both ways


def test_a_judgment_is_found_in_a_list_by_the_name_of_its_judge(read):
    names = [["x", "y z"], ["y z", "x"], ["x"]]
    rows = [{"id": n, "all": [{"by": name, "v": "a" if name == "x" else "b"} for name in one]}
            for n, one in enumerate(names)]  # fmt: skip
    assert [one.judged.result for one in read(rows, {"item": "id", "verdict": "all[by=x].v"})] == ["a", "a", "a"]
    found = read(rows, {"item": "id", "verdict": 'all[by="y z"].v'})
    assert [one.judged.result for one in found] == ["b", "b", "unparsed"]


def test_labels_and_scores_of_single_responses_are_taken_as_they_are(read):
    rows = [{"id": n, "l": label, "s": score} for n, (label, score) in enumerate([("1", 7.123456789), ("", None)])]
    rows += [{"id": 2, "l": "ERR", "s": "ERR"}, {"id": 3, "l": 0, "s": "1e-05"}, {"id": 4, "l": None, "s": ""}]
    values = {"1": "pass", "0": "fail", "ERR": "refused"}
    labels = read(rows, {"item": "id", "label": "l"}, label_values=values)
    assert [one.judged.result for one in labels] == ["pass", "unparsed", "refused", "fail", "unparsed"]
    scores = read(rows, {"item": "id", "score": "s"}, label_values=values)
    found = [(one.judged.result, one.judged.score) for one in scores]
    nothing = ("unparsed", None)
    assert found == [(None, 7.123456789), nothing, ("refused", None), (None, 1e-05), nothing]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", ["pass"], "1: `label` is a list or an object, it must be a word or a number"),
        ("score", {"x": 1}, "1: `score` is a list or an object"),
        ("score", "high", "1: `score` is `high`, it must be a number"),
        ("score", "nan", "1: `score` is `nan`, it must be a number"),
        ("score", True, "1: `score` is `True`, it must be a number"),
    ],
)
def test_labels_and_scores_that_cannot_be_are_problems_with_their_row(read, column, value, message):
    with pytest.raises(DatasetError, match=r"label|score") as caught:
        read([{"id": 1, "v": value}], {"item": "id", column: "v"})
    assert message in problems(caught)
