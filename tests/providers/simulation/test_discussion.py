"""Simulated judges in a discussion: what they say, how they are swayed, and when they answer."""

from __future__ import annotations

import re

import pytest

from harness.evaluators.modes._debate_prompts import ANSWER_AT_LAST, SUM_UP, TURN, Turn, to_persona, to_summariser
from harness.prompting.persona import Persona
from harness.prompting.strategy import compile_strategy
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.judge import LEANING, UNDECIDED, answer
from harness.providers.simulation.world import Knobs, quality_of
from harness.records.datasets import Item, Message
from harness.spec.strategies import built_in

ANN = Persona("Ann", "You like red.")
QUESTIONS = compile_strategy(built_in("combined-10"))
PAIRS = make_pairs(1, 200)
SHARP = Knobs(skill=1.0)
FOR_A, FOR_B = (Turn("Bob", 1, f"Well. {LEANING.format(side)}") for side in "AB")


def asked(task: str, *discussion: Turn, number: int = 0) -> list[Message]:
    row = PAIRS[number]
    item = Item("i", ({"role": "user", "content": row["prompt"]},), row["response_a"], row["response_b"])
    told = task.format(name="Ann", number=1, rounds=2, answer_format=QUESTIONS.answer_format)
    return to_persona(ANN, 2, QUESTIONS.pair(item), discussion, told)


@pytest.mark.parametrize("discussion", [(), (FOR_A,), (FOR_A, FOR_B)], ids=["nobody", "one", "two"])
def test_a_turn_is_an_assessment_and_no_answer(discussion: tuple[Turn, ...]) -> None:
    text = answer(SHARP, asked(TURN, *discussion), 0).text
    assert "mentions" in text
    assert "Score" not in text
    assert re.search("I lean to (response [AB]|neither response)[.]$", text)


def test_a_sharp_judge_leans_to_the_better_response() -> None:
    for number, row in enumerate(PAIRS):
        a, b = quality_of(row["prompt"], row["response_a"]), quality_of(row["prompt"], row["response_b"])
        if abs(a - b) > 0.15:
            assert answer(SHARP, asked(TURN, number=number), 0).text.endswith(LEANING.format("A" if a > b else "B"))
        elif a == b:
            assert answer(SHARP, asked(TURN, number=number), 0).text.endswith(UNDECIDED)


def test_an_answer_is_filled_in_behind_the_discussion() -> None:
    text = answer(SHARP, asked(ANSWER_AT_LAST, FOR_A), 0).text
    assert QUESTIONS.read(text) is not None
    assert "I lean" not in text


def test_what_others_lean_to_sways_a_little() -> None:
    def score_of_a(number: int, *discussion: Turn) -> float:
        heard = QUESTIONS.read(answer(SHARP, asked(ANSWER_AT_LAST, *discussion, number=number), 0).text)
        assert heard is not None
        assert heard.score_a is not None
        return heard.score_a

    swayed = [score_of_a(n, FOR_A, FOR_A) - score_of_a(n, FOR_B, FOR_B) for n in range(len(PAIRS))]
    assert min(swayed) >= 0
    assert 0 < max(swayed) <= 3
    assert all(score_of_a(n, FOR_A, FOR_B) == score_of_a(n) for n in range(20))


def test_a_malformed_reply_leans_to_nothing() -> None:
    text = answer(Knobs(skill=1.0, malformed_rate=1.0), asked(TURN), 0).text
    assert "lean" not in text


def test_a_summary_says_who_leans_where() -> None:
    messages = to_summariser([FOR_A, FOR_B, Turn("Eve", 1, "Hm.")])
    assert messages[-1]["content"].endswith(SUM_UP)
    assert answer(SHARP, messages, 0).text == f"What was said: {LEANING.format('A')} {LEANING.format('B')}"
    assert answer(SHARP, to_summariser([Turn("Eve", 1, "Hm.")]), 0).text == "What was said:"
