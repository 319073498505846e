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
    """

    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)


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

        await app(scope, heard if scope["type"] == "http" else receive, send)

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
        server.should_exit = True
        thread.join()
