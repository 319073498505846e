"""Requests to an ASGI application without a server."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple
from urllib.parse import unquote


class Answer(NamedTuple):
    """What an application answered."""

    status: int
    headers: dict[str, str]
    text: str


def get(
    app: Any,
    address: str,
    *,
    hosts: tuple[str, ...] = ("127.0.0.1:8000",),
    method: str = "GET",
    origins: tuple[str, ...] = (),
    body: bytes = b"",
) -> Answer:
    """Send one request."""
    path, _, query = address.partition("#")[0].partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            *((b"host", host.encode()) for host in hosts),
            *((b"origin", origin.encode()) for origin in origins),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, body.decode())
