"""Request lines of batch files, and results as providers and engines write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter, ValidationError

from harness.cache.key import call_key
from harness.providers.batch_lines import read_line, read_result, request_line
from harness.providers.redaction import Secrets
from harness.providers.response import read_value
from harness.providers.retry import Fault
from harness.records.calls import Call, Model, Reply

MODEL = Model("m", "openai", "gpt", {"temperature": 0, "max_tokens": 64, "seed": 3}, settings={"system": "user"})
MESSAGES = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "A or B?"}]
CALL = Call(MODEL, MESSAGES, draw=2, params={"response_format": {"type": "json_object"}})  # type: ignore[arg-type]
COMPLETION = {
    "model": "gpt-1",
    "choices": [{"message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
}


def result(response: Any = None, error: Any = None) -> Reply | Fault:
    return read_result({"custom_id": "k", "response": response, "error": error}, Secrets(["sk-1234567890abcdef"]))


def test_a_request_is_that_of_a_single_call():
    key = call_key(CALL)
    line = json.loads(request_line(CALL, key))
    assert line == {
        "custom_id": key,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "gpt",
            "temperature": 0,
            "max_tokens": 64,
            "seed": 5,
            "messages": [{"role": "user", "content": "Judge.\n\nA or B?"}],
            "response_format": {"type": "json_object"},
        },
    }
    assert "response_format" not in json.loads(request_line(CALL, key, asks_format=False))["body"]


def test_a_body_has_the_types_that_the_openai_package_publishes():
    body = json.loads(request_line(CALL, call_key(CALL)))["body"]
    assert body.keys() <= CompletionCreateParamsNonStreaming.__annotations__.keys() | {"model", "messages"} | set(
        CompletionCreateParamsNonStreaming.__optional_keys__ | CompletionCreateParamsNonStreaming.__required_keys__
    )
    schema = TypeAdapter(CompletionCreateParamsNonStreaming)
    schema.validate_python(body)
    with pytest.raises(ValidationError, match="messages"):
        schema.validate_python({"model": "gpt"})


def test_a_reply_is_that_of_a_single_call():
    assert result({"status_code": 200, "request_id": "r", "body": COMPLETION}) == read_value(COMPLETION)
    assert result(COMPLETION) == read_value(COMPLETION)  # as some engines write it


@pytest.mark.parametrize(
    ("code", "kind"), [("batch_expired", "expired"), ("batch_cancelled", "cancelled"), ("internal_error", "server")]
)
def test_a_request_that_the_job_did_not_reach_is_repeated(code: str, kind: str):
    found = result(None, {"code": code, "message": "not executed"})
    assert isinstance(found, Fault)
    assert (found.kind, found.remedy) == (kind, "again")


def test_an_error_status_means_what_it_means_for_a_single_call():
    body = {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}
    found = result({"status_code": 429, "body": body})
    assert isinstance(found, Fault)
    assert (found.kind, found.remedy) == ("rate-limit", "again")
    long = {"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}}
    answer = result({"status_code": 400, "body": long})
    assert isinstance(answer, Reply)
    assert answer.finish == "too-long"
    engine = result({"status_code": 400, "body": None}, {"object": "error", "message": "bad", "code": 400})
    assert isinstance(engine, Fault)
    assert engine.status == 400


def test_no_secret_is_in_a_reply_or_a_message():
    text = json.loads(json.dumps(COMPLETION).replace('"A"', '"key sk-1234567890abcdef"'))
    reply = result({"status_code": 200, "body": text})
    fault = result({"status_code": 400, "body": {"error": {"message": "no key sk-1234567890abcdef"}}})
    assert isinstance(reply, Reply)
    assert isinstance(fault, Fault)
    assert "sk-12345" not in reply.text + fault.message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"custom_id": "k", "resp', "is not JSON, or cut off"),
        (b"[]", "holds no `custom_id`"),
        (b'{"custom_id": 5, "response": null}', "holds no `custom_id`"),
        (b'{"custom_id": "k", "method": "POST", "url": "/v1", "body": {}}', "is a request and no result"),
        (b'{"custom_id": "k"}', "holds neither `response` nor `error`"),
        (b"[" * 5000, "is not JSON, or cut off"),
    ],
)
def test_a_line_that_is_no_result_is_an_error(line: bytes, message: str):
    with pytest.raises(ValueError, match=message):
        read_line(line)


@pytest.mark.parametrize("response", [None, [], "text", {}, {"status_code": 200, "body": []}, {"status_code": "200"}])
def test_a_result_without_a_reply_is_a_fault(response: Any):
    assert isinstance(result(response), Fault)
