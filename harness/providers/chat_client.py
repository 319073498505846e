"""The chat completions protocol: every provider that speaks it uses this client.

Replies are checked before they are used, and a response with an error status becomes a fault by its meaning;
`harness.providers.http_sender` posts the requests, and `harness.providers.attempts` does the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson

from harness.providers.attempts import ModelConnection, connection_fault
from harness.providers.chat_request import chat_body
from harness.providers.event_stream import refuses_usage, wants_stream
from harness.providers.faults import fault_in
from harness.providers.http_sender import HttpResponse, Sender
from harness.providers.native_reply import without_secrets
from harness.providers.provider import Context
from harness.providers.redaction import Secrets
from harness.providers.response import read_completion
from harness.providers.retry import Fault
from harness.records.calls import Call, Model, Reply

STREAM: dict[str, Any] = {"stream": True}
STREAM_WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


class ChatClient(ModelConnection):
    """A connection to one model over an HTTP client of its own. See `harness.providers.provider.Connection`."""

    def __init__(
        self,
        model: Model,
        context: Context,
        *,
        sender: Sender,
        secrets: Secrets,
        seeds_draws: bool = False,
    ) -> None:
        """Make a connection without making a call.

        Args:
            model: whom to ask.
            context: clock, sleep and what else comes from the outside.
            sender: posts to the endpoint; closed with this connection.
            secrets: what is sent and must get out nowhere.
            seeds_draws: whether to send the number of the draw as `seed` also where the params set none. Where they
                do, it is added to theirs, so that repeated calls differ.
        """
        super().__init__(model, context)
        self._secret = secrets
        self._sender = sender
        self._seed: int | None = model.params.get("seed", 0 if seeds_draws else None)
        self._streams = bool(model.settings.get("stream"))
        """Whether replies are asked for piece by piece: some models give no others."""
        self._asks_usage = True
        """Whether the usage of streamed replies is asked for: some endpoints do not know the option."""

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        body = chat_body(self._model, call, asks_format=asks_format, seed=self._seed)
        while True:
            form = self._stream_form()
            response = await self._posted({**body, **form})
            if isinstance(response, Fault):
                return response
            if response.is_success:
                return self._read(response)
            if not self._adapts(response, form):
                return self._status_fault(response, {**body, **form}, asks_format)

    async def _posted(self, body: dict[str, Any]) -> HttpResponse | Fault:
        """The response to a request, whatever its status, or why there is none."""
        sent = orjson.dumps(body)
        try:
            # One limit for the whole: an endpoint that answers by drops never meets a limit for a single read.
            async with asyncio.timeout(self._model.limits.timeout_s):
                return await self._sender.post(sent)
        except Exception as error:
            return connection_fault(error, self._model, self._secret)

    def _stream_form(self) -> dict[str, Any]:
        """The parameters that ask for a streamed reply; none where the reply may come in one piece."""
        return {} if not self._streams else STREAM_WITH_USAGE if self._asks_usage else STREAM

    def _adapts(self, response: HttpResponse, form: dict[str, Any]) -> bool:
        """Whether the endpoint rejected the form of a call alone, which from now on is another."""
        if form is STREAM_WITH_USAGE and refuses_usage(response.status_code, response.text):
            self._asks_usage = False
        elif not form and wants_stream(response.status_code, response.text):
            self._streams = True
        else:
            return False
        return True

    def _read(self, response: HttpResponse) -> Reply | Fault:
        """What a response with status 200 says, without the key, which it may hold: a reply is kept and handed on."""
        content_type = response.headers.get("content-type", "")
        result = read_completion(response.content, content_type)
        if isinstance(result, Reply):
            return without_secrets(result, self._secret)
        redacted = self._secret.redacted_message
        result = read_completion(redacted(response.text).encode(), redacted(content_type))
        return replace(result, message=redacted(result.message)) if isinstance(result, Fault) else result

    def _status_fault(self, response: HttpResponse, request: dict[str, Any], asks_format: bool) -> Fault:
        params = request.keys() - {"model", "messages"}
        return fault_in(response, self._secret, self._context.now(), params=params, asks_format=asks_format)
