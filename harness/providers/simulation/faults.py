"""Faults that an endpoint can be given, to see what a client makes of them. They need a real port to be real.

A fault hits a request by a chance that follows from the request alone, so that the same run meets the same faults, and
it heals after some attempts.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from harness.providers.simulation.app import App, Event, Receive, Send, body_of
from harness.providers.simulation.chance import Chance

RETRY_AFTER_S = 0.2
HUGE_BYTES = 50 << 20
DRIP_S = 0.05
"""Between two bytes of an answer that comes by drops."""
PATH = "/v1/chat/completions"

Fault = Callable[[bytes, Receive, Send], Awaitable[None]]
"""Answers a request, given the body of the right answer."""


def status(code: int, **headers: str) -> Fault:
    """An answer with an error status."""

    async def answer(_: bytes, receive: Receive, send: Send) -> None:
        content = orjson.dumps({"error": {"message": "injected", "type": "server_error", "code": None}})
        await respond(send, content, code, headers)

    return answer


async def hang(_: bytes, receive: Receive, send: Send) -> None:
    """No answer, until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cut(right: bytes, receive: Receive, send: Send) -> None:
    """The connection ends in the middle of the body."""
    await send(start_of(len(right)))
    await send({"type": "http.response.body", "body": right[: len(right) // 2], "more_body": True})


async def malformed(right: bytes, receive: Receive, send: Send) -> None:
    """A body that is half a JSON."""
    await respond(send, right[: len(right) // 2])


async def empty(right: bytes, receive: Receive, send: Send) -> None:
    """An answer without choices."""
    await respond(send, orjson.dumps({**orjson.loads(right), "choices": []}))


async def null(right: bytes, receive: Receive, send: Send) -> None:
    """A message that is nothing, and no refusal."""
    value = orjson.loads(right)
    value["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": None}
    await respond(send, orjson.dumps(value))


async def usage(right: bytes, receive: Receive, send: Send) -> None:
    """The right text with a usage that cannot be."""
    value = orjson.loads(right)
    value["usage"] = {"prompt_tokens": -5, "completion_tokens": 10**15, "total_tokens": "many"}
    await respond(send, orjson.dumps(value))


async def huge(right: bytes, receive: Receive, send: Send) -> None:
    """A body of 50 MB."""
    part = b" " * (1 << 16)
    await send(start_of(HUGE_BYTES))
    for _ in range(HUGE_BYTES // len(part)):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def drip(right: bytes, receive: Receive, send: Send) -> None:
    """The right answer, byte by byte."""
    await send(start_of(len(right)))
    for at in range(len(right)):
        await send({"type": "http.response.body", "body": right[at : at + 1], "more_body": True})
        await asyncio.sleep(DRIP_S)
    await send({"type": "http.response.body", "body": b""})


def rejected(code: int, message: str, *, kind: str = "invalid_request_error", **headers: str) -> Fault:
    """An answer with an error status and the words of a server."""

    async def answer(_: bytes, receive: Receive, send: Send) -> None:
        content = orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}})
        await respond(send, content, code, headers)

    return answer


def page(code: int, text: str) -> Fault:
    """A web page, as proxies and firewalls answer with."""

    async def answer(_: bytes, receive: Receive, send: Send) -> None:
        content = f"<!doctype html><html><title>{text}</title><body>{text}</body></html>".encode()
        await respond(send, content, code, {"content_type": "text/html"})

    return answer


def changed(**values: Any) -> Fault:
    """The right answer with some of its values replaced."""

    async def answer(right: bytes, receive: Receive, send: Send) -> None:
        await respond(send, orjson.dumps({**orjson.loads(right), **values}))

    return answer


FAULTS: Mapping[str, Fault] = {
    "408": status(408),
    "409": status(409),
    "424": status(424),
    "425": status(425),
    "429": status(429),
    "429-after": status(429, retry_after=f"{RETRY_AFTER_S}"),
    "429-body": rejected(429, f"Rate limit reached. Please try again in {RETRY_AFTER_S}s."),
    "429-reset": status(429, x_ratelimit_reset_tokens=f"{RETRY_AFTER_S}s", x_ratelimit_remaining_tokens="0"),
    "498": status(498),
    "529": status(529),
    "500": status(500),
    "503": status(503),
    "hang": hang,
    "cut": cut,
    "malformed": malformed,
    "empty": empty,
    "null": null,
    "usage": usage,
    "huge": huge,
    "drip": drip,
}
"""Faults that another attempt heals, by the names that `--fault` takes."""

REJECTIONS: Mapping[str, Fault] = {
    "too-long": rejected(400, "prompt is too long: 205123 tokens > 200000 maximum"),
    "flagged": rejected(403, "Your input was flagged by moderation"),
    "firewall": page(403, "Request blocked"),
    "key": rejected(401, "Incorrect API key provided"),
    "model": rejected(404, "The model does not exist", kind="model_not_found"),
    "credit": rejected(400, "Your credit balance is too low"),
    "parameter": rejected(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    "system-role": rejected(400, "System role not supported"),
    "schema": rejected(400, "This model does not support structured outputs"),
    "unknown": rejected(400, "computer says no"),
    "redirect": rejected(307, "moved", location="http://elsewhere.invalid/v1/chat/completions"),
    "other-model": changed(model="tiny-fallback"),
    "cut-prompt": changed(usage={"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}),
}
"""Answers that say something of the call, the model or the reply, which another attempt meets again."""

ALL: Mapping[str, Fault] = {**FAULTS, **REJECTIONS}
ONLY_WITH: Mapping[str, bytes] = {"system-role": b'"system"', "schema": b'"response_format"'}
"""What a request holds that a rejection is about; others are answered."""
NEEDS_ANSWER = frozenset({"cut", "malformed", "empty", "null", "usage", "drip", "other-model", "cut-prompt"})
"""Those that are made from the right answer."""


class Faulty:
    """A simulated endpoint with faults.

    Args:
        app: the endpoint.
        rates: share of the requests that each fault hits.
        heals_after: attempts of a request that are hit before it is answered.

    Attributes:
        hits: how often each fault has hit.
    """

    def __init__(self, app: App, rates: Mapping[str, float], heals_after: int = 1) -> None:
        self._app, self._rates, self._heals_after = app, rates, heals_after
        self._attempts: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request, rightly or not."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        body = await body_of(receive)
        digest = hashlib.sha256(body).hexdigest()
        self._attempts[digest] += 1
        kind = self._fault(digest) if self._attempts[digest] <= self._heals_after else None
        if kind is not None and ONLY_WITH.get(kind, b"") not in body:
            kind = None
        if kind is None:
            await self._app(scope, again(body), send)
            return
        self.hits[kind] += 1
        right: list[bytes] = []

        async def keep(event: Event) -> None:
            right.append(event.get("body", b""))

        if kind in NEEDS_ANSWER:
            await self._app(scope, again(body), keep)
        await ALL[kind](b"".join(right), receive, send)

    def _fault(self, digest: str) -> str | None:
        return next((kind for kind, rate in self._rates.items() if Chance(digest, "fault", kind).happens(rate)), None)


def again(body: bytes) -> Receive:
    """A request's body, to be received once more."""

    async def receive() -> Event:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def start_of(length: int, code: int = 200, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The beginning of a response."""
    sent_headers = {"content-type": "application/json", "content-length": f"{length}", **(headers or {})}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent_headers.items()]
    return {"type": "http.response.start", "status": code, "headers": pairs}


async def respond(send: Send, content: bytes, code: int = 200, headers: Mapping[str, str] | None = None) -> None:
    """Send a whole response."""
    await send(start_of(len(content), code, headers))
    await send({"type": "http.response.body", "body": content})
