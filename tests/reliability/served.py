"""The simulated world on a real port, which remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from harness.providers.simulation.app import App
from harness.providers.simulation.faults import Faulty
from harness.providers.simulation.world import Service

MUTE = "I would rather not say."


def identity(request: dict[str, Any]) -> str:
    """What tells one call from another, as the server sees it."""
    return json.dumps([request["model"], request["messages"], request.get("seed")], sort_keys=True)


@dataclass
class Served:
    """A server that is running.

    Attributes:
        url: its endpoint.
        asked: how often each call was received.
        billed_tokens: prompt and reply tokens of all replies that were sent.
        hits: how often each fault has hit.
    """

    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    billed_tokens: tuple[int, int] = (0, 0)
    hits: Counter[str] = field(default_factory=Counter)


def is_whole(body: bytes) -> bool:
    """Whether this is a completion with a plausible usage, all of it."""
    try:
        value = json.loads(body)
    except ValueError:
        return False
    usage = value.get("usage") if isinstance(value, dict) else None
    return isinstance(usage, dict) and usage["prompt_tokens"] >= 0


def without_answer(event: Any) -> Any:
    """The end of a response, with a text that holds no answer in the place of the model's."""
    value = json.loads(event["body"])
    value["choices"][0]["message"]["content"] = MUTE
    return {**event, "body": json.dumps(value).encode()}


@contextmanager
def served(
    service: Service | None = None,
    *,
    mute: int = 0,
    faults: Mapping[str, float] | None = None,
    heals_after: int = 1,
    port: int = 0,
) -> Iterator[Served]:
    """The simulated world on a port of the loopback interface, in a thread.

    Args:
        service: how it behaves.
        mute: how often each call is first answered without an answer in the text.
        faults: share of the requests that each fault hits.
        heals_after: attempts of a request that a fault hits.
        port: where it listens; 0 for a free one.
    """
    faulty = Faulty(App(service), faults or {}, heals_after)
    app, found = faulty, Served(hits=faulty.hits)

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        heard_of: list[str] = []
        started: list[Any] = []

        async def heard() -> Any:
            event = await receive()
            if event["type"] == "http.request" and event.get("body"):
                heard_of.append(identity(json.loads(event["body"])))
                found.asked[heard_of[-1]] += 1
            return event

        async def said(event: Any) -> None:
            if event["type"] == "http.response.body" and is_whole(event.get("body", b"")):
                usage = json.loads(event["body"])["usage"]
                prompt, completion = found.billed_tokens
                found.billed_tokens = (prompt + usage["prompt_tokens"], completion + usage["completion_tokens"])
                if heard_of and found.asked[heard_of[-1]] <= mute:
                    event = without_answer(event)
            if mute and event["type"] == "http.response.start":
                started.append(event)
                return
            if started:
                headers = [pair for pair in started[0]["headers"] if pair[0] != b"content-length"]
                headers.append((b"content-length", b"%d" % len(event["body"])))
                await send({**started.pop(), "headers": headers})
            await send(event)

        is_request = scope["type"] == "http"
        await app(scope, heard if is_request else receive, said if is_request else send)

    config = uvicorn.Config(counting, host="127.0.0.1", port=port, log_level="critical", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
        yield found
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
