"""Read the body of a chat completion, or say what is wrong with it. Nothing unread reaches the cache."""

from __future__ import annotations

from typing import Any

import orjson

from harness.providers.retry import Fault, in_short
from harness.records.calls import Finish, Reply

FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "refusal"}
"""The protocol's finish reasons that mean something here; a reply with any other one has simply ended."""


MAX_TOKENS = 10**8
"""No model reads or writes so much in one call: what is reported beyond counts as not reported."""


def read_completion(body: bytes, content_type: str = "") -> Reply | Fault:
    """The reply that the body of a response with status 200 holds, or why it holds none.

    Args:
        body: as it came.
        content_type: the response's header, for the message.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        start = in_short(body[:80].decode("utf-8", "replace"))
        return _bad(f"the reply is not JSON (content type {in_short(content_type) or 'unknown'}): {start}")
    if not isinstance(value, dict):
        return _bad("the reply is not a JSON object")
    if value.get("error"):
        return _bad(f"the reply is an error with status 200: {_error_text(value['error'])}")
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return _bad("the reply holds no choice")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return _bad("the reply's first choice holds no message")
    return _read_message(message, choices[0].get("finish_reason"), value)


def _read_message(message: dict[str, Any], finish_reason: Any, value: dict[str, Any]) -> Reply | Fault:
    content, refusal = message.get("content"), message.get("refusal")
    if content is not None and not isinstance(content, str):
        return _bad("the reply's content is not text")
    finish = FINISHES.get(finish_reason, "stop") if isinstance(finish_reason, str) else "stop"
    if isinstance(refusal, str) and refusal:
        finish, content = "refusal", content or refusal
    if content is None and finish == "stop":
        # Unlike an empty text this is no answer of the model, and asking again may bring one.
        return _bad("the reply's content is null")
    usage = value.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    served_model = value.get("model")
    return Reply(
        text=content or "",
        finish=finish,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        served_model=served_model if isinstance(served_model, str) else "",
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else 0


def _error_text(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return in_short(str(message))


def _bad(message: str) -> Fault:
    return Fault("bad-reply", message, remedy="again", may_be_billed=True)
