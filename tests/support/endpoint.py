"""A loopback endpoint that answers by script, for tests of clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HANG = b"hang"
"""An answer that never comes."""
CUT = b"cut"
"""The connection is closed in the middle of the body."""


def response(status: int, body: Any, **headers: str) -> bytes:
    """The bytes of a response: JSON, or text where the body is one."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = [f"HTTP/1.1 {status} Said", f"content-type: {kind}", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def completion(text: str | None = "hi", finish: str = "stop", **more: Any) -> bytes:
    """The bytes of a chat completion."""
    message = {"role": "assistant", "content": text, **more}
    return response(
        200,
        {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "served-name",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        },
    )


@dataclass
class Endpoint:
    """Gives one scripted answer to each request, the last one again and again, and keeps what it was asked."""

    script: Sequence[bytes]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        self.headers.append(headers)
        self.targets.append(head.split(" ", 2)[1])
        self.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        answer = self.script[min(len(self.requests), len(self.script)) - 1]
        for _ in range(3):
            await asyncio.sleep(0)
        self._at_once -= 1
        if answer == HANG:
            await reader.read()
            raise ConnectionResetError
        if answer == CUT:
            writer.write(completion()[:-20])
            await writer.drain()
            raise ConnectionResetError
        writer.write(answer)
        await writer.drain()


@asynccontextmanager
async def endpoint(*script: bytes) -> AsyncIterator[Endpoint]:
    """An endpoint that listens on a free port of the loopback interface."""
    scripted = Endpoint(script)
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        await scripted.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield scripted
    finally:
        server.close()
        await asyncio.gather(*handlers, return_exceptions=True)
