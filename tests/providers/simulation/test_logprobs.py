"""Log probabilities of the simulated world."""

from __future__ import annotations

import math

import pytest

from harness.providers.simulation.logprobs import logprobs_of
from harness.providers.simulation.world import Knobs

NONCE = "0123456789abcdef"


def messages(form: str, response_b: str = "The mill."):
    shown = (
        ("prompt", "It must mention: the mill; the boat."),
        ("response-a", "The boat."),
        ("response-b", response_b),
    )
    blocks = [f"<{name}-{NONCE}>\n{text}\n</{name}-{NONCE}>" for name, text in shown]
    return [{"role": "user", "content": "\n\n".join([*blocks, form])}]


def test_probabilities_of_the_letters_add_up_to_one_and_are_the_same_again():
    first, again = (logprobs_of(Knobs(skill=0.5), messages("A or B"), None, "A", 20) for _ in range(2))
    assert first == again
    (place,) = first["content"]
    assert place["token"] == "A"
    assert math.fsum(math.exp(one["logprob"]) for one in place["top_logprobs"]) == pytest.approx(1, abs=1e-4)


def test_a_better_judge_is_surer():
    better = messages("A or B", "The mill and the boat, of course.")
    sure = logprobs_of(Knobs(skill=0.95), better, None, "B", 20)["content"][0]["logprob"]
    unsure = logprobs_of(Knobs(skill=0.1), better, None, "B", 20)["content"][0]["logprob"]
    assert sure > unsure


def test_number_of_alternatives_is_limited_and_text_without_words_has_none():
    assert len(logprobs_of(Knobs(skill=0.3), messages("A or B"), None, "A", 1)["content"][0]["top_logprobs"]) == 1
    assert logprobs_of(Knobs(), messages("A or B"), None, " ", 5) is None
    words = logprobs_of(Knobs(), messages("Verdict: <A, B or tie>"), None, "I say A", 5)["content"]
    assert [place["token"] for place in words] == ["I", " say", " A"]
