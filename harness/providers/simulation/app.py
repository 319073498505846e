"""The simulated world as an ASGI application that speaks the chat completions protocol.

It keeps one piece of state: which requests it has already failed, so that a retry succeeds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson

from harness.providers.simulation.chance import Chance
from harness.providers.simulation.judge import answer
from harness.providers.simulation.logprobs import logprobs_of
from harness.providers.simulation.world import MODEL_PREFIX, Knobs, Service

LETTERS_PER_TOKEN = 4
MODELS = {"object": "list", "data": [{"id": MODEL_PREFIX, "object": "model", "created": 0, "owned_by": "simulation"}]}

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Refused(Exception):  # noqa: N818 - a response with an error status
    """A request is not answered."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": code}}


class App:
    """One simulated endpoint."""

    def __init__(self, service: Service | None = None) -> None:
        self._service = service or Service()
        self._failed: set[str] = set()

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the start and the end of a server."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = await body_of(receive)
        try:
            status, value = 200, await self._answer(scope["method"], scope["path"], body)
        except Refused as refused:
            status, value = refused.status, refused.body
        content = orjson.dumps(value)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if (method, path) == ("GET", "/v1/models"):
            return MODELS
        if (method, path) != ("POST", "/v1/chat/completions"):
            raise Refused(404, f"there is no {method} {path}")
        knobs, request = _read_request(body)
        if _asks_schema(request) and not self._service.json_output:
            raise Refused(400, "`response_format` of type `json_schema` is not supported")
        digest = hashlib.sha256(body).hexdigest()
        if self._service.latency_ms:
            await asyncio.sleep(self._service.latency_ms / 1000 * Chance(digest, "latency").number())
        if digest not in self._failed and Chance(digest, "failure").happens(self._service.failure_rate):
            self._failed.add(digest)
            raise Refused(503, "the simulated endpoint is overloaded", kind="server_error")
        return _complete(knobs, request, digest)


def _read_request(body: bytes) -> tuple[Knobs, dict[str, Any]]:
    """The model and the request in a body. Raises Refused if it is not a request."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("model"), str):
        raise Refused(400, "`model` is missing")
    try:
        knobs = Knobs.from_model_id(request["model"])
    except ValueError as error:
        raise Refused(404, str(error), code="model_not_found") from None
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or not all(_is_message(message) for message in messages):
        raise Refused(400, "`messages` must be a list of messages with `role` and `content`, both text")
    for name in ("seed", "max_tokens", "max_completion_tokens"):
        if type(request.get(name, 0)) is not int:
            raise Refused(400, f"`{name}` must be a whole number")
    if _asks_schema(request) and _schema_in(request) is None:
        raise Refused(400, "`response_format` of type `json_schema` must hold the schema of an object")
    return knobs, request


def _asks_schema(request: Mapping[str, Any]) -> bool:
    wanted = request.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") == "json_schema"


def _schema_in(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema for the answer; None without one."""
    wanted: Any = request if _asks_schema(request) else {}
    for name in ("response_format", "json_schema", "schema"):
        wanted = wanted.get(name)
        if not isinstance(wanted, dict):
            return None
    return wanted if wanted.get("type") == "object" and isinstance(wanted.get("properties"), dict) else None


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict) and isinstance(message.get("role"), str) and isinstance(message.get("content"), str)
    )


def _complete(knobs: Knobs, request: dict[str, Any], digest: str) -> dict[str, Any]:
    """The chat completion that answers a request."""
    text, is_refusal = answer(knobs, request["messages"], request.get("seed", 0), _schema_in(request))
    finish = "content_filter" if is_refusal else "stop"
    most = request.get("max_completion_tokens") or request.get("max_tokens")
    if most and not is_refusal and len(text) > most * LETTERS_PER_TOKEN:
        text, finish = text[: most * LETTERS_PER_TOKEN], "length"
    message = {"role": "assistant", "content": None if is_refusal else text, "refusal": text if is_refusal else None}
    prompt_tokens = sum(len(message["content"]) for message in request["messages"]) // LETTERS_PER_TOKEN
    completion_tokens = -(-len(text) // LETTERS_PER_TOKEN)
    logprobs = None
    if request.get("logprobs") and not is_refusal:
        top = request.get("top_logprobs") or 0
        logprobs = logprobs_of(knobs, request["messages"], _schema_in(request), text, top)
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request."""
    parts = []
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(parts)


async def _live(receive: Receive, send: Send) -> None:
    """Acknowledge the lifespan events of a server."""
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
