from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import google as provider
from harness.records.calls import Model, Reply
from support.endpoint import response
from support.native import FORMAT, KEY, asked

pytest.importorskip("google.genai", reason="the extra `google` is not installed")


def answer(*parts: dict[str, Any], finish: str = "STOP", **usage: int) -> bytes:
    counts = {"promptTokenCount": 20, "candidatesTokenCount": 7, "totalTokenCount": 27, **usage}
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, "index": 0}
    return response(200, {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "some-model-001"})


OK = answer({"text": "A"})


def error(status: int, state: str, said: str, **more: Any) -> bytes:
    return response(status, {"error": {"code": status, "message": said, "status": state, **more}})


def invalid(said: str) -> bytes:
    return error(400, "INVALID_ARGUMENT", said)


def test_a_call_is_sent_in_googles_words_and_its_reply_is_read():
    params = {"temperature": 0, "max_tokens": 9, "stop": "END", "top_k": 3, "seed": 5, "reasoning_effort": "low"}
    [reply], scripted, _ = asked(provider, OK, params={**params, "service_tier": "flex"}, call_params=FORMAT)
    assert reply == Reply("A", "stop", 20, 7, "some-model-001")
    assert scripted.targets == ["/v1beta/models/some-model:generateContent"]
    assert scripted.headers[0]["x-goog-api-key"] == KEY
    assert scripted.requests == [
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Which?"}]},
                {"role": "model", "parts": [{"text": "Hm."}]},
                {"role": "user", "parts": [{"text": "Say A or B."}]},
            ],
            "systemInstruction": {"parts": [{"text": "Judge."}]},
            "generationConfig": {
                "temperature": 0,
                "maxOutputTokens": 9,
                "stopSequences": ["END"],
                "topK": 3,
                "seed": 5,
                "thinkingConfig": {"thinkingLevel": "low"},
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "object"},
            },
            "serviceTier": "flex",
        }
    ]


def test_thoughts_are_kept_apart_and_counted_as_output():
    parts = ({"text": "B? No.", "thought": True}, {"text": "A"})
    [reply], _, _ = asked(
        provider, answer(*parts, thoughtsTokenCount=100, totalTokenCount=127, cachedContentTokenCount=4)
    )
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning) == ("A", "B? No.")
    assert (reply.completion_tokens, reply.reasoning_tokens, reply.cached_tokens) == (107, 100, 4)


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        pytest.param(answer({"text": "A"}, finish="MAX_TOKENS"), "length", id="cut"),
        pytest.param(answer(finish="SAFETY"), "refusal", id="safety"),
        pytest.param(response(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "refusal", id="prompt"),
        pytest.param(
            error(
                400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens allowed (8)."
            ),
            "too-long",
            id="too-long",
        ),
    ],
)
def test_ends_are_told_apart(body: bytes, finish: str):
    [reply], _, _ = asked(provider, body)
    assert isinstance(reply, Reply)
    assert reply.finish == finish


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(invalid("API key not valid. Please pass a valid API key."), "key", id="key"),
        pytest.param(error(403, "PERMISSION_DENIED", "You do not have permission"), "key", id="permission"),
        pytest.param(error(404, "NOT_FOUND", "models/x is not found for API version v1"), "unknown-model", id="model"),
        pytest.param(invalid("Unknown name \"foo\" at 'generation_config'"), "parameter", id="parameter"),
        pytest.param(response(307, {}, location="http://elsewhere.invalid/x"), "redirect", id="redirect"),
    ],
)
def test_faults_of_the_model_stop_it(body: bytes, kind: str):
    (first, second), scripted, _ = asked(provider, body, params={"max_tokens": 9, "foo": 1}, calls=2)
    assert isinstance(first, ModelStopped)
    assert isinstance(second, ModelStopped)
    assert first.kind == kind
    assert len(scripted.requests) == 1


def test_a_quota_is_waited_for_as_long_as_google_says():
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36s"}]
    busy = error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, check your billing.", details=details)
    [reply], scripted, slept = asked(provider, busy, OK)
    assert isinstance(reply, Reply)
    assert len(scripted.requests) == 2
    assert slept.now >= 36


@pytest.mark.parametrize("fault", [error(503, "UNAVAILABLE", "overloaded"), response(200, "<html>"), response(200, {})])
def test_faults_of_the_moment_are_tried_again(fault: bytes):
    [reply], scripted, _ = asked(provider, fault, OK)
    assert isinstance(reply, Reply)
    assert len(scripted.requests) == 2


def test_nothing_of_the_environment_is_sent_and_the_key_is_in_no_error(monkeypatch: pytest.MonkeyPatch):
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, "http://leak.invalid")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    [problem], scripted, _ = asked(provider, invalid(f"bad {KEY}"))
    assert isinstance(problem, ProviderError)
    assert KEY not in str(problem)
    assert "leak" not in str(scripted.headers)


def test_headers_and_query_of_the_spec_are_sent():
    _, scripted, _ = asked(provider, OK, headers={"X-Team": "eval"}, query={"tenant": "one"})
    assert scripted.headers[0]["x-team"] == "eval"
    assert scripted.targets[0].endswith(":generateContent?tenant=one")


def test_the_identity_is_that_of_the_vendor_or_of_another_address():
    assert provider.key_parts({}) == {"endpoint": "google"}
    assert provider.key_parts({"base_url": "http://gate"}) == {"endpoint": "http://gate"}
    assert provider.defaults("m", {"base_url": None})["api_key_env"] == "GEMINI_API_KEY"
    assert provider.model_id("m", {}, Path()) == "m"


def test_the_health_check_reports_an_endpoint_that_is_not_there():
    findings = list(provider.check(Model("m", "google", "m", base_url="http://127.0.0.1:9"), {}))
    assert findings[0].state == "failure"
