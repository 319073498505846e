"""The lines of batch files: requests as they are written, and results as providers and engines write them. Pure.

A request is `{"custom_id", "method", "url", "body"}`, a result `{"custom_id", "response", "error"}`, as OpenAI's Batch
API defines them and `vllm run-batch` and others follow. The custom id is the cache key of the call. A result is read
by what reads the response to a single call: the same reply comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from harness.providers.chat_request import FORMAT, PATH, chat_body, with_system_role
from harness.providers.faults import fault_of
from harness.providers.json_body import read_json
from harness.providers.native_reply import without_secrets
from harness.providers.redaction import Secrets
from harness.providers.response import read_value
from harness.providers.retry import Fault, as_answer, in_short
from harness.records.calls import Call, Reply

KEY = re.compile(r"[0-9a-f]{64}")
"""A cache key."""
OPENAI_LINES = 50_000
"""Lines of one batch file that OpenAI accepts."""
OPENAI_BYTES = 200_000_000
"""Bytes of one batch file that OpenAI accepts."""
NOT_REACHED = {"batch_expired": "expired", "batch_cancelled": "cancelled"}
"""Codes of requests that the provider did not get to before the job ended, with the kind of their fault."""


def request_line(call: Call, key: str, *, asks_format: bool = True) -> bytes:
    """A call as a line of a batch file, with its line break.

    Args:
        call: the call.
        key: its cache key.
        asks_format: whether the line asks for the call's `response_format`, if it has one.
    """
    sent = with_system_role(call, call.model.settings.get("system"))
    body = chat_body(call.model, sent, asks_format=asks_format, seed=call.model.params.get("seed"))
    return orjson.dumps({"custom_id": key, "method": "POST", "url": PATH, "body": body}) + b"\n"


def read_line(line: bytes) -> tuple[str, Mapping[str, Any]]:
    """The custom id and the value of a line with a result.

    Raises:
        ValueError: where it is no result; the message says what it is.
    """
    try:
        value = read_json(line)
    except ValueError:
        raise ValueError("is not JSON, or cut off") from None
    if not isinstance(value, Mapping) or not isinstance(value.get("custom_id"), str):
        raise ValueError("holds no `custom_id`")
    if "response" not in value and "error" not in value and "result" not in value:
        is_request = "body" in value
        raise ValueError("is a request and no result" if is_request else "holds neither `response` nor `error`")
    return value["custom_id"], value


def read_result(value: Mapping[str, Any], secrets: Secrets, *, params: Collection[str] = ()) -> Reply | Fault:
    """The reply that a result holds, or why it holds none, as for the response to a single call.

    Args:
        value: of a line, as `read_line` gives it.
        secrets: values that are redacted.
        params: names of the parameters that were sent.
    """
    response = value.get("response")
    response = response if isinstance(response, Mapping) else {}
    # Some engines put the completion in the place of the response around it.
    body, status = response if "choices" in response else response.get("body"), response.get("status_code")
    error = value.get("error")
    if error is None and (status is None or (type(status) is int and 200 <= status < 300)):
        return without_secrets(read_value(body), secrets)
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code in NOT_REACHED:
        return Fault(NOT_REACHED[code], f"the job ended before this request ({code})", remedy="again")
    if type(status) is not int or status < 300:
        status = code if type(code) is int and 400 <= code < 600 else 500
    answer = secrets.redacted_json(body if body else {"error": error})
    return as_answer(fault_of(status, answer, {}, 0.0, params=params, asks_format=FORMAT in params))


def key_in(custom_id: str) -> str | None:
    """The cache key that a custom id is, None where it is none."""
    return custom_id if KEY.fullmatch(custom_id) else None


def shown_id(custom_id: str) -> str:
    """A custom id for a message."""
    return in_short(custom_id[:80])
