"""A connection to a server that returns a number for a prompt and a response, asked about several in one request.

This module imports `httpx2`: import it where a connection is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

import httpx2
import orjson

from harness.errors import ModelStopped
from harness.providers import endpoint
from harness.providers.attempts import LETTERS_PER_TOKEN, ModelConnection, connection_fault
from harness.providers.faults import fault_in
from harness.providers.json_body import read_json
from harness.providers.provider import Context
from harness.providers.retry import Fault, in_short
from harness.providers.score_protocols import PROTOCOLS, BadNumberError, Protocol, Scored, scored_of
from harness.providers.transport import confine, plain_transport
from harness.records.calls import Call, Model, Reply

BAD = "bad-reply"


class _Waiting(NamedTuple):
    """A conversation that is to be scored, and who waits for its number."""

    scored: Scored
    answer: asyncio.Future[Reply | Fault]


class ScoreClient(ModelConnection):
    """A connection to one model. See `harness.providers.provider.Connection`."""

    def __init__(self, model: Model, context: Context) -> None:
        """Make a connection without making a call.

        Args:
            model: the model, whose settings name the protocol.
            context: clock, sleep and what else comes from the outside.
        """
        super().__init__(model, context)
        assert model.base_url is not None, "the schema asks for it"
        self._protocol: Protocol = PROTOCOLS[model.settings["protocol"]]
        address, query = endpoint.without_query(model.base_url)
        api_key = endpoint.api_key_of(model, context.environment)
        extras = endpoint.extras_of(model, context.environment, api_key, address)
        self._secrets = extras.secrets
        self._transport = plain_transport(model, extras.proxy)
        confine(self._transport)
        self._transport.params = self._transport.params.merge({**query, **extras.query})
        key = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._transport.headers.update({"content-type": "application/json", **key, **extras.headers})
        self._address = root_of(address) + self._protocol.path
        self._most = int(model.settings["batch"]) if self._protocol.together else 1
        self._waiting: dict[str, list[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.aclose()

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        scored = scored_of(call.messages)
        if scored is None:
            message = f"model {self._model.name} scores responses and reads no prompt of a judge"
            raise ModelStopped(message, kind="rejected", hint="use the strategy `reward`, or `answer: {kind: reward}`")
        answer: asyncio.Future[Reply | Fault] = asyncio.get_running_loop().create_future()
        name = self._protocol.together(scored) if self._protocol.together else ""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(_Waiting(scored, answer))
        if len(waiting) >= self._most:
            self._run(self._answer(self._waiting.pop(name)))
        elif len(waiting) == 1:
            self._run(self._soon(name, waiting))
        return await answer

    async def _soon(self, name: str, waiting: list[_Waiting]) -> None:
        """Send what waits once every call that is ready has had its turn."""
        for _ in range(3):
            await asyncio.sleep(0)
        if self._waiting.get(name) is waiting:
            await self._answer(self._waiting.pop(name))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, inputs: list[_Waiting]) -> None:
        """Ask about some conversations, and about each alone where all are rejected together."""
        try:
            inputs = [one for one in inputs if not one.answer.done()]
            if not inputs:
                return
            found = await self._asked([one.scored for one in inputs])
            if isinstance(found, Fault) and found.remedy == "give-up" and len(inputs) > 1:
                for one in inputs:
                    await self._answer([one])
                return
            for at, one in enumerate(inputs):
                if not one.answer.done():
                    one.answer.set_result(found if isinstance(found, Fault) else found[at])
        except Exception as error:
            for one in inputs:
                if not one.answer.done():
                    one.answer.set_exception(error)

    async def _asked(self, inputs: list[Scored]) -> list[Reply | Fault] | Fault:
        """The reply to each conversation, or why there is none; or why there is none to all."""
        model, protocol = self._model, self._protocol
        named = {"model": model.settings["model"] or model.name} if protocol.has_model else {}
        body = {**named, **model.params, **protocol.body(inputs)}
        try:
            async with asyncio.timeout(model.limits.timeout_s):
                response = await self._transport.post(self._address, content=orjson.dumps(body))
        except (httpx2.HTTPError, OSError) as error:
            return connection_fault(error, model, self._secrets)
        if not response.is_success:
            return fault_in(response, self._secrets, self._context.now(), params=model.params.keys())
        try:
            value = read_json(response.content)
        except ValueError:
            start = in_short(self._secrets.redacted_message(response.text[:200])[:80])
            return Fault(BAD, f"the response is not JSON: {start}", remedy="again", may_be_billed=True)
        try:
            numbers = protocol.numbers(value, len(inputs), model.settings["class"])
        except BadNumberError as error:
            return Fault(BAD, self._secrets.redacted_message(str(error)), remedy="give-up", may_be_billed=True)
        served = value.get("model") if isinstance(value, dict) else None
        return [self._reply(one, number, served) for one, number in zip(inputs, numbers, strict=True)]

    def _reply(self, scored: Scored, number: float | str, served: object) -> Reply | Fault:
        """A number as a reply, whose tokens are an estimate: a server reports those of all inputs together."""
        if isinstance(number, str):
            return Fault(BAD, self._secrets.redacted_message(number), remedy="give-up", may_be_billed=True)
        tokens = 1 + sum(len(message["content"]) for message in scored.messages) // LETTERS_PER_TOKEN
        name = self._secrets.redacted(served) if isinstance(served, str) else ""
        text = repr(number)
        return Reply(
            text, prompt_tokens=tokens, completion_tokens=1 + len(text) // LETTERS_PER_TOKEN, served_model=name
        )


def root_of(address: str) -> str:
    """The address of a server without the slash at its end, and without the `/v1` that chat completions have."""
    return address.rstrip("/").removesuffix("/v1")
