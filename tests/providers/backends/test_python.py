"""Functions as models: what they may return, what becomes of what they raise, and how long they may take."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import python
from harness.providers.provider import Context
from harness.records.calls import Call, Limits, Model, Reply
from harness.records.frozen import FrozenDict

MESSAGES = ({"role": "user", "content": "which?"},)


def send(function: Any, *, calls: int = 1, **limits: Any) -> list[Reply]:
    model = Model(
        "mine",
        "python",
        "python:mine:v1",
        settings=FrozenDict({"function": "mine", "call": function}),
        limits=Limits(**{"concurrency": 1, "attempts": 1, **limits}),
    )

    async def all_of_them() -> list[Reply]:
        connection = python.connect(model, Context(environment={}))
        try:
            return list(await asyncio.gather(*(connection.send(Call(model, MESSAGES, at)) for at in range(calls))))
        finally:
            await connection.close()

    return asyncio.run(all_of_them())


async def asynchronous(messages: Any) -> str:
    await asyncio.sleep(0)
    return str(messages[0]["content"])


class AsyncObject:
    async def __call__(self, messages: Any) -> str:
        return "which?"


@pytest.mark.parametrize(
    "function",
    [
        lambda messages: messages[0]["content"],
        lambda messages, draw: "which?",
        lambda messages: asynchronous(messages),
        lambda messages: Reply("which?", "stop"),
        asynchronous,
        AsyncObject(),
    ],
    ids=["text", "draw", "awaitable", "reply", "async", "async-object"],
)
def test_a_function_replies_with_text_or_a_reply(function: Callable[..., Any]) -> None:
    assert send(function) == [Reply("which?", "stop")]


def test_a_function_of_no_known_signature_is_called() -> None:
    with pytest.raises(ProviderError, match="the function returned dict"):
        send(dict)


@pytest.mark.parametrize("found", [None, 3, b"A", Reply("x", "unavailable"), Reply(3, "stop")])  # type: ignore[arg-type]
def test_anything_else_is_a_failed_call(found: object) -> None:
    with pytest.raises(ProviderError, match=r"not text or a harness\.Reply") as raised:
        send(lambda messages: found)
    assert raised.value.kind == "bad-reply"


def test_text_that_is_not_unicode_is_a_failed_call() -> None:
    with pytest.raises(ProviderError, match="not valid Unicode"):
        send(lambda messages: "\ud800")


def raising(error: Exception) -> Callable[[Any], str]:
    def function(messages: Any) -> str:
        raise error

    return function


@pytest.mark.parametrize("error", [ValueError("no"), StopIteration(), TimeoutError("own")])
def test_an_exception_is_a_failed_call(error: Exception) -> None:
    with pytest.raises(ProviderError, match=rf"the function raised \w*: ?.*{error}") as raised:
        send(raising(error))
    assert raised.value.kind == "function"


def test_a_key_in_an_exception_is_not_repeated() -> None:
    with pytest.raises(ProviderError, match="the function raised ValueError: …") as raised:
        send(raising(ValueError("sk-abcdefghijklmnop\x1b[31m")))
    assert "sk-abc" not in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_a_failed_call_is_tried_again_as_the_limits_say() -> None:
    calls: list[int] = []

    def sometimes(messages: Any) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        return "A"

    assert send(sometimes, attempts=2)[0].text == "A"


def test_a_function_that_takes_too_long_is_a_failed_call() -> None:
    ended = threading.Event()

    def slow(messages: Any) -> str:
        ended.wait(30)
        return "A"

    async def slow_async(messages: Any) -> str:
        await asyncio.sleep(30)
        return "A"

    try:
        for function in (slow, slow_async):
            with pytest.raises(ProviderError, match=r"no reply within 0\.05 s"):
                send(function, timeout_s=0.05)
            ended.set()
    finally:
        ended.set()


def test_one_call_at_a_time_runs_in_one_thread() -> None:
    threads: list[int] = []
    inside: list[int] = []

    def noted(messages: Any) -> str:
        assert not inside
        inside.append(1)
        threads.append(threading.get_ident())
        time.sleep(0.001)
        inside.clear()
        return "A"

    assert len(send(noted, calls=8)) == 8
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_the_limits_allow_calls_at_once() -> None:
    together = threading.Barrier(4, timeout=30)

    def met(messages: Any) -> str:
        together.wait()
        return "A"

    assert len(send(met, calls=4, concurrency=4)) == 4


def test_the_function_cannot_change_the_messages_of_a_call() -> None:
    def changing(messages: Any) -> str:
        messages[0]["content"] = "changed"
        return "A"

    send(changing)
    assert MESSAGES[0]["content"] == "which?"


def test_a_model_without_its_function_stops() -> None:
    with pytest.raises(ModelStopped, match=r"no function `mine` here; .*providers=\{'mine': function\}"):
        send(None)


def test_the_id_holds_the_name_and_the_declared_digest() -> None:
    assert python.model_id("judge", {"function": "mine", "digest": "v1"}, None) == "python:mine:v1"  # type: ignore[arg-type]
