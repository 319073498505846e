"""Fields of JSON that name an answer, word by word."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from harness.prompting.parsing.fields import score_in, scores_in, verdict_in
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE

LABELS: Any = SimpleNamespace(whole=lambda value: value if value in ("a", "b") else NO_VALUE)
NUMBERS: Any = SimpleNamespace(whole=float)

VERDICTS = {
    *("verdict", "winner", "choice", "preferred", "preference", "better", "best", "answer", "decision", "judgment"),
    *("judgement", "result", "selection", "selected", "pick", "winning", "chosen", "outcome"),
}
OF_SINGLE = ["label", "class", "category", "grade", "rating", "score", "judgment", "status"]
SCORES = ["score", "scores", "rating", "ratings", "grade", "grades", "points", "value", "overall"]
IGNORED = {
    *("final", "overall", "the", "my", "your", "is", "which", "model", "response", "assistant", "answer", "option"),
    *("output", "id", "name", "letter", "label", "candidate", "for", "of", "total"),
}


def verdict(value: Any, **options: bool) -> Any:
    return verdict_in(json.dumps(value), LABELS, **options)


@pytest.mark.parametrize("word", sorted(VERDICTS))
def test_a_field_names_a_verdict(word: str) -> None:
    assert verdict({word: "a"}) == verdict({f"final_{word}": "a"}) == verdict({word.title(): "a"}) == "a"
    assert verdict({f"{word}x": "a"}) is NO_VALUE


@pytest.mark.parametrize("word", OF_SINGLE)
def test_a_field_names_the_label_of_a_single_response(word: str) -> None:
    assert verdict({word: "a"}, is_single=True) == "a"
    assert verdict({word: "a"}) == ("a" if word in VERDICTS else NO_VALUE)


@pytest.mark.parametrize("word", SCORES)
def test_a_field_names_a_score(word: str) -> None:
    assert score_in(json.dumps({word: 7}), NUMBERS) == 7
    assert scores_in(json.dumps({f"{word}_a": 7, f"{word}_b": 5}), NUMBERS) == (7, 5)
    assert score_in(json.dumps({f"{word}x": 7}), NUMBERS) is NO_VALUE


@pytest.mark.parametrize("word", sorted(IGNORED))
def test_a_word_beside_that_of_the_answer_changes_nothing(word: str) -> None:
    assert score_in(json.dumps({f"{word}_score": 7}), NUMBERS) == 7
    assert scores_in(json.dumps({f"{word}_a": 7, f"{word}_b": 5}), NUMBERS) == (7, 5)


def test_another_word_beside_it_does() -> None:
    assert score_in(json.dumps({"clarity_score": 7}), NUMBERS) is NO_VALUE
    assert scores_in(json.dumps({"clarity_a": 7, "clarity_b": 5}), NUMBERS) == (NO_VALUE, NO_VALUE)
    assert verdict({"answer_score": "a"}) is NO_VALUE, "the word that is not ignored decides"


@pytest.mark.parametrize("sides", [("a", "b"), ("1", "2"), ("first", "second")])
def test_a_side_has_three_names(sides: tuple[str, str]) -> None:
    one, other = sides
    assert scores_in(json.dumps({f"score {one}": 3, f"score {other}": 4}), NUMBERS) == (3, 4)
    assert scores_in(json.dumps({one: {"score": 3}, other: {"score": 4}}), NUMBERS) == (3, 4)


@pytest.mark.parametrize("word", ["model", "name", "response", "assistant", "output", "id", "label", "candidate"])
def test_ranks_in_a_list_of_objects_name_the_best(word: str) -> None:
    listed = [{word: "a", "rank": 2}, {word: "b", "rank": 1}]
    assert verdict({"list": listed}) == verdict({"list": listed[::-1]}) == "b"


def test_a_ranked_list_names_the_best_and_equal_ranks_a_tie() -> None:
    assert verdict({"ranking": ["b", "a"]}) == verdict({"ranked_models": ["b", "a"]}) == "b"
    assert verdict({"ranking": ["b"]}) is NO_VALUE
    assert verdict({"list": [{"model": "a", "rank": 1}, {"model": "b", "rank": 1}]}) == "tie"
    assert verdict({"list": [{"model": "a", "rank": 1}]}) is NO_VALUE
    assert verdict({"list": [{"model": "a", "rank": True}, {"model": "b", "rank": 2}]}) is NO_VALUE


def test_fields_that_disagree_are_no_answer() -> None:
    assert verdict({"winner": "a", "verdict": "b"}) is AMBIGUOUS
    assert verdict({"winner": "a", "verdict": "a"}) == "a"
    assert score_in(json.dumps({"score": 7, "rating": 8}), NUMBERS) is AMBIGUOUS
    assert score_in(json.dumps({"score": 7, "rating": 7}), NUMBERS) == 7
    assert score_in(json.dumps({"score": True}), NUMBERS) is NO_VALUE


def test_the_last_object_with_an_answer_counts_also_as_python_writes_it() -> None:
    assert verdict_in('{"winner": "a"} {"winner": "b"} {"other": 1}', LABELS) == "b"
    assert verdict_in("so {'winner': 'a'}", LABELS) == "a"
    assert verdict_in("so {'winner': 'a', 3: 4}", LABELS) is NO_VALUE
    assert verdict_in("no object: winner a", LABELS) is NO_VALUE
