"""Log probabilities: every form in which endpoints report them, and what is no log probability."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.backends.google import completion_of
from harness.providers.logprobs import LEAST, MAX_ALTERNATIVES, MAX_TOKENS, read_logprobs
from harness.providers.native_reply import without_secrets
from harness.providers.redaction import Secrets
from harness.providers.response import read_completion, read_value
from harness.records.calls import Reply

A_THEN_B = (("A", -0.1), ("B", -2.5))


def openai_form(*places: tuple[tuple[str, float], ...]) -> dict[str, object]:
    rows = [[{"token": token, "logprob": value, "bytes": [65]} for token, value in place] for place in places]
    return {"content": [{**row[0], "top_logprobs": row} for row in rows]}


def completion(logprobs: object) -> bytes:
    choice = {"message": {"content": "A"}, "finish_reason": "stop", "logprobs": logprobs}
    return json.dumps({"choices": [choice]}).encode()


def read(logprobs: object) -> object:
    reply = read_completion(completion(logprobs))
    assert isinstance(reply, Reply)
    return reply.logprobs


def test_form_of_openai_is_read():
    assert read(openai_form(A_THEN_B, (("\n", 0.0),))) == (A_THEN_B, (("\n", 0.0),))


def test_sampled_token_comes_first_where_another_is_likelier():
    place = {"token": "B", "logprob": -2.5, "top_logprobs": [{"token": "A", "logprob": -0.1}]}
    assert read({"content": [place]}) == ((("B", -2.5), ("A", -0.1)),)


@pytest.mark.parametrize("top", [[{"A": -0.1, "B": -2.5}], [{"B": -2.5}]])
def test_form_of_older_servers_is_read(top: list[dict[str, float]]):
    assert read({"tokens": ["A"], "token_logprobs": [-0.1], "top_logprobs": top}) == (A_THEN_B,)


def test_form_of_google_is_read():
    tokens = [{"token": "A", "logProbability": -0.1}, {"token": "B", "logProbability": -2.5}]
    result = {"chosenCandidates": tokens[:1], "topCandidates": [{"candidates": tokens}]}
    candidate = {"content": {"parts": [{"text": "A"}]}, "finishReason": "STOP", "logprobsResult": result}
    reply = read_value(completion_of({"candidates": [candidate]}))
    assert isinstance(reply, Reply)
    assert reply.logprobs == (A_THEN_B,)


@pytest.mark.parametrize("result", [None, [], {}, {"chosenCandidates": [3]}, {"chosenCandidates": "A"}])
def test_google_reply_without_readable_log_probabilities_has_none(result: object):
    candidate = {"content": {"parts": [{"text": "A"}]}, "finishReason": "STOP", "logprobsResult": result}
    reply = read_value(completion_of({"candidates": [candidate]}))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.logprobs) == ("A", ())


def test_stream_brings_them_piece_by_piece():
    chunks = [
        {"choices": [{"delta": {"content": token}, "logprobs": openai_form(((token, -0.1), ("B", -2.5)))}]}
        for token in ("A", ".")
    ]
    events = [*map(json.dumps, chunks), json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]}), "[DONE]"]
    reply = read_completion("".join(f"data: {event}\n\n" for event in events).encode(), "text/event-stream")
    assert isinstance(reply, Reply)
    assert reply.logprobs == (A_THEN_B, ((".", -0.1), ("B", -2.5)))


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        "A",
        {"content": None},
        {"content": [None]},
        {"content": [{"token": "A"}]},
        {"content": [{"token": 7, "logprob": -1}]},
        {"content": [{"token": "A", "logprob": True}]},
        {"content": [{"token": "A", "logprob": math.nan}]},
        {"tokens": ["A", "B"], "token_logprobs": [-0.1]},
        {"tokens": "A", "token_logprobs": [-0.1]},
    ],
)
def test_what_cannot_be_read_is_none_and_the_reply_stays(logprobs: object):
    assert read(logprobs) == ()


def test_absurd_values_are_bounded():
    assert read({"content": [{"token": "A", "logprob": -1e6}]}) == ((("A", LEAST),),)
    assert read({"content": [{"token": "A", "logprob": 1e-9}]}) == ((("A", 0.0),),)


def test_only_the_end_of_a_long_reply_is_kept():
    places = [((f"{number}", -0.1),) for number in range(MAX_TOKENS + 3)]
    found = read_logprobs({"logprobs": openai_form(*places)})
    assert (len(found), found[-1][0][0]) == (MAX_TOKENS, f"{MAX_TOKENS + 2}")
    many = tuple((f"{number}", -1.0) for number in range(MAX_ALTERNATIVES * 2))
    assert len(read_logprobs({"logprobs": openai_form(many)})[0]) == MAX_ALTERNATIVES + 1


def test_tokens_of_a_reply_that_held_a_secret_are_not_kept():
    secrets = Secrets(["sk-0123456789abcdef"])
    leaked = Reply("A sk-0123456789abcdef", logprobs=(A_THEN_B,))
    clean = without_secrets(leaked, secrets)
    assert isinstance(clean, Reply)
    assert (clean.logprobs, "sk-" in clean.text) == ((), False)
    kept = without_secrets(Reply("A", logprobs=(A_THEN_B,)), secrets)
    assert isinstance(kept, Reply)
    assert kept.logprobs == (A_THEN_B,)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["token", "logprob", "x"]), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("content", "tokens", "token_logprobs"), JSON)))
def test_nothing_that_an_endpoint_sends_raises(found: dict[str, object]):
    for place in read_logprobs({"logprobs": found}):
        assert all(type(token) is str and LEAST <= value <= 0 for token, value in place)
