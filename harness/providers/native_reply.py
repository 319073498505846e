"""Replies in a vendor's own protocol, read as the chat completions that they amount to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.providers.json_body import read_json
from harness.providers.redaction import Secrets
from harness.providers.response import read_value
from harness.providers.retry import Fault, in_short
from harness.records.calls import Reply


def read_native(body: bytes, completion_of: Callable[[Any], Any], secrets: Secrets) -> Reply | Fault:
    """The reply that a body holds, or why it holds none, without the secrets that it may hold.

    Args:
        body: of a response with status 200, unpacked.
        completion_of: the chat completion that the JSON of the body amounts to.
        secrets: what was sent.
    """
    try:
        result = read_value(completion_of(read_json(body)))
    except ValueError:
        start = in_short(secrets.redacted_message(body[:200].decode("utf-8", "replace"))[:80])
        return Fault("bad-reply", f"the reply is not JSON: {start}", remedy="again", may_be_billed=True)
    return without_secrets(result, secrets)


def without_secrets(result: Reply | Fault, secrets: Secrets) -> Reply | Fault:
    """A reply or a fault without the secrets that an endpoint may have sent back."""
    if isinstance(result, Fault):
        return replace(result, message=secrets.redacted_message(result.message))
    without = secrets.redacted
    text, reasoning = without(result.text), without(result.reasoning)
    # A secret in the text stands in its tokens too, in pieces that cannot be recognised.
    logprobs = result.logprobs if (text, reasoning) == (result.text, result.reasoning) else ()
    return result._replace(text=text, served_model=without(result.served_model), reasoning=reasoning, logprobs=logprobs)
