"""Answers as JSON: what is asked for, and what is read."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.parsing.structured_output import TRIES, form_of
from harness.prompting.parsing.values import Answer

SCALE = {"min": 0, "max": 10}
CRITERIA = ({"name": "Clarity", "text": "…", "weight": 1}, {"name": "Being right", "text": "…", "weight": 3})


def rule(kind: str, ask: str = "pair", **changes: Any) -> AnswerRule:
    asked = {"kind": kind, "format": "json", **({} if kind == "verdict" else {"scale": SCALE}), **changes}
    return compile_answer(full_rule(asked), ask=ask, criteria=CRITERIA if kind == "rubric" else ())


VERDICT, SCORES, SCORE = rule("verdict"), rule("scores"), rule("score", "each")
RUBRIC, RUBRIC_OF_ONE = rule("rubric"), rule("rubric", "each")


def schema_in(made: AnswerRule) -> dict[str, Any]:
    assert made.params is not None
    wanted = made.params["response_format"]
    assert (wanted["type"], wanted["json_schema"]["strict"]) == ("json_schema", True)
    schema: dict[str, Any] = wanted["json_schema"]["schema"]
    return schema


@pytest.mark.parametrize(
    ("made", "form"),
    [
        pytest.param(VERDICT, {"verdict": "<A, B or tie>"}, id="verdict"),
        pytest.param(SCORES, {"score_a": "<0 to 10>", "score_b": "<0 to 10>"}, id="scores"),
        pytest.param(SCORE, {"score": "<0 to 10>"}, id="score"),
        pytest.param(RUBRIC_OF_ONE, {"scores": {"Clarity": "<0 to 10>", "Being right": "<0 to 10>"}}, id="rubric"),
    ],
)
def test_form_and_schema_are_one(made: AnswerRule, form: dict[str, Any]) -> None:
    told = json.loads(made.format_text())
    assert told == {"reasons": "<your reasons, in a few sentences>", **form}
    schema = schema_in(made)
    assert form_of(schema) == told
    assert schema["required"] == list(told)
    assert schema["additionalProperties"] is False


def test_reasons_may_be_left_out() -> None:
    assert list(schema_in(rule("verdict", reasons=False))["properties"]) == ["verdict"]


def test_lines_ask_for_nothing_beside_the_messages() -> None:
    assert compile_answer(full_rule({"kind": "verdict"})).params is None


@pytest.mark.parametrize(
    ("made", "text", "answer"),
    [
        pytest.param(VERDICT, '{"reasons": "A is short.", "verdict": "B"}', Answer("b"), id="verdict"),
        pytest.param(VERDICT, '{"verdict": "Response A"}', Answer("a"), id="synonym"),
        pytest.param(VERDICT, '```json\n{\n "verdict": "tie"\n}\n```', Answer("tie"), id="code-fence"),
        pytest.param(VERDICT, 'So {x} it is: {"verdict": "A"} - my view.', Answer("a"), id="in-text"),
        pytest.param(VERDICT, '{"verdict": "A"}\nOn reflection:\n{"verdict": "B"}', Answer("b"), id="last-one"),
        pytest.param(VERDICT, '{"verdict": "A"}\n(form: {"verdict": "<A, B or tie>"})', Answer("a"), id="echo"),
        pytest.param(VERDICT, '{"verdict": "A"} {"note": {"verdict": []}}', Answer("a"), id="other-object"),
        pytest.param(VERDICT, '{"reasons": "unclosed, "verdict": "A"', Answer("a"), id="broken-reads-as-lines"),
        pytest.param(VERDICT, "I think so.\nVerdict: A", Answer("a"), id="lines"),
        pytest.param(VERDICT, '{"verdict": "A or B"}', None, id="two-verdicts"),
        pytest.param(VERDICT, '{"verdict": "neither"}', None, id="neither"),
        pytest.param(VERDICT, '{"verdict": null}', None, id="null"),
        pytest.param(VERDICT, '{"verdict": 1}', None, id="number-as-verdict"),
        pytest.param(SCORES, '{"score_a": 8, "score_b": 7.5}', Answer(None, 8, 7.5), id="scores"),
        pytest.param(SCORES, '{"score_a": "8/10", "score_b": "7"}', Answer(None, 8, 7), id="numbers-as-text"),
        pytest.param(SCORES, '{"score_a": 11, "score_b": 7}', None, id="out-of-scale"),
        pytest.param(SCORES, '{"score_a": 8}', None, id="one-missing"),
        pytest.param(SCORES, '{"score_a": true, "score_b": false}', None, id="booleans"),
        pytest.param(SCORES, '{"score_a": NaN, "score_b": 1} ', None, id="not-a-number"),
        pytest.param(SCORES, '{"score_a": 1e400, "score_b": 1}', None, id="infinite"),
        pytest.param(SCORES, '{"score_a": 1' + "0" * 400 + ', "score_b": 1}', None, id="huge"),
        pytest.param(SCORE, '{"score": 0}', Answer(score=0), id="score"),
        pytest.param(
            RUBRIC_OF_ONE, '{"scores": {"Clarity": 2, "Being right": 6}}', Answer(score=5), id="rubric-of-one"
        ),
        pytest.param(
            RUBRIC,
            '{"scores_a": {"Clarity": 2, "Being right": 6}, "scores_b": {"Clarity": 10, "Being right": 10}}',
            Answer(None, 5, 10),
            id="rubric",
        ),
        pytest.param(
            RUBRIC, '{"scores_a": {"Clarity": 2, "Being right": 6}, "scores_b": 3}', None, id="rubric-partial"
        ),
        pytest.param(RUBRIC, '{"scores_a": {"Clarity": 2}, "scores_b": {}}', None, id="no-partial-sums"),
    ],
)
def test_replies(made: AnswerRule, text: str, answer: Answer | None) -> None:
    assert made.read(text) == answer


@given(st.text(), st.sampled_from([VERDICT, SCORES, RUBRIC]))
def test_any_text_is_read_or_not(text: str, made: AnswerRule) -> None:
    made.read(text)
    assert VERDICT.read(f'{text}\n{{"verdict": "A"}}') == Answer("a")


HOSTILE = 2**20


@pytest.mark.slow
@pytest.mark.parametrize("made", [VERDICT, RUBRIC], ids=["verdict", "rubric"])
@pytest.mark.parametrize("unit", ["{", '{"a":', '{"verdict":"A', "[", '"', "{}", '{"scores_a":{', "\\", "{\n"])
def test_a_hostile_reply_takes_bounded_time(made: AnswerRule, unit: str) -> None:
    text = unit * (HOSTILE // len(unit))
    started = time.process_time()
    made.read(text)
    assert time.process_time() - started < 10


def test_braces_further_up_than_the_tries_are_not_looked_at() -> None:
    assert VERDICT.read('{"verdict": "A"}' + "{" * (TRIES + 1)) is None
    assert VERDICT.read('{"verdict": "A"}' + "{" * (TRIES - 1)) == Answer("a")
