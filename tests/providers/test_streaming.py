"""Streamed replies, packed bodies and reasoning, over a loopback endpoint."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest

from harness.cache.key import call_key
from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import openai as provider
from harness.providers.provider import Context
from harness.records.calls import Call, Limits, Model, Reply
from harness.records.datasets import Message
from support.endpoint import Endpoint, completion, endpoint, response

MESSAGES: list[Message] = [{"role": "user", "content": "Which is better?"}]
USAGE = {"stream_options": {"include_usage": True}}


def raw(content: bytes, status: int = 200, **headers: str) -> bytes:
    """The bytes of a response with a body of any bytes."""
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def streamed(*deltas: dict[str, Any], usage: bool = True) -> bytes:
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": delta}], "model": "served-name"} for delta in deltas]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"
    if usage:
        chunks.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}})
    events = "".join(f": ping\n\ndata: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return raw(events.encode(), content_type="text/event-stream")


def asked(*script: bytes, stream: bool = False, times: int = 1, attempts: int = 1) -> tuple[list[Any], Endpoint]:
    """The replies to some calls at once to an endpoint with a script, or the errors in their place."""

    async def main() -> tuple[list[Any], Endpoint]:
        async with endpoint(*script) as scripted:
            limits = Limits(attempts=attempts, concurrency=max(1, times))
            model = Model("m", "openai", "m", base_url=scripted.url, limits=limits, settings={"stream": stream})
            connection = provider.connect(model, Context({}, sleep=lambda _: asyncio.sleep(0)))
            try:
                calls = [connection.send(Call(model, MESSAGES, draw)) for draw in range(times)]
                return await asyncio.gather(*calls, return_exceptions=True), scripted
            finally:
                await connection.close()

    return asyncio.run(main())


B = streamed({"role": "assistant", "content": "Verdict: "}, {"content": "B"})
REPLY = Reply("Verdict: B", "stop", 5, 2, "served-name")


def test_a_model_that_streams_is_asked_to_with_its_usage():
    replies, scripted = asked(B, stream=True)
    assert replies == [REPLY]
    assert scripted.requests == [{"model": "m", "messages": MESSAGES, "stream": True, **USAGE}]


def test_an_endpoint_that_does_not_know_the_usage_option_is_asked_without_from_then_on():
    refused = response(400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}})
    replies, scripted = asked(refused, streamed({"content": "B"}, usage=False), stream=True)
    assert [reply.text for reply in replies] == ["B"]
    assert [request.get("stream_options") for request in scripted.requests] == [USAGE["stream_options"], None]


def test_a_model_that_only_streams_is_asked_to_stream_once_it_says_so():
    refused = response(400, {"error": {"message": "This model only support stream mode, please enable it."}})
    replies, scripted = asked(*[refused] * 3, B, times=3)
    assert replies == [REPLY] * 3, "also those that were sent before it said so"
    assert ["stream" in request for request in scripted.requests] == [False] * 3 + [True] * 3


def test_a_rejection_that_is_not_about_streaming_changes_nothing():
    (error,), scripted = asked(response(400, {"error": {"message": "no"}}))
    assert isinstance(error, ProviderError)
    assert len(scripted.requests) == 1


def test_events_are_read_that_were_not_asked_for_and_json_that_was_not():
    assert asked(B)[0] == [REPLY]
    assert asked(completion("hi"), stream=True)[0][0].text == "hi"


def test_a_stream_that_is_cut_is_asked_for_again():
    cut = raw(b'data: {"choices": [{"delta": {"content": "Verdict: A"}}]}\n\n', content_type="text/event-stream")
    replies, scripted = asked(cut, B, stream=True, attempts=2)
    assert replies == [REPLY]
    assert len(scripted.requests) == 2


def test_streaming_is_no_part_of_the_cache_key():
    keys = {call_key(Call(Model("m", "openai", "m", settings={"stream": on}), MESSAGES)) for on in (True, False)}
    assert len(keys) == 1


COMPLETION = completion("hi").partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (gzip.compress(COMPLETION), "gzip"),
        (zlib.compress(COMPLETION), "deflate"),
        (gzip.compress(gzip.compress(COMPLETION)), "gzip, gzip"),
        (COMPLETION, "identity"),
    ],
)
def test_packed_bodies_are_read(content: bytes, encoding: str):
    replies, scripted = asked(raw(content, content_encoding=encoding))
    assert replies[0].text == "hi"
    assert scripted.headers[0]["accept-encoding"] == "gzip, deflate"


BOMB = gzip.compress(b'{"choices": [{"message": {"content": "' + b" " * (20 << 20) + b'"}}]}')


@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_what_unpacks_to_too_much_is_a_failed_call_at_any_status(status: int, encoding: str):
    content = gzip.compress(BOMB) if "," in encoding else BOMB
    (error,), _ = asked(raw(content, status, content_encoding=encoding))
    assert isinstance(error, ProviderError)
    assert not isinstance(error, ModelStopped)
    assert "16,777,216 bytes" in str(error)


def test_an_encoding_that_was_not_asked_for_is_a_failed_call():
    (error,), _ = asked(raw(b"x", content_encoding="br"))
    assert "packed as 'br', which was not asked for" in str(error)


def test_no_key_is_kept_in_reasoning():
    async def main() -> Reply:
        async with endpoint(completion("B", reasoning="the key is sk-secret-0123456789")) as scripted:
            model = Model("m", "openai", "m", base_url=scripted.url, api_key_env="KEY")
            connection = provider.connect(model, Context({"KEY": "sk-secret-0123456789"}))
            try:
                return await connection.send(Call(model, MESSAGES))
            finally:
                await connection.close()

    reply = asyncio.run(main())
    assert "secret" not in reply.reasoning
    assert reply.reasoning.startswith("the key is ")
