from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import anthropic as provider
from harness.records.calls import Model, Reply
from support.endpoint import response
from support.native import CHAT, FORMAT, KEY, asked

pytest.importorskip("anthropic", reason="the extra `anthropic` is not installed")


def message(*content: dict[str, Any], stop: str = "end_turn", **usage: int) -> bytes:
    counts = {"input_tokens": 20, "output_tokens": 7, **usage}
    value = {"id": "m", "type": "message", "role": "assistant", "model": "some-model-20250101", "content": content}
    return response(200, {**value, "stop_reason": stop, "stop_sequence": None, "usage": counts})


TEXT = {"type": "text", "text": "A"}
OK = message(TEXT)


def error(status: int, kind: str, said: str) -> bytes:
    return response(status, {"type": "error", "error": {"type": kind, "message": said}})


def invalid(said: str) -> bytes:
    return error(400, "invalid_request_error", said)


def test_a_call_is_sent_in_anthropics_words_and_its_reply_is_read():
    thinking = {"type": "enabled", "budget_tokens": 1024}
    params = {"max_completion_tokens": 9, "stop": "END", "thinking": thinking, "top_k": 3, "reasoning_effort": "low"}
    [reply], scripted, _ = asked(provider, OK, params=params, call_params=FORMAT, prompt_cache=True)
    assert reply == Reply("A", "stop", 20, 7, "some-model-20250101")
    assert scripted.targets == ["/v1/messages"]
    assert scripted.headers[0]["authorization"] == f"bearer {KEY}"
    assert scripted.requests == [
        {
            "model": "some-model",
            "max_tokens": 9,
            "stop_sequences": ["END"],
            "thinking": thinking,
            "top_k": 3,
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
            "cache_control": {"type": "ephemeral"},
            "system": "Judge.",
            "messages": CHAT[1:],
        }
    ]


def test_thinking_is_kept_apart_and_cached_tokens_are_part_of_the_prompt():
    thought = {"type": "thinking", "thinking": "B? No.", "signature": "x"}
    answer = message(thought, TEXT, cache_read_input_tokens=1000, cache_creation_input_tokens=50)
    [reply], _, _ = asked(provider, answer)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.prompt_tokens, reply.cached_tokens) == ("A", "B? No.", 1070, 1000)


@pytest.mark.parametrize(
    ("answer", "finish"),
    [
        pytest.param(message(TEXT, stop="max_tokens"), "length", id="cut"),
        pytest.param(message(TEXT, stop="model_context_window_exceeded"), "length", id="window"),
        pytest.param(message(stop="refusal"), "refusal", id="refusal"),
        pytest.param(invalid("prompt is too long: 9 tokens > 8 maximum"), "too-long", id="too-long"),
        pytest.param(invalid("Output blocked by content filtering policy"), "refusal", id="filter"),
    ],
)
def test_ends_are_told_apart(answer: bytes, finish: str):
    [reply], _, _ = asked(provider, answer)
    assert isinstance(reply, Reply)
    assert reply.finish == finish


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        pytest.param(error(401, "authentication_error", "invalid x-api-key"), "key", "TEST_KEY", id="key"),
        pytest.param(error(404, "not_found_error", "model: x not found"), "unknown-model", "some-model", id="model"),
        pytest.param(invalid("Your credit balance is too low"), "quota", "credit", id="credit"),
        pytest.param(
            invalid("max_tokens: 9 > 8, which is the maximum allowed number of output tokens"),
            "parameter",
            "max_tokens",
            id="parameter",
        ),
        pytest.param(response(302, {}, location="http://other.invalid"), "redirect", "other.invalid", id="redirect"),
    ],
)
def test_faults_of_the_model_stop_it(answer: bytes, kind: str, hint: str):
    (first, second), scripted, _ = asked(provider, answer, calls=2)
    assert isinstance(first, ModelStopped)
    assert isinstance(second, ModelStopped)
    assert first.kind == kind
    assert hint in str(first)
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        error(529, "overloaded_error", "Overloaded"),
        error(429, "rate_limit_error", "slow down"),
        response(200, "<html>"),
        response(200, {"type": "message", "content": None}),
    ],
    ids=["529", "429", "html", "empty"],
)
def test_faults_of_the_moment_are_tried_again(fault: bytes):
    [reply], scripted, slept = asked(provider, fault, OK)
    assert isinstance(reply, Reply)
    assert len(scripted.requests) == 2
    assert slept.now > 0


def test_a_schema_that_is_not_supported_is_left_out():
    answer = invalid("output_config.format: this model does not support structured outputs")
    [reply], scripted, _ = asked(provider, answer, OK, call_params=FORMAT)
    assert isinstance(reply, Reply)
    assert ["output_config" in request for request in scripted.requests] == [True, False]


def test_nothing_of_the_environment_is_sent_and_the_key_is_in_no_error(monkeypatch: pytest.MonkeyPatch):
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "PROFILE", "CUSTOM_HEADERS"):
        monkeypatch.setenv(f"ANTHROPIC_{name}", "x-leak: leak")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    [problem], scripted, _ = asked(provider, invalid(f"bad {KEY}"))
    assert isinstance(problem, ProviderError)
    assert KEY not in str(problem)
    assert "leak" not in str(scripted.headers)


def test_headers_of_the_spec_are_sent():
    _, scripted, _ = asked(
        provider, OK, headers={"anthropic-beta": "x", "X-Team": "${TEAM}"}, environment={"TEAM": "eval"}
    )
    assert (scripted.headers[0]["anthropic-beta"], scripted.headers[0]["x-team"]) == ("x", "eval")


def test_the_identity_is_that_of_the_vendor_or_of_another_address():
    assert (
        provider.key_parts({})
        == provider.key_parts({"base_url": "https://API.anthropic.com/"})
        == {"endpoint": "anthropic"}
    )
    assert provider.key_parts({"base_url": "http://gate/v1"}) == {"endpoint": "http://gate/v1"}
    assert provider.defaults("m", {"base_url": None})["api_key_env"] == "ANTHROPIC_API_KEY"
    assert provider.model_id("m", {"model": "claude"}, Path()) == "claude"


def test_the_health_check_sends_the_key_in_anthropics_header():
    findings = list(provider.check(Model("m", "anthropic", "m", base_url="http://127.0.0.1:9"), {}))
    assert findings[0].state == "failure"
