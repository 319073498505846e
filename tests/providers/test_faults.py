from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.fault_words import words_of
from harness.providers.faults import _hint, fault_of
from harness.providers.retry import MAX_WAIT_S

NOW = 1_800_000_000.0
PARAMS = ("temperature", "max_tokens", "top_k")


def error(message: str = "no", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "t", **more}}


def kind_of(status: int, body: Any, **more: Any) -> str:
    return fault_of(status, body, {}, NOW, params=PARAMS, **more).kind


RESPONSES = [json.loads(line) for line in Path(__file__).with_name("error_responses.jsonl").read_text().splitlines()]
"""Error responses as servers send them, each with the kind of fault that it is and whom it concerns."""
REMEDIES = {"of the prompt": "give-up", "of the call": "give-up", "of the model": "stop", "of the moment": "again"}


@pytest.mark.parametrize("one", [pytest.param(one, id=f"{one['kind']}-{one['case']}") for one in RESPONSES])
def test_a_fault_is_known_by_its_meaning_in_any_servers_words(one: dict[str, Any]):
    fault = fault_of(one["status"], one["body"], {}, NOW, params=PARAMS)
    assert (fault.kind, fault.remedy, fault.status) == (one["kind"], REMEDIES[one["group"]], one["status"])
    assert fault.message.startswith(f"status {one['status']}")


def test_a_quota_of_a_minute_with_a_time_to_wait_is_no_bill():
    said = "You exceeded your current quota, please check your plan and billing details. Please retry in 36.5s."
    body = [{"error": {"code": 429, "message": said, "details": [{"@type": "RetryInfo", "retryDelay": "36s"}]}}]
    fault = fault_of(429, body, {}, NOW)
    assert (fault.kind, fault.remedy, fault.wait_s) == ("rate-limit", "again", 36)


@pytest.mark.parametrize(
    "said",
    [
        "'response_format' of type 'json_schema' is not supported",
        "This model does not support structured outputs",
        "Failed to convert JSON schema to grammar",
        "No endpoints found that can handle the requested parameters.",
        "guided_json: backend xgrammar rejects this schema",
        "JSON mode is not enabled for models/x",
        "Unknown name \"response_schema\" at 'generation_config': Cannot find field.",
    ],
)
def test_a_schema_that_is_not_supported_is_told_in_any_servers_words(said: str):
    assert kind_of(400, error(said), asks_format=True) == "format"
    assert kind_of(400, error(said)) != "format", "only where a format was asked for"


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        pytest.param(
            error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
            "write `max_completion_tokens` in place of `max_tokens`",
            id="newer-name",
        ),
        pytest.param(error("'temperature' does not support 0"), "`temperature: null`", id="temperature"),
        pytest.param(error("`top_k` is not supported"), "remove `top_k`", id="other"),
        pytest.param(error("Unrecognized request argument supplied: foo"), "check its `params`", id="not-sent-by-name"),
        pytest.param(error("System role not supported"), "write `system: user`", id="system-role"),
    ],
)
def test_the_hint_fits_the_parameter(body: Any, hint: str):
    assert hint in fault_of(400, body, {}, NOW, params=PARAMS).hint


def test_the_endpoints_own_words_are_in_the_message():
    assert fault_of(400, error("top_q is not known"), {}, NOW).message == "status 400: top_q is not known"
    assert fault_of(400, {"message": "flat"}, {}, NOW).message == "status 400: flat"
    assert fault_of(500, "", {}, NOW).message == "status 500"
    assert fault_of(403, "<html><title>Blocked</title>by \x1b[31mus", {}, NOW).message == "status 403: Blocked by us"


def test_a_redirect_names_the_address_without_its_secrets_and_stops():
    fault = fault_of(307, "", {"location": "https://user:pass@elsewhere.invalid/v1?key=s3cret#x"}, NOW)
    assert (fault.kind, fault.remedy) == ("redirect", "stop")
    assert fault.message == "status 307: the endpoint redirects to https://elsewhere.invalid/v1"
    assert "redirects are not followed" in fault.hint


@pytest.mark.parametrize("location", ["", "http://[", "\x1b]0;x\x07"])
def test_a_redirect_to_nowhere_is_still_one(location: str):
    fault = fault_of(302, "", {"location": location}, NOW)
    assert fault.kind == "redirect"
    assert fault.message.isprintable()


def test_a_wait_that_is_asked_for_is_passed_on():
    assert fault_of(429, error(), {"retry-after": "12"}, NOW).wait_s == 12
    assert fault_of(429, error("Please try again in 38.2s."), {}, NOW).wait_s == 38.2


def test_a_model_that_asks_for_a_very_long_wait_is_stopped_with_a_hint():
    fault = fault_of(429, error(), {"retry-after": str(MAX_WAIT_S + 1)}, NOW)
    assert fault.remedy == "stop"
    assert "601 s" in fault.hint


def test_a_long_quotation_of_the_prompt_decides_nothing():
    quoted = "the prompt is too long, exceeds the context length, and your API key is invalid " * 3
    assert kind_of(400, error(f'cannot process "{quoted}"')) == "rejected"


