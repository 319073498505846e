"""Which failed attempts are worth another, and when. Pure: no clock, no network, no waiting.

408, 409, 429, 500 and above, connection errors, timeouts, unreadable replies   again, after a growing random wait
400, 413, 422 and what else an endpoint may object to in a call                 this call is given up
401, 402, 403, 404, no credit left, a wait of more than LONGEST_WAIT_S          the model is given up
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, Literal

from harness.text import printable

FIRST_WAIT_S = 0.5
MAX_BACKOFF_S = 30.0
MIN_WAIT = 0.6
"""Of the limit of a wait; more than half, so that waits grow."""
MAX_WAIT_S = 300.0
"""An endpoint that asks for a longer wait than this is one to come back to in another run."""

FAILURES_TO_STOP = 5
"""So many calls given up for the same reason, and none answered: the fault is in what all of them share."""

MESSAGE_LENGTH = 300

_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_TOO_LONG = ("context_length_exceeded", "string_above_max_length")
_REFUSED = ("content_filter", "content_policy_violation")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt brought no reply, and what that calls for.

    Attributes:
        kind: a short stable word, as in ProviderError.
        message: what happened, in a sentence without a full stop.
        remedy: `again`: another attempt may help; `give-up`: not for this call; `stop`: not for any call of the model.
        status: the HTTP status, or 0 where there was none.
        wait_s: how long the endpoint asks to wait, None where it does not say.
        hint: what the user can do, or "".
        may_be_billed: whether the endpoint may have made a reply that did not arrive or could not be read.
    """

    kind: str
    message: str
    remedy: Literal["again", "give-up", "stop"]
    status: int = 0
    wait_s: float | None = None
    hint: str = ""
    may_be_billed: bool = False

    @property
    def is_too_many(self) -> bool:
        """Whether the endpoint asks for fewer calls at once."""
        return self.status == 429 or (self.status == 503 and self.wait_s is not None)


def fault_of(status: int, body: Any, headers: Mapping[str, str], now: float) -> Fault:
    """The fault that a response with an error status is.

    Args:
        status: its HTTP status.
        body: its JSON, or its text where that is no JSON.
        headers: its headers; the names are looked up in lower case.
        now: seconds since 1970.
    """
    error = body.get("error", body) if isinstance(body, dict) else body
    code = str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
    said = error.get("message", "") if isinstance(error, dict) else error
    message = f"status {status}" + (f": {in_short(str(said))}" if said else "")
    wait_s = retry_after_s(headers, now)
    if code in _NO_CREDIT or status == 402:
        return Fault("quota", message, "stop", status, hint="the account has no credit left; add some and run again")
    if status in (408, 409, 429) or status >= 500:
        kind = {408: "timeout", 409: "conflict", 429: "rate-limit"}.get(status, "server")
        if wait_s is not None and wait_s > MAX_WAIT_S:
            return Fault(
                kind, message, "stop", status, hint=f"the endpoint asks to wait {wait_s:.0f} s; run again then"
            )
        return Fault(kind, message, "again", status, wait_s, may_be_billed=status >= 500 and status != 503)
    if status in (401, 403):
        return Fault("key", message, "stop", status)
    if status == 404:
        return Fault("unknown-model", message, "stop", status)
    if code in _TOO_LONG or status == 413 or "maximum context length" in str(said):
        return Fault("context-length", message, "give-up", status)
    if code in _REFUSED:
        return Fault("refused", message, "give-up", status)
    return Fault("rejected", message, "give-up", status)


def objects_to_format(fault: Fault, body: str) -> bool:
    """Whether a call was rejected for the `response_format` that it asks for: the endpoint may not know it."""
    return fault.kind == "rejected" and ("response_format" in body or "json_schema" in body)


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """How long `retry-after-ms`, or else `retry-after` (seconds or a date), asks to wait; None where neither does."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) / unit
        except ValueError:
            seconds = _seconds_until(text, now)
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def backoff_s(failed_attempts: int, random: Random) -> float:
    """How long to wait after so many failed attempts: a time somewhat below a limit that doubles each time.

    Spreading waits over less than half of the limit keeps calls from coming back together, and makes each wait longer
    than the one before it: with any time up to the limit a call could be tried again and again at once.
    """
    limit = min(MAX_BACKOFF_S, FIRST_WAIT_S * 2.0 ** min(failed_attempts - 1, 16))
    return random.uniform(MIN_WAIT * limit, limit)


def in_short(text: str) -> str:
    """The text in one line, without what a terminal might obey, cut to a readable length."""
    line = " ".join(printable(text[: 4 * MESSAGE_LENGTH]).split())
    return line if len(line) <= MESSAGE_LENGTH else line[: MESSAGE_LENGTH - 1] + "…"


class FirstFailures:
    """Tells a model that cannot answer any call from a few calls that it cannot answer."""

    def __init__(self) -> None:
        self._any_answered = False
        self._reason = ("", 0)
        self._in_a_row = 0

    def answered(self) -> None:
        """A call got a reply: from now on every failure is a matter of its own call."""
        self._any_answered = True

    def add(self, fault: Fault) -> bool:
        """Note why a call was given up; whether that makes it time to give up the model."""
        if self._any_answered or fault.kind == "context-length":
            return False
        reason = (fault.kind, fault.status)
        self._in_a_row = self._in_a_row + 1 if reason == self._reason else 1
        self._reason = reason
        return self._in_a_row >= FAILURES_TO_STOP


def _seconds_until(date: str, now: float) -> float:
    """Seconds from `now` until an HTTP date; NaN where it is none."""
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return math.nan
