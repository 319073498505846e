"""The one wrapper around the `openai` client: every provider that makes calls makes them here.

It adds what a run needs to rely on: nothing comes from the environment, replies are checked before they are used, the
limits of the model are kept, and a failed attempt is tried again or given up by the rules of `harness.providers.retry`.

This module imports `openai`, which takes half a second: import it where a connection is made.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, NoReturn

import aiohttp
import httpx2
import openai
import orjson

from harness.errors import ModelStopped, ProviderError
from harness.providers.budget import ModelBudget, bill_at_most, has_usage
from harness.providers.provider import Context
from harness.providers.rate_limit import RateLimit
from harness.providers.redaction import Secret
from harness.providers.response import read_completion
from harness.providers.retry import Fault, FirstFailures, backoff_s, fault_of, in_short, objects_to_format
from harness.providers.tokens import counter_of, most_reply_tokens
from harness.records.calls import Call, Model, Reply

FORMAT = "response_format"
LACKS_FORMAT = "lacks-format"
"""Kind of the fault after which the same is asked without `response_format`; it is no failed attempt."""

CUT_OFF = Fault("cut-off", "the run ended before the reply came", remedy="give-up", may_be_billed=True)

LETTERS_PER_TOKEN = 4
"""A rule of thumb for announcing the size of a prompt; the reported usage corrects it."""


class ChatClient:
    """A connection to one model over an HTTP client of its own. See `harness.providers.provider.Connection`."""

    def __init__(
        self,
        model: Model,
        context: Context,
        *,
        base_url: str,
        api_key: str,
        http_client: httpx2.AsyncClient,
        seeds_draws: bool = False,
    ) -> None:
        """Make a connection without making a call.

        Args:
            model: whom to ask.
            context: clock, sleep and what else comes from the outside.
            base_url: the endpoint.
            api_key: the key, "" for none.
            http_client: the transport; closed with this connection.
            seeds_draws: whether to send the number of the draw as `seed` also where the params set none. Where they
                do, it is added to theirs, so that repeated calls differ.
        """
        self._model = model
        self._context = context
        self._secret = Secret(api_key)
        self._client = _bare_client(model, base_url, api_key, http_client)
        self._request: dict[str, Any] = {**model.params, "model": model.id}
        self._seed: int | None = model.params.get("seed", 0 if seeds_draws else None)
        self._reply_tokens = most_reply_tokens(model)
        self._pace = RateLimit(model.limits, clock=context.clock, sleep=context.sleep)
        self._failures = FirstFailures()
        self._till: ModelBudget | None = None
        if context.purse is not None and not model.is_free:
            self._till = ModelBudget(context.purse, model, counter_of(model.id, context.environment))
        self._stopped: Fault | None = None
        self._lacks_formats = False
        """Whether the endpoint does not know `response_format`: it is then asked without."""

    async def send(self, call: Call) -> Reply:
        """The reply to a call, within the model's limits and after as many attempts as they allow.

        Raises:
            ProviderError: this call got no reply.
            ModelStopped: the model cannot be used at all; every later call raises the same without being sent.
        """
        tokens = self._tokens_announced(call) if self._pace.counts_tokens else 0
        failed_attempts = 0
        while True:
            async with self._pace.slots as started:
                await self._pace.turn(tokens)
                result = await self._paid_attempt(call)
            if isinstance(result, Reply):
                self._failures.answered()
                self._pace.slots.answered()
                self._pace.settle(tokens, result.prompt_tokens + result.completion_tokens)
                self._context.tried(call, failed_attempts + 1)
                return result
            if result.is_too_many:
                self._pace.slots.too_many(started)
            if result.kind == LACKS_FORMAT:
                continue
            failed_attempts += 1
            self._context.tried(call, failed_attempts)
            await self._recover(result, failed_attempts)

    async def _paid_attempt(self, call: Call) -> Reply | Fault:
        """An attempt within the run's means. One that is cut off may be billed, like one whose reply is lost."""
        number = None if self._till is None else await self._till.reserve(call)
        result: Reply | Fault | None = None
        try:
            if self._stopped is not None:
                self._failed_after_attempts(self._stopped)
            await self._context.halt.let_through()
            self._context.halt.entered()
            result = CUT_OFF
            result = await self._attempt(call)
        finally:
            if not isinstance(result, Reply):
                may_be_billed = result is not None and result.may_be_billed
                if may_be_billed:
                    self._report_unbilled(call)
                if self._till is not None and number is not None:
                    await self._till.refund(number, may_be_billed=may_be_billed)
        if isinstance(result, Reply):
            if not has_usage(result):
                self._report_unbilled(call)
            if self._till is not None and number is not None:
                await self._till.settle(number, result)
        else:
            self._context.halt.left()
            await self._context.halt.let_through()
        return result

    def _report_unbilled(self, call: Call) -> None:
        """Say that an attempt may cost something that no usage tells."""
        model = self._model
        if not model.is_free:
            usd = bill_at_most(model, model.price, call).usd if model.price and most_reply_tokens(model) else None
            self._context.unbilled(model.name, usd)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    async def _attempt(self, call: Call) -> Reply | Fault:
        body = {**self._request, "messages": call.messages}
        asks_format = call.params is not None and not self._lacks_formats
        if call.params:
            body |= {name: value for name, value in call.params.items() if asks_format or name != FORMAT}
        if self._seed is not None:
            body["seed"] = self._seed + call.draw
        try:
            # The client's own time limits are for one read each: an endpoint that answers by drops never meets them.
            async with asyncio.timeout(self._model.limits.timeout_s):
                # `post` rather than `chat.completions.create`, which spends as much time on types as all the rest.
                response = await self._client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            result = self._status_fault(error.response)
            if asks_format and isinstance(result, Fault) and objects_to_format(result, error.response.text):
                self._lacks_formats = True
                return Fault(LACKS_FORMAT, result.message, remedy="again")
            return result
        except (openai.APIConnectionError, aiohttp.ClientError, OSError) as error:
            return self._connection_fault(error)
        return self._read(response)

    def _read(self, response: httpx2.Response) -> Reply | Fault:
        """What a response with status 200 says, without the key, which it may hold: a reply is kept and handed on."""
        result = read_completion(response.content)
        without = self._secret.redacted
        if isinstance(result, Reply):
            return result._replace(text=without(result.text), served_model=without(result.served_model))
        told = self._secret.redacted_message
        result = read_completion(told(response.text).encode(), told(response.headers.get("content-type", "")))
        return replace(result, message=told(result.message)) if isinstance(result, Fault) else result

    def _connection_fault(self, error: Exception) -> Fault:
        causes: list[BaseException] = [error]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        # The transport calls a refused connection a timeout as well: only what began as one is one.
        if any(isinstance(cause, TimeoutError) for cause in causes):
            message = f"no reply within {self._model.limits.timeout_s:g} s"
            return Fault("timeout", message, remedy="again", may_be_billed=True)
        reason = in_short(self._secret.redacted_message(str(causes[-1]))) or type(causes[-1]).__name__
        was_reached = not any(isinstance(cause, ConnectionRefusedError | socket.gaierror) for cause in causes)
        return Fault("connection", f"the connection failed: {reason}", remedy="again", may_be_billed=was_reached)

    def _status_fault(self, response: httpx2.Response) -> Reply | Fault:
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = response.text
        body = self._secret.redacted_json(body)
        fault = fault_of(response.status_code, body, response.headers, self._context.now())
        if fault.kind == "refused":
            # Some endpoints tell of a refusal by a status: it is an answer, and will be the same next time.
            return Reply(text="", finish="refusal")
        return fault

    async def _recover(self, fault: Fault, failed_attempts: int) -> None:
        """Wait until another attempt makes sense, or raise where none does."""
        if fault.wait_s is not None:
            self._pace.pause(fault.wait_s)
        if fault.remedy == "again" and failed_attempts < self._model.limits.attempts:
            await self._context.sleep(backoff_s(failed_attempts, self._context.random))
            return
        if fault.remedy == "stop" or self._failures.add(fault):
            self._stopped = fault
            self._failed_after_attempts(fault)
        tries = f" ({failed_attempts} attempts)" if failed_attempts > 1 else ""
        message = f"model {self._model.name}: {fault.message}{tries}"
        raise ProviderError(message, kind=fault.kind, status=fault.status)

    def _failed_after_attempts(self, fault: Fault) -> NoReturn:
        """Raise what a fault that stops the model is to the user."""
        name, variable = self._model.name, self._model.api_key_env
        hints = {
            "key": f"check the key in {variable}"
            if variable
            else f"name the key's variable as `api_key_env` of {name}",
            "unknown-model": f"check `model` ({self._model.id}) and `base_url` of {name}",
            "rejected": f"its first calls were all rejected; check `params` of {name}",
        }
        never = f"it answered none of its first calls; check `base_url` of {name}, or run again later"
        raise ModelStopped(
            f"model {name}: {fault.message}",
            kind=fault.kind,
            status=fault.status,
            hint=fault.hint or hints.get(fault.kind, never),
        )

    def _tokens_announced(self, call: Call) -> int:
        return sum(len(message["content"]) for message in call.messages) // LETTERS_PER_TOKEN + self._reply_tokens
