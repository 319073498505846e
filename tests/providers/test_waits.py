from __future__ import annotations

import math
from typing import Any

import pytest

from harness.providers.waits import _plain_s, duration_s, retry_after_s, wait_of

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "0.5"}, 0.5, id="part-of-a-second"),
        pytest.param({"retry-after-ms": "250", "retry-after": "7"}, 0.25, id="milliseconds-first"),
        pytest.param({"x-ms-retry-after-ms": "250"}, 0.25, id="azure"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="unreadable-milliseconds"),
        pytest.param({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0, id="date"),
        pytest.param({"retry-after": "2027-01-15T08:00:30Z"}, 30.0, id="iso-date"),
        pytest.param({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0, id="date-that-has-passed"),
        pytest.param({"retry-after": "1m30s"}, 90.0, id="duration"),
        pytest.param({"retry-after": " 1 minute and 5 seconds "}, 65.0, id="duration-in-words"),
        pytest.param({"retry-after": "Fri, 15 Foo 2027 08:00:30 GMT"}, None, id="unreadable-date"),
        pytest.param({"retry-after": "-3"}, 0.0, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="not-a-number"),
        pytest.param({"retry-after": "inf"}, None, id="for-ever"),
        pytest.param({"retry-after": "tomorrow"}, None, id="words"),
        pytest.param({"retry-after": "Fri, 15 Jan 2027 08:00:30 +9999"}, None, id="zone-of-over-a-day"),
        pytest.param({"retry-after": f"Fri, 15 Jan 2027 08:00:30 +{'9' * 20}"}, None, id="zone-beyond-numbers"),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None):
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Please try again in 38.2s.", 38.2),
        ("Please try again in 6m0s. Visit https://example.invalid/limits", 360.0),
        ("Please try again in 20ms", 0.02),
        ("Please retry in 36.5s.", 36.5),
        ("Please retry after 9 seconds", 9.0),
        ("Rate limit exceeded, try again in 1 minute 5 seconds", 65.0),
        ("wait for 12 seconds before trying again", 12.0),
        ("Please wait 30 seconds", 30.0),
        ("Limit resets in 2m59.5s", 179.5),
        ("Try again in about 3 hours", 10_800.0),
        ("Too many requests; retry after 7", 7.0),
        ("Please try again in 1h2m3s", 3723.0),
        ("Limit 6000, requested 7000; slow down", None),
        ("wait a moment", None),
    ],
)
def test_a_wait_is_found_in_a_sentence(said: str, seconds: float | None):
    assert wait_of(429, {}, {"error": {"message": said}}, NOW) == (None if seconds is None else pytest.approx(seconds))
    assert wait_of(429, {}, said, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        pytest.param([{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "36s"}]}}], 36.0, id="google"),
        pytest.param({"retryDelay": {"seconds": "3", "nanos": 500_000_000}}, 3.5, id="google-parts"),
        pytest.param({"retry_after_ms": 1500}, 1.5, id="milliseconds"),
        pytest.param({"retryAfter": 3}, 3.0, id="camel-case"),
        pytest.param({"parameters": {"retry_after": "21"}}, 21.0, id="nested-text"),
        pytest.param({"retry_after": True}, None, id="a-flag"),
        pytest.param({"retry_after": float("inf")}, None, id="for-ever"),
        pytest.param({"retry_after": -1}, 0.0, id="negative"),
        pytest.param({"retryDelay": {"seconds": "soon"}}, None, id="words"),
    ],
)
def test_a_wait_is_found_under_a_key(body: Any, seconds: float | None):
    assert wait_of(429, {}, body, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "2m0s"}, 1.0, id="first-of-all"),
        pytest.param(
            {"x-ratelimit-reset-tokens": "7.66s", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset": "1s"},
            7.66,
            id="the-one-used-up",
        ),
        pytest.param({"anthropic-ratelimit-requests-reset": "2027-01-15T08:00:30Z"}, 30.0, id="time"),
        pytest.param({"x-ratelimit-reset": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0, id="date"),
        pytest.param({"x-ratelimit-reset": "1800000012000"}, 12.0, id="epoch-milliseconds"),
        pytest.param({"x-ratelimit-reset": "1800000012"}, 12.0, id="epoch-seconds"),
        pytest.param({"ratelimit-reset": "12"}, 12.0, id="seconds"),
        pytest.param({"x-ratelimit-reset-requests": "23h5m"}, None, id="window-of-a-day"),
        pytest.param({"x-ratelimit-reset": "soon"}, None, id="words"),
    ],
)
def test_reset_times_of_rate_limits_are_read(headers: dict[str, str], seconds: float | None):
    assert wait_of(429, headers, "", NOW) == seconds
    assert wait_of(500, headers, "", NOW) is None, "they come with every response"


def test_headers_go_before_the_body():
    assert wait_of(429, {"retry-after": "2"}, {"message": "try again in 40s"}, NOW) == 2


def test_a_text_without_a_number_is_no_duration():
    assert math.isnan(duration_s("soon"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ({"seconds": 36}, 36.0),
        ({"seconds": "36"}, 36.0),
        ({"seconds": 36, "nanos": 500_000_000}, 36.5),
        ({"seconds": 36, "nanos": "many"}, 36.0),
        (True, math.nan),
        ({"nanos": 5}, math.nan),
    ],
)
def test_seconds_and_nanoseconds_of_a_body_are_exact(value: Any, seconds: float):
    assert _plain_s(value, 1.0) == pytest.approx(seconds, abs=0, rel=0, nan_ok=True)
