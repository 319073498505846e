from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from harness.providers.retry import (
    FAILURES_TO_STOP,
    MAX_BACKOFF_S,
    MAX_WAIT_S,
    MESSAGE_LENGTH,
    Fault,
    FirstFailures,
    backoff_s,
    fault_of,
    in_short,
    retry_after_s,
)

NOW = 1_800_000_000.0


def error(message: str = "no", **more: object) -> dict[str, object]:
    return {"error": {"message": message, "type": "t", **more}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "remedy"),
    [
        pytest.param(408, error(), "timeout", "again", id="request timeout"),
        pytest.param(409, error(), "conflict", "again", id="conflict"),
        pytest.param(429, error(), "rate-limit", "again", id="rate limit"),
        pytest.param(500, error(), "server", "again", id="server error"),
        pytest.param(503, "busy", "server", "again", id="server error without JSON"),
        pytest.param(599, error(), "server", "again", id="any server error"),
        pytest.param(429, error(code="insufficient_quota"), "quota", "stop", id="quota by code"),
        pytest.param(429, error(type="insufficient_quota"), "quota", "stop", id="quota by type"),
        pytest.param(402, error(), "quota", "stop", id="payment required"),
        pytest.param(401, error(), "key", "stop", id="wrong key"),
        pytest.param(403, error(), "key", "stop", id="forbidden"),
        pytest.param(404, error(), "unknown-model", "stop", id="unknown model"),
        pytest.param(400, error(), "rejected", "give-up", id="bad request"),
        pytest.param(422, error(), "rejected", "give-up", id="unprocessable"),
        pytest.param(400, error(code="context_length_exceeded"), "context-length", "give-up", id="too long by code"),
        pytest.param(400, error("maximum context length is 8"), "context-length", "give-up", id="too long by message"),
        pytest.param(413, "", "context-length", "give-up", id="too large"),
        pytest.param(400, error(code="content_filter"), "refused", "give-up", id="filtered prompt"),
        pytest.param(400, {"error": "text"}, "rejected", "give-up", id="error is text"),
        pytest.param(400, ["?"], "rejected", "give-up", id="body is a list"),
        pytest.param(400, {"message": "flat"}, "rejected", "give-up", id="no error object"),
    ],
)
def test_a_status_says_what_to_do(status: int, body: object, kind: str, remedy: str):
    fault = fault_of(status, body, {}, NOW)
    assert (fault.kind, fault.remedy, fault.status) == (kind, remedy, status)
    assert fault.message.startswith(f"status {status}")


def test_the_endpoints_own_words_are_in_the_message():
    assert fault_of(400, error("top_k is not known"), {}, NOW).message == "status 400: top_k is not known"
    assert fault_of(400, {"message": "flat"}, {}, NOW).message == "status 400: flat"
    assert fault_of(500, "", {}, NOW).message == "status 500"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "0.5"}, 0.5, id="part of a second"),
        pytest.param({"retry-after-ms": "250", "retry-after": "7"}, 0.25, id="milliseconds first"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="unreadable milliseconds"),
        pytest.param({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0, id="date"),
        pytest.param({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0, id="date that has passed"),
        pytest.param({"retry-after": "-3"}, 0.0, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="not a number"),
        pytest.param({"retry-after": "inf"}, None, id="for ever"),
        pytest.param({"retry-after": "tomorrow"}, None, id="words"),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None):
    assert retry_after_s(headers, NOW) == seconds


def test_a_wait_that_is_asked_for_is_passed_on():
    assert fault_of(429, error(), {"retry-after": "12"}, NOW).wait_s == 12


def test_a_model_that_asks_for_a_very_long_wait_is_given_up_with_a_hint():
    fault = fault_of(429, error(), {"retry-after": str(MAX_WAIT_S + 1)}, NOW)
    assert fault.remedy == "stop"
    assert "301 s" in fault.hint


def test_backoff_is_random_below_a_limit_that_doubles_and_ends():
    random = Random(1)
    for failed, limit in [(1, 0.5), (2, 1.0), (3, 2.0), (7, MAX_BACKOFF_S), (10_000, MAX_BACKOFF_S)]:
        waits = [backoff_s(failed, random) for _ in range(300)]
        assert 0.6 * limit <= min(waits) < 0.65 * limit
        assert 0.95 * limit < max(waits) <= limit


def test_each_wait_is_clearly_longer_than_the_one_before_it_until_they_end():
    random = Random(2)
    for _ in range(300):
        waits = [backoff_s(failed, random) for failed in range(1, 7)]
        assert all(later > 1.15 * earlier for earlier, later in pairwise(waits))


REJECTED = Fault("rejected", "status 400", "give-up", 400)


def test_first_failures_alike_give_the_model_up():
    failures = FirstFailures()
    assert [failures.add(REJECTED) for _ in range(FAILURES_TO_STOP)] == [False] * (FAILURES_TO_STOP - 1) + [True]


def test_failures_after_an_answer_are_matters_of_their_own():
    failures = FirstFailures()
    failures.answered()
    assert not any(failures.add(REJECTED) for _ in range(20))


def test_failures_that_differ_do_not_add_up():
    failures = FirstFailures()
    other = Fault("rejected", "status 422", "give-up", 422)
    assert not any(failures.add(fault) for _ in range(9) for fault in (REJECTED, other))


def test_calls_that_are_too_long_say_nothing_of_the_model():
    failures = FirstFailures()
    assert not any(failures.add(Fault("context-length", "", "give-up", 400)) for _ in range(20))


def test_text_in_short_is_one_short_line_that_no_terminal_obeys():
    assert in_short("a\x1b[31m b\n\n c\x00") == "a b c"
    assert len(in_short("x" * 10_000)) == MESSAGE_LENGTH
