"""How long an endpoint asks to wait: in headers or in the body of a response, whatever it calls it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

EPOCH_S = 1e9
"""A reset time beyond this many seconds is a point in time and no duration; beyond 1000 times as many, milliseconds."""
MAX_RESET_S = 300.0
"""A longer reset belongs to a window of hours or days, which may not be the one that was exceeded."""
DEEPEST = 8
"""Levels of an error body that are searched."""

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT = r"ms|msecs?|milliseconds?|millis|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"  # longest match first
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*({_UNIT})?(?![a-z])", re.IGNORECASE)
_DURATION = rf"\d+(?:\.\d+)?\s*(?:(?:{_UNIT})\b)?(?:(?:\s|,|and)*\d+(?:\.\d+)?\s*(?:{_UNIT})\b)*"
_ONLY = re.compile(_DURATION, re.IGNORECASE)
_RUN_TOGETHER = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_SAID = re.compile(
    r"\b(?:(?:try|tries|retry|retried|retrying|wait|available|resets?|again|back)\b[^.\d]{0,60}?"
    r"\b(?:in|after|for|least)|wait)\s+(?:about\s+|approximately\s+|~\s*)?"
    rf"((?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+|{_DURATION})",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"^(?:x-)?(?:retry|try)[-_]?(?:again[-_]?)?(after|delay|in)[-_]?(ms|millis|milliseconds)?", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_RESET = re.compile(r"ratelimit.*reset")


def wait_of(status: int, headers: Mapping[str, str], body: Any, now: float) -> float | None:
    """How long a response asks to wait, in seconds; None where it does not say.

    `Retry-After` goes before what the body says, and that before the reset times of rate limits, which count for the
    statuses 429 and 503 only: endpoints send them with every response.

    Args:
        status: the HTTP status.
        headers: of the response; the names are looked up in lower case.
        body: its JSON, or its text.
        now: seconds since 1970.
    """
    asked = retry_after_s(headers, now)
    if asked is None:
        asked = next(_waits_in(body, now, DEEPEST), None)
    if asked is None and status in (429, 503):
        asked = _reset_s(headers, now)
    return asked


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """How long `retry-after-ms`, or else `retry-after` (seconds or a date), asks to wait; None where neither does."""
    for name, unit in (("retry-after-ms", 1e-3), ("x-ms-retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        seconds = _number(text) * unit
        if math.isnan(seconds):
            seconds = _seconds_until(text, now)
        if math.isnan(seconds):
            seconds = _whole_duration_s(text)
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def duration_s(text: str) -> float:
    """Seconds of a duration such as `38.2s`, `6m0s`, `20ms`, `1 minute 5 seconds` or `7`; NaN where it is none."""
    parts = _PART.findall(text) if not _RUN_TOGETHER.fullmatch(text.strip()) else _RUN_PART.findall(text)
    if not parts:
        return math.nan
    return math.fsum(float(number) * _unit_s(unit) for number, unit in parts)


def _whole_duration_s(text: str) -> float:
    """The same where the text is nothing but a duration: the numbers of a date that cannot be read are none."""
    plain = text.strip()
    return duration_s(plain) if _RUN_TOGETHER.fullmatch(plain) or _ONLY.fullmatch(plain) else math.nan


_RUN_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def _unit_s(unit: str) -> float:
    low = unit.lower()
    return _UNITS["ms"] if low.startswith(("ms", "mil")) else _UNITS[low[:1] or "s"]


def _waits_in(value: Any, now: float, levels: int) -> Iterator[float]:
    """The waits that a body asks for: those of keys such as `retryDelay` first, then those in its sentences."""
    yield from _waits_under_keys(value, levels)
    for text in _texts(value, levels):
        if said := _SAID.search(text[:4000]):
            seconds = duration_s(said[1])
            if math.isfinite(seconds):
                yield seconds


def _waits_under_keys(value: Any, levels: int) -> Iterator[float]:
    if levels and isinstance(value, list):
        for inner in value[:100]:
            yield from _waits_under_keys(inner, levels - 1)
    elif levels and isinstance(value, Mapping):
        for name, inner in value.items():
            key = _KEY.match(_CAMEL.sub("_", str(name)))
            seconds = _plain_s(inner, 1e-3 if key[2] else 1.0) if key else math.nan
            if math.isfinite(seconds):
                yield max(0.0, seconds)
            yield from _waits_under_keys(inner, levels - 1)


def _plain_s(value: Any, unit: float) -> float:
    """Seconds of a value of a body: a number, a text such as `36s`, or Google's seconds and nanoseconds."""
    if isinstance(value, bool):
        return math.nan
    if isinstance(value, int | float):
        return float(value) * unit
    if isinstance(value, str):
        plain = _number(value)
        return _whole_duration_s(value) if math.isnan(plain) else plain * unit
    if isinstance(value, Mapping) and isinstance(value.get("seconds"), int | float | str):
        nanoseconds = value.get("nanos", 0)
        return _number(str(value["seconds"])) + (nanoseconds / 1e9 if isinstance(nanoseconds, int) else 0.0)
    return math.nan


def _texts(value: Any, levels: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif levels and isinstance(value, list):
        for inner in value[:100]:
            yield from _texts(inner, levels - 1)
    elif levels and isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner, levels - 1)


def _reset_s(headers: Mapping[str, str], now: float) -> float | None:
    """When the limit that was exceeded is reset: the last of those with nothing left, else the first of all."""
    used_up: list[float] = []
    others: list[float] = []
    for name, text in headers.items():
        low = name.lower()
        if not _RESET.search(low):
            continue
        seconds = _until_reset(text, now)
        if not 0 <= seconds <= MAX_RESET_S:
            continue
        left = headers.get(low.replace("reset", "remaining"))
        (used_up if left is not None and _number(left) <= 0 else others).append(seconds)
    if used_up:
        return max(used_up)
    return min(others, default=None)


def _until_reset(text: str, now: float) -> float:
    number = _number(text)
    if math.isnan(number):
        seconds = _whole_duration_s(text)
        return _seconds_until(text, now) if math.isnan(seconds) else seconds
    if number >= EPOCH_S * 1000:
        return number / 1000 - now
    return number - now if number >= EPOCH_S else number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _seconds_until(date: str, now: float) -> float:
    """Seconds from `now` until a date as HTTP or ISO 8601 writes it; NaN where it is none."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return read(date).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            continue
    return math.nan
