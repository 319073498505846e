"""Anthropic's Message Batches: requests, results, and a batch that may have been started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from harness.cache.key import call_key
from harness.errors import ModelStopped
from harness.providers.anthropic_batches import MOST_BYTES, MOST_LINES, AnthropicBatches
from harness.providers.backends import anthropic
from harness.providers.batch_service import ServiceFault
from harness.providers.provider import Context
from harness.providers.redaction import Secrets
from harness.providers.retry import Fault
from harness.records.calls import Call, Model, Reply

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MODEL = Model("claude", "anthropic", "claude-x", {"max_tokens": 64}, api_key_env="KEY")
CALL = Call(MODEL, [{"role": "system", "content": "Judge."}, {"role": "user", "content": "A or B?"}])
KEYS = [f"{number:064x}" for number in range(2)]
MESSAGE = {
    "id": "msg",
    "type": "message",
    "role": "assistant",
    "model": "claude-x-1",
    "content": [{"type": "text", "text": "A"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 1},
}

Answer = Callable[[httpx2.Request], httpx2.Response]
Make = Callable[[Answer], AnthropicBatches]


def batch(name: str, *, status: str = "in_progress", lines: int = 2, age_s: float = 0) -> dict[str, Any]:
    counts = {"processing": lines, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    created = (NOW - timedelta(seconds=age_s)).isoformat()
    return {
        "id": name,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "created_at": created,
        "expires_at": created,
        "results_url": "http://elsewhere.invalid/results",
    }


@pytest.fixture
def service() -> Make:
    """A service whose requests a function answers."""

    def make(answer: Answer) -> AnthropicBatches:
        made = anthropic.batches(MODEL, Context({"KEY": "sk-ant-1234567890abcdef"}))
        assert isinstance(made, AnthropicBatches)
        made._client._client = httpx2.Client(transport=httpx2.MockTransport(answer))
        return made

    return make


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """The lines of a job, written now."""
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps({"custom_id": key, "params": {}}) + "\n" for key in KEYS))
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    return file


def silent(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(500)


def test_a_line_is_the_body_of_a_direct_call(service: Make) -> None:
    made = service(silent)
    line = json.loads(made.line(CALL, call_key(CALL), asks_format=True))
    assert line == {"custom_id": call_key(CALL), "params": anthropic.body_of(MODEL, CALL, asks_format=True)}
    assert line["params"]["system"] == "Judge."
    assert (made.most_lines, made.most_bytes) == (MOST_LINES, MOST_BYTES) == (100_000, 250_000_000)


def test_a_batch_is_started_followed_fetched_and_cancelled(service: Make, lines: Path, tmp_path: Path) -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.url.path))
        assert request.url.host == "api.anthropic.com"
        if request.url.path.endswith("/results"):
            return httpx2.Response(200, content=b"{}\n", headers={"content-type": "application/binary"})
        if request.method == "POST" and not request.url.path.endswith("/cancel"):
            assert [one["custom_id"] for one in json.loads(request.read())["requests"]] == KEYS
            assert request.headers["content-type"] == "application/json"
            assert int(request.headers["content-length"]) == len(request.read())
        return httpx2.Response(200, json=batch("b1", status="ended"))

    made = service(answer)
    assert made.upload(lines, "name") == ""
    assert made.submit(lines, "", "tag") == "b1"
    assert [path.name for path in tmp_path.iterdir()] == [lines.name]
    state = made.state("b1")
    assert (state.status, state.results) == ("ended", ("b1",))
    made.download("b1", tmp_path / "results")
    assert (tmp_path / "results").read_bytes() == b"{}\n"
    made.cancel("b1")
    made.close()
    assert seen[-2:] == [("GET", "/v1/messages/batches/b1/results"), ("POST", "/v1/messages/batches/b1/cancel")]


@pytest.mark.parametrize(
    ("batches", "known", "found"),
    [
        ([batch("new")], [], "new"),
        ([batch("new")], ["new"], None),
        ([batch("other", lines=3), batch("mine", age_s=60)], [], "mine"),
        ([batch("old", age_s=3600)], [], None),
        ([batch("ended", status="ended")], [], "ended"),
        ([batch("foreign", status="ended")], [], None),
        ([batch("empty", status="ended")], [], None),
        ([], [], None),
    ],
)
def test_a_batch_that_may_have_been_started_is_recognised(
    service: Make, lines: Path, batches: list[Any], known: list[str], found: str | None
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/results"):
            key = "0" * 63 + "f" if "foreign" in request.url.path else KEYS[1]
            empty = "empty" in request.url.path
            return httpx2.Response(200, content=b"" if empty else json.dumps({"custom_id": key}).encode() + b"\n")
        return httpx2.Response(200, json={"data": batches, "has_more": False, "first_id": None, "last_id": None})

    assert service(answer).find(lines, "", "tag", known) == found


def read(result: Any, service: Make) -> Reply | Fault:
    return service(silent).read({"custom_id": "k", "result": result}, Secrets([]), set())


def test_a_reply_is_that_of_a_direct_call(service: Make) -> None:
    reply = read({"type": "succeeded", "message": MESSAGE}, service)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish, reply.prompt_tokens, reply.served_model) == ("A", "stop", 5, "claude-x-1")


@pytest.mark.parametrize(
    ("result", "remedy"),
    [
        ({"type": "expired"}, "again"),
        ({"type": "canceled"}, "again"),
        ({"type": "errored", "error": {"error": {"type": "overloaded_error", "message": "busy"}}}, "again"),
        ({"type": "errored", "error": {"error": {"type": "rate_limit_error", "message": "slow"}}}, "again"),
        ({"type": "errored", "error": {"error": {"type": "authentication_error", "message": "bad"}}}, "stop"),
        ({"type": "errored", "error": None}, "again"),
        ({"type": "new"}, "again"),
        ([], "again"),
        ({"type": "succeeded", "message": None}, "again"),
    ],
)
def test_a_result_without_a_reply_says_what_to_do(service: Make, result: Any, remedy: str) -> None:
    fault = read(result, service)
    assert isinstance(fault, Fault)
    assert fault.remedy == remedy


def test_faults_are_those_of_direct_calls(service: Make, lines: Path) -> None:
    def busy(request: httpx2.Request) -> httpx2.Response:
        body = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
        return httpx2.Response(429, json=body, headers={"retry-after": "9"})

    with pytest.raises(ServiceFault, match="slow down") as caught:
        service(busy).state("b1")
    assert (caught.value.fault.wait_s, caught.value.is_refused) == (9.0, True)
    with pytest.raises(ServiceFault, match="not that of Message Batches"):
        service(lambda request: httpx2.Response(200, json=[])).submit(lines, "", "tag")

    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("cut")

    with pytest.raises(ServiceFault, match=r"cut|connection|ReadError") as caught:
        service(broken).submit(lines, "", "tag")
    assert not caught.value.is_refused
    assert not lines.with_name("request.json").exists()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.delitem(sys.modules, "harness.providers.anthropic_batches")
    with pytest.raises(ModelStopped, match="needs the package anthropic"):
        anthropic.batches(MODEL, Context({}))
