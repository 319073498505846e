"""The simulated world on a real port, which remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from harness.simulation.app import App
from harness.simulation.world import Service


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
    """

    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    billed_tokens: tuple[int, int] = (0, 0)


@contextmanager
def served(service: Service | None = None) -> Iterator[Served]:
    """The simulated world on a free port of the loopback interface, in a thread."""
    app, found = App(service), Served()

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        async def heard() -> Any:
            event = await receive()
            if event["type"] == "http.request" and event.get("body"):
                found.asked[identity(json.loads(event["body"]))] += 1
            return event

        async def said(event: Any) -> None:
            if event["type"] == "http.response.body" and b'"usage"' in event.get("body", b""):
                usage = json.loads(event["body"])["usage"]
                prompt, completion = found.billed_tokens
                found.billed_tokens = (prompt + usage["prompt_tokens"], completion + usage["completion_tokens"])
            await send(event)

        is_request = scope["type"] == "http"
        await app(scope, heard if is_request else receive, said if is_request else send)

    config = uvicorn.Config(counting, host="127.0.0.1", port=0, log_level="error", access_log=False, ws="none")
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
