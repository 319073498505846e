from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import subprocess
import sys
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from harness.providers.backends import openai, simulated
from harness.providers.provider import Context
from harness.providers.simulation import __main__ as serving
from harness.providers.simulation.app import App
from harness.providers.simulation.judge import REFUSAL
from harness.providers.simulation.world import Service
from harness.records.calls import Call, Limits, Model
from harness.records.datasets import Message

QUESTION = """<prompt-0123456789abcdef>
Write a notice. It must mention: the bread oven; the choir.
</prompt-0123456789abcdef>
<response-0123456789abcdef>
See the bread oven.
</response-0123456789abcdef>
Score: <0 to 10>/10"""
MESSAGES: list[Message] = [{"role": "user", "content": QUESTION}]
GOOD: dict[str, Any] = {"model": "simulated?skill=1", "messages": MESSAGES}


def ask(*requests: tuple[str, str, Any], service: Service | None = None) -> list[tuple[int, Any]]:
    async def main() -> list[tuple[int, Any]]:
        transport = httpx2.ASGITransport(app=App(service))
        async with httpx2.AsyncClient(transport=transport, base_url="http://simulated.invalid") as client:
            answers = []
            for method, path, body in requests:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                response = await client.request(method, path, content=content)
                answers.append((response.status_code, response.json()))
            return answers

    return asyncio.run(main())


def complete(body: Any) -> tuple[int, Any]:
    return ask(("POST", "/v1/chat/completions", body))[0]


def test_a_completion_has_the_protocols_shape():
    status, value = complete(GOOD)
    assert status == 200
    assert value["object"] == "chat.completion"
    assert value["model"] == "simulated?skill=1"
    (choice,) = value["choices"]
    text = "The response mentions 1 of 2 points asked for.\n\nScore: 5/10"
    assert choice["message"] == {"role": "assistant", "content": text, "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert value["usage"] == {"prompt_tokens": 52, "completion_tokens": 15, "total_tokens": 67}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_reply_that_is_too_long_is_cut(name: str):
    _, value = complete({**GOOD, name: 3})
    assert value["choices"][0]["finish_reason"] == "length"
    assert value["choices"][0]["message"]["content"] == "The response"


def test_a_refusal_is_said_in_the_protocols_way():
    _, value = complete({**GOOD, "model": "simulated?refusal_rate=1"})
    assert value["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": REFUSAL}
    assert value["choices"][0]["finish_reason"] == "content_filter"


VERDICT = {"type": "object", "properties": {"verdict": {"type": "string", "enum": ["A", "B", "tie"]}}}


def in_form(schema: Any) -> dict[str, Any]:
    return {**GOOD, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}


def test_an_answer_follows_the_schema_that_is_asked_for():
    score = {"type": "number", "description": "0 to 10"}
    _, value = complete(in_form({"type": "object", "properties": {"score": score}}))
    assert json.loads(value["choices"][0]["message"]["content"]) == {"score": 5.0}


def test_an_endpoint_may_not_know_schemas():
    ((status, value),) = ask(("POST", "/v1/chat/completions", in_form(VERDICT)), service=Service(json_output=False))
    assert status == 400
    assert "response_format" in value["error"]["message"]


def test_other_formats_are_ignored():
    assert complete({**GOOD, "response_format": {"type": "text"}})[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(in_form(None), 400, id="no schema"),
        pytest.param(in_form({"type": "array"}), 400, id="schema of no object"),
        pytest.param(b"{", 400, id="no JSON"),
        pytest.param([], 400, id="no object"),
        pytest.param({"messages": MESSAGES}, 400, id="no model"),
        pytest.param({**GOOD, "model": "gpt-4o"}, 404, id="unknown model"),
        pytest.param({**GOOD, "messages": []}, 400, id="no messages"),
        pytest.param({**GOOD, "messages": [{"role": "user", "content": None}]}, 400, id="no content"),
        pytest.param({**GOOD, "messages": ["hi"]}, 400, id="messages that are none"),
        pytest.param({**GOOD, "seed": "x"}, 400, id="seed of a wrong type"),
        pytest.param({**GOOD, "max_tokens": True}, 400, id="limit of a wrong type"),
    ],
)
def test_bad_requests_are_told_so(body: Any, status: int):
    answered, value = complete(body)
    assert answered == status
    assert set(value["error"]) == {"message", "type", "param", "code"}


