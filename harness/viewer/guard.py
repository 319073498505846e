"""What stands before every page: only requests of this machine for this server are answered, and no page runs a script.

A page on another site can send requests to a local port (DNS rebinding), with its own name in `Host`; such a request
is refused. The headers keep a browser from running or loading anything that a text might smuggle in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from harness.report.html import POLICY

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every response."""
METHODS = ("GET", "HEAD")
NAMES = ("127.0.0.1", "localhost")
"""Of this machine in a `Host` header."""


def guarded(
    app: App, port: int, methods: Sequence[str] = METHODS, headers: Mapping[str, str] = MappingProxyType(HEADERS)
) -> App:
    """The application behind a check of the host, the method and, of requests that change something, the origin.

    Args:
        app: the application.
        port: that the server listens on.
        methods: that it answers.
        headers: of every response.
    """
    allowed = {f"{name}:{port}".encode() for name in NAMES}
    origins = {b"http://" + name for name in allowed}

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in headers.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in allowed:
            await _refuse(with_headers, 421, b"this server answers requests to 127.0.0.1 only\n")
        elif scope["method"] not in methods:
            await _refuse(with_headers, 405, f"this server answers {methods[0]} only\n".encode())
        elif scope["method"] not in METHODS and not _is_own(scope, origins):
            await _refuse(with_headers, 403, b"this request comes from another page\n")
        else:
            await app(scope, receive, with_headers)

    return guard


def _is_own(scope: Scope, origins: Collection[bytes]) -> bool:
    """Whether a request was sent by a page of this server."""
    found = [value.lower() for name, value in scope["headers"] if name == b"origin"]
    return len(found) == 1 and found[0] in origins


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", f"{len(text)}".encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
