"""Calls to a Python function, within the limits of its model."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from harness.providers.attempts import ModelConnection, timeout_fault
from harness.providers.provider import Context
from harness.providers.retry import Fault, in_short
from harness.records.calls import Call, Model, Reply
from harness.text import SECRET

FINISHES = ("stop", "length", "refusal", "too-long")
HINT = "correct the function; change its `digest` if it now replies otherwise"


class FunctionConnection(ModelConnection):
    """A connection to one function. See `harness.providers.provider.Connection`.

    A function that is not async runs in threads, as many as the model allows calls at once. With one, the default, it
    is always the same thread.
    """

    def __init__(self, model: Model, context: Context, function: Callable[..., Any]) -> None:
        super().__init__(model, context)
        self._function = function
        self._takes_draw = _takes(function, "draw")
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with an async `__call__`
        )
        self._threads = ThreadPoolExecutor(model.limits.concurrency, thread_name_prefix=f"harness-{model.name}")

    async def close(self) -> None:
        """End the threads once their calls have returned."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        arguments = {"draw": call.draw} if self._takes_draw else {}
        made = partial(self._function, [dict(message) for message in call.messages], **arguments)
        try:
            async with asyncio.timeout(self._model.limits.timeout_s) as limit:
                found = await (made() if self._is_async else self._in_thread(made))
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                return timeout_fault(self._model)
            reason = in_short(SECRET.sub("…", f"{type(error).__name__}: {error}"))
            return Fault("function", f"the function raised {reason}", remedy="again", hint=HINT)
        return _reply(found)

    async def _in_thread(self, made: Callable[[], Any]) -> Any:
        """What the function returns; awaited where that is awaitable, as of a function that wraps an async one."""
        found, error = await asyncio.get_running_loop().run_in_executor(self._threads, _outcome, made)
        if error is not None:
            raise error
        return await found if inspect.isawaitable(found) else found


def _outcome(made: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """What a call returned or raised; a future cannot hold StopIteration."""
    try:
        return made(), None
    except StopIteration as error:
        return None, RuntimeError(f"StopIteration: {error}")
    except Exception as error:
        return None, error


def _takes(function: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have no signature
        return False


def _reply(found: Any) -> Reply | Fault:
    if isinstance(found, str):
        found = Reply(text=found, finish="stop")
    if not isinstance(found, Reply) or type(found.text) is not str or found.finish not in FINISHES:
        what = type(found).__name__
        return Fault("bad-reply", f"the function returned {what}, not text or a harness.Reply", remedy="give-up")
    try:
        found.text.encode()
    except UnicodeEncodeError:
        return Fault("bad-reply", "the function returned text that is not valid Unicode", remedy="give-up")
    return found
