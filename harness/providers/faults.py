"""What an error status of an endpoint means: whom it concerns, and what to do about it. Pure.

A fault concerns one of three:

* **the moment**: 408, 409, 424, 425, 429, 498, 500 and above. The same call is tried again, after the wait that the
  endpoint asks for;
* **the call**: its prompt is too long or is refused, or it is rejected in words of which the meaning is not known.
  Other calls go on;
* **the model**: authentication, billing, an unknown model, a parameter that it does not support. No call of the model
  can succeed, so no other is made.

The meaning is in the words before it is in the status: endpoints and gateways answer 400, 403 and 404 to all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson

from harness.providers import fault_words as meaning
from harness.providers.fault_words import Words, parameter_named, words_of
from harness.providers.redaction import Secrets
from harness.providers.retry import MAX_WAIT_S, Fault, in_short
from harness.providers.waits import wait_of

PASSING = frozenset({408, 409, 424, 425, 429, 498})
"""Beside 500 and above: statuses of the moment."""
KINDS = {408: "timeout", 409: "conflict", 429: "rate-limit", 498: "rate-limit"}
NO_CREDIT_CODES = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")

BOUNDS = ("max_tokens", "max_completion_tokens")


def fault_of(
    status: int,
    body: Any,
    headers: Mapping[str, str],
    now: float,
    *,
    params: Collection[str] = (),
    asks_format: bool = False,
) -> Fault:
    """The fault that a response with an error status is.

    Args:
        status: its HTTP status.
        body: its JSON, or its text where that is no JSON.
        headers: its headers; the names are looked up in lower case.
        now: seconds since 1970.
        params: names of the parameters that were sent.
        asks_format: whether a `response_format` was among them.
    """
    if 300 <= status < 400:
        return _redirect(status, headers)
    words = words_of(body)
    message = f"status {status}" + (f": {in_short(words.message)}" if words.message else "")
    wait_s = wait_of(status, headers, body, now)
    is_passing = status in PASSING or status >= 500
    if status == 402 or _is_without_credit(words, is_passing, wait_s):
        return Fault("quota", message, "stop", status, hint="the account has no credit left; add some and run again")
    if status != 401 and _is_too_long(words, status):
        return Fault("too-long", message, "give-up", status)
    if asks_format and status not in (401, 429) and words.mean(meaning.FORMAT):
        return Fault("format", message, "give-up", status)
    if is_passing or (status not in (401, 404) and words.mean(meaning.BUSY)):
        return _passing(status, message, wait_s)
    if status == 401:
        return Fault("key", message, "stop", status)
    return _about_call_or_model(status, words, message, params)


def fault_in(
    response: Any, secrets: Secrets, now: float, *, params: Collection[str] = (), asks_format: bool = False
) -> Fault:
    """The fault that a response is, as `fault_of`, without the secrets that it may hold.

    Args:
        response: of an HTTP client, with an error status.
        secrets: what was sent.
        now: seconds since 1970.
        params: names of the parameters that were sent.
        asks_format: whether a `response_format` was among them.
    """
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = response.text
    headers = {name.lower(): secrets.redacted_message(value) for name, value in response.headers.items()}
    body = secrets.redacted_json(body)
    return fault_of(response.status_code, body, headers, now, params=params, asks_format=asks_format)


def _is_without_credit(words: Words, is_passing: bool, wait_s: float | None) -> bool:
    """Whether the account has no credit: what a rate limit says of a quota, with a time to wait, is no bill."""
    if any(code.replace("_", " ") in words.text for code in NO_CREDIT_CODES):
        return True
    return words.mean(meaning.NO_CREDIT) and (not is_passing or wait_s is None) and not words.is_page


def _is_too_long(words: Words, status: int) -> bool:
    if status == 413:
        return True
    if words.is_page or not words.mean(meaning.TOO_LONG):
        return False
    if (status in PASSING or words.mean(meaning.BUSY)) and not words.mean(meaning.NEVER_FITS):
        return False  # too many requests, or too many tokens in a minute
    return not words.mean(meaning.REPLY_BOUND) or words.mean(meaning.ABOUT_CONTEXT)


def _passing(status: int, message: str, wait_s: float | None) -> Fault:
    if wait_s is not None and wait_s > MAX_WAIT_S:
        hint = f"the endpoint asks to wait {wait_s:.0f} s; run again then"
        return Fault(KINDS.get(status, "server"), message, "stop", status, hint=hint)
    billed = status >= 500 and status != 503
    kind = KINDS.get(status, "server" if status >= 500 or status in PASSING else "rate-limit")
    return Fault(kind, message, "again", status, wait_s, may_be_billed=billed)


def _about_call_or_model(status: int, words: Words, message: str, params: Collection[str]) -> Fault:
    """The fault of a response that says, in its words, whom it concerns."""
    named = parameter_named(words, params)
    if not words.is_page:
        if words.mean(meaning.API_KEY):
            return Fault("key", message, "stop", status)
        if words.mean(meaning.ROLE):
            hint = "write `system: user` at the model: the system message is then put before the user's"
            return Fault("system-role", message, "stop", status, hint=hint)
        if status != 403 and (named or words.mean(meaning.PARAMETER)) and _is_parameter(words, named):
            return Fault("parameter", message, "stop", status, hint=_hint(named, words))
        if words.mean(meaning.REFUSED) and not _is_of_account(words):
            return Fault("refused", message, "give-up", status)
        if words.mean(meaning.UNKNOWN_MODEL) and status != 403:
            return Fault("unknown-model", message, "stop", status)
        if words.mean(meaning.KEY) and status in (400, 403, 404, 422):
            return Fault("key", message, "stop", status)
    if status == 403:
        hint = "a firewall, or the endpoint, did not let these calls through" if words.mean(meaning.FIREWALL) else ""
        return Fault("forbidden", message, "give-up", status, hint=hint)
    if status in (404, 405, 410):
        return Fault("unknown-model", message, "give-up", status)
    return Fault("rejected", message, "give-up", status)


def _is_parameter(words: Words, named: str) -> bool:
    """Whether a parameter is at fault: a refusal may name one in passing."""
    return not words.mean(meaning.REFUSED) or bool(words.param and named)


def _is_of_account(words: Words) -> bool:
    """Whether a policy is the account's (which providers may see its data), and not one on contents."""
    return "data policy" in words.text or "privacy" in words.text


def _hint(named: str, words: Words) -> str:
    if named in BOUNDS:
        other = BOUNDS[1 - BOUNDS.index(named)]
        if other.replace("_", " ") in words.text or other in words.message:
            return f"write `{other}` in place of `{named}` in its `params`"
        return f"check `{named}` in its `params`, or write `{other}` in its place"
    if named == "temperature":
        return "write `temperature: null` in its `params`: it is then not sent"
    return f"remove `{named}` from its `params`, or change it" if named else "check its `params`"


def _redirect(status: int, headers: Mapping[str, str]) -> Fault:
    """The fault of a redirect. It is not followed: a prompt is sent to the address in the spec only."""
    address = headers.get("location", "")
    try:
        parts = urlsplit(address)
        plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        plain = ""
    place = f" to {in_short(plain)}" if plain else ""
    hint = "redirects are not followed; write the address as `base_url` if you trust it"
    return Fault("redirect", f"status {status}: the endpoint redirects{place}", "stop", status, hint=hint)