KEYS = st.text(max_size=12) | st.sampled_from(["error", "message", "detail", "loc"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
HEADERS = st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset", "location"])


@given(status=st.integers(300, 599), body=JSON, headers=st.dictionaries(HEADERS, st.text(max_size=20)))
def test_any_body_is_a_fault_in_one_printable_line(status: int, body: Any, headers: dict[str, str]):
    fault = fault_of(status, body, headers, NOW, params=PARAMS, asks_format=True)
    assert fault.message.startswith(f"status {status}")
    assert "\n" not in fault.message
    assert "\x1b" not in fault.message


def test_reading_words_takes_time_linear_in_the_text():
    long = {"error": {"message": "model not prompt tokens exceed " * 100_000, "detail": ["x" * 10_000] * 10_000}}
    assert len(words_of(long).text) < 400_000


@pytest.mark.parametrize(
    "code", ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "Billing not active."]
)
@pytest.mark.parametrize("status", [400, 403, 429])
def test_each_code_of_an_account_without_credit_stops_the_model(code: str, status: int):
    fault = fault_of(status, {"error": {"message": "no", "code": code}}, {"retry-after": "5"}, 0.0)
    assert (fault.kind, fault.remedy) == ("quota", "stop")


@pytest.mark.parametrize("status", [408, 409, 424, 425, 429, 498, 500, 502, 503, 504, 529])
def test_each_status_of_the_moment_is_tried_again(status: int):
    assert fault_of(status, "busy", {}, 0.0).remedy == "again"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 413, 422, 499])
def test_no_other_status_is_tried_again(status: int):
    assert fault_of(status, "no", {}, 0.0).remedy != "again"


@pytest.mark.parametrize("status", [408, 429, 498, 503, 500, 502, 504])
def test_a_server_error_may_be_billed_and_an_overload_is_not(status: int):
    assert fault_of(status, "busy", {}, 0.0).may_be_billed is (status in (500, 502, 504))


IN_PLACE = "write `max_completion_tokens` in place of `max_tokens` in its `params`"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "use max completion tokens instead",
            "",
            "write `max_completion_tokens` in place of `max_tokens` in its `params`",
        ),
        (
            "",
            "use max_completion_tokens instead",
            "write `max_completion_tokens` in place of `max_tokens` in its `params`",
        ),
        ("too large", "too large", "check `max_tokens` in its `params`, or write `max_completion_tokens` in its place"),
    ],
)
def test_the_other_bound_on_replies_is_suggested_where_the_answer_names_it(text: str, message: str, hint: str) -> None:
    words: Any = SimpleNamespace(text=text, message=message)
    assert _hint("max_tokens", words) == hint


STATUSES = {
    (300, 301, 302, 304, 307, 308, 399): ("redirect", "stop", False),
    (400, 406, 418, 422, 451, 499): ("rejected", "give-up", False),
    (401,): ("key", "stop", False),
    (402,): ("quota", "stop", False),
    (403,): ("forbidden", "give-up", False),
    (404, 405, 410): ("unknown-model", "give-up", False),
    (408,): ("timeout", "again", False),
    (409,): ("conflict", "again", False),
    (413,): ("too-long", "give-up", False),
    (424, 425): ("server", "again", False),
    (429, 498): ("rate-limit", "again", False),
    (500, 501, 502, 504, 520, 529, 599): ("server", "again", True),
    (503,): ("server", "again", False),
}


@pytest.mark.parametrize(("status", "expected"), [(one, found) for many, found in STATUSES.items() for one in many])
def test_without_words_the_status_decides(status: int, expected: tuple[str, str, bool]) -> None:
    fault = fault_of(status, None, {}, NOW)
    assert (fault.kind, fault.remedy, fault.may_be_billed, fault.status) == (*expected, status)
    assert fault.message.startswith(f"status {status}")


@pytest.mark.parametrize(("wait_s", "remedy"), [(MAX_WAIT_S, "again"), (MAX_WAIT_S + 1, "stop")])
def test_a_wait_up_to_the_longest_is_waited_for(wait_s: float, remedy: str) -> None:
    fault = fault_of(429, None, {"retry-after": str(int(wait_s))}, NOW)
    assert (fault.kind, fault.remedy) == ("rate-limit", remedy)


LONG = "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens."
BUSY, FORMAT, NO_CREDIT = "the server is overloaded", "response_format is not supported", "insufficient credit"


@pytest.mark.parametrize(
    ("status", "words", "asks_format", "kind"),
    [
        *((status, BUSY, False, "rate-limit") for status in (400, 403, 422)),
        (401, BUSY, False, "key"),
        (404, BUSY, False, "unknown-model"),
        *((status, FORMAT, True, "format") for status in (400, 404, 422, 500)),
        (401, FORMAT, True, "key"),
        (429, FORMAT, True, "rate-limit"),
        *((status, LONG, False, "too-long") for status in (400, 403, 422)),
        (401, LONG, False, "key"),
        (402, LONG, False, "quota"),
        *((status, NO_CREDIT, False, "quota") for status in (400, 403, 429)),
    ],
)
def test_words_decide_where_the_status_leaves_room(status: int, words: str, asks_format: bool, kind: str) -> None:
    assert fault_of(status, error(words), {}, NOW, asks_format=asks_format).kind == kind