def test_models_are_listed_and_other_paths_are_not_there():
    (listed, models), (missing, error) = ask(("GET", "/v1/models", b""), ("GET", "/v1/chat/completions", b""))
    assert (listed, models["data"][0]["id"]) == (200, "simulated")
    assert missing == 404
    assert "GET /v1/chat/completions" in error["error"]["message"]


def test_a_server_may_announce_its_start_and_its_end():
    told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    answered = []

    async def receive() -> dict[str, Any]:
        return next(told)

    async def send(event: Any) -> None:
        answered.append(event["type"])

    asyncio.run(App()({"type": "lifespan"}, receive, send))
    assert answered == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_failure_heals_when_asked_again():
    requests = [("POST", "/v1/chat/completions", {**GOOD, "seed": n}) for n in range(50)]
    statuses = [status for status, _ in ask(*requests, *requests, service=Service(failure_rate=0.5))]
    assert 10 < statuses[:50].count(503) < 40
    assert statuses[50:] == [200] * 50


def model_with(**settings: Any) -> Model:
    model_id = simulated.model_id("judge", settings, None)  # type: ignore[arg-type]
    params = {"temperature": 0, "max_tokens": 1024}
    return Model("judge", "simulated", model_id, params, limits=Limits(concurrency=32), settings=settings)


def replies_of(model: Model, count: int = 30) -> tuple[list[str], list[int]]:
    """The replies to so many draws, in their order, and the order in which they came."""

    async def main() -> tuple[list[str], list[int]]:
        connection = simulated.connect(model, Context({}))
        came: list[int] = []

        async def one(draw: int) -> str:
            reply = await connection.send(Call(model, MESSAGES, draw=draw))
            came.append(draw)
            return reply.text

        try:
            return await asyncio.gather(*(one(draw) for draw in range(count))), came
        finally:
            await connection.close()

    return asyncio.run(main())


def test_the_provider_answers_draw_by_draw():
    texts, _ = replies_of(model_with(skill=0.3))
    assert len(set(texts)) > 3
    assert texts == replies_of(model_with(skill=0.3))[0]


def test_latency_and_failures_shuffle_the_order_and_change_no_reply():
    plain, _ = replies_of(model_with(skill=0.3))
    slow = model_with(skill=0.3, latency_ms=60, failure_rate=0.3)
    assert slow.id == model_with(skill=0.3).id
    texts, came = replies_of(slow)
    assert texts == plain
    assert came != sorted(came)


def test_a_reply_takes_a_share_of_the_longest_time(monkeypatch):
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("harness.providers.simulation.app.asyncio.sleep", sleep)
    replies_of(model_with(skill=0.3, latency_ms=60))
    assert len(set(slept)) > 3
    assert 0 <= min(slept) < max(slept) <= 0.06


def test_a_refusal_reaches_the_caller():
    model = model_with(refusal_rate=1)

    async def main() -> str:
        connection = simulated.connect(model, Context({}))
        try:
            return (await connection.send(Call(model, MESSAGES))).finish
        finally:
            await connection.close()

    assert asyncio.run(main()) == "refusal"


def test_a_simulated_model_is_known_as_one_wherever_it_is_served():
    assert model_with(skill=0.3).is_simulated
    assert Model("judge", "openai", "simulated?skill=0.3", base_url="http://127.0.0.1:8000/v1").is_simulated
    assert not Model("judge", "openai", "simulated-annealer").is_simulated


def test_settings_say_every_knob_with_its_default():
    assert simulated.SETTINGS["skill"] == 0.8
    assert simulated.SETTINGS["latency_ms"] == 0
    assert len(simulated.SETTINGS) == 13


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("uvicorn") is None, reason="needs the extra `serve`")
def test_the_world_can_be_served_on_a_port():
    command = [sys.executable, "-m", "harness.providers.simulation", "--port", "0", "--latency-ms", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            told = next(line for line in server.stderr if "running on" in line)
            base_url = re.search(r"http://127\.0\.0\.1:\d+", told)[0] + "/v1"  # type: ignore[index]
            assert asyncio.run(reply_from(base_url)) == "The response mentions 1 of 2 points asked for.\n\nScore: 5/10"
        finally:
            server.terminate()


async def reply_from(base_url: str) -> str:
    model = Model("judge", "openai", "simulated?skill=1", base_url=base_url)
    connection = openai.connect(model, Context({}))
    try:
        return (await connection.send(Call(model, MESSAGES))).text
    finally:
        await connection.close()


def test_serving_without_uvicorn_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(serving.main, [])
    assert result.exit_code == 1
    assert "fellowship-harness[serve]" in result.output
