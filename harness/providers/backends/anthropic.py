"""Claude models by Anthropic's own protocol, through the SDK `anthropic`, an extra of the same name.

Parameters are written as for other endpoints and sent under Anthropic's names: `max_completion_tokens` as `max_tokens`,
`stop` as `stop_sequences`, `reasoning_effort` and a schema as `output_config`. Others, such as `thinking`, are sent as
they are. Prompt tokens count those read from and written to Anthropic's cache; a write is charged as other input here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ModelStopped
from harness.providers import endpoint
from harness.providers.health import Finding, check_endpoint
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Message

if TYPE_CHECKING:
    from harness.providers.batch_service import BatchService
    from harness.providers.endpoint import Extras
    from harness.providers.provider import Connection, Context
    from harness.providers.retry import Fault

SUMMARY = "Claude models by Anthropic's own protocol; needs the extra `anthropic`"

ANSWERS = "text"
"""What its replies are."""

ATTEMPTS_ANYWHERE = True
"""Whether another process can make an attempt."""

SETTINGS: Mapping[str, Any] = {"model": None, "prompt_cache": False, **endpoint.SETTINGS}
"""`model`: the endpoint's name for the model; `prompt_cache`: whether Anthropic keeps prompts for a while."""

BASE_URL = "https://api.anthropic.com"
KEY_VARIABLE = "ANTHROPIC_API_KEY"
"""The environment variable that holds the key of Anthropic's own endpoint unless a spec names another."""
VERSION = "2023-06-01"
"""Of the protocol, for the list of models; calls name the version that the SDK was made for."""
IDENTITY = "anthropic"
"""What the cache key calls Anthropic's own endpoint."""


def defaults(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoint's name for the model, and the variable that holds the API key."""
    return {"model": name, "api_key_env": KEY_VARIABLE if entry["base_url"] is None else None}


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """The endpoint's name for the model."""
    return str(entry.get("model") or name)


def key_parts(entry: Mapping[str, Any]) -> Mapping[str, str]:
    """The identity of the endpoint, and how system messages are sent."""
    return endpoint.key_parts(entry, BASE_URL, IDENTITY)


def check(model: Model, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the endpoint can be reached and has the model; makes no call to the model."""
    address = f"{_address(model)}/v1"
    yield from check_endpoint(
        model, environment, address, key_header="x-api-key", headers={"anthropic-version": VERSION}
    )


def _address(model: Model) -> str:
    return (model.base_url or BASE_URL).rstrip("/").removesuffix("/v1")


def body_of(model: Model, call: Call, *, asks_format: bool) -> dict[str, Any]:
    """The request in Anthropic's words."""
    params = {**model.params, **(call.params or {})}
    format_ = params.pop("response_format", None)
    bound = params.pop("max_completion_tokens", None)
    body: dict[str, Any] = {"max_tokens": bound} if bound else {}
    stop = params.pop("stop", None)
    if stop:
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    output = dict(params.pop("output_config", None) or {})
    if effort := params.pop("reasoning_effort", None):
        output["effort"] = effort
    schema = (format_ or {}).get("json_schema", {}).get("schema") if isinstance(format_, Mapping) else None
    if asks_format and schema:
        output["format"] = {"type": "json_schema", "schema": schema}
    if output:
        body["output_config"] = output
    if model.settings.get("prompt_cache"):
        body["cache_control"] = {"type": "ephemeral"}
    system = [message["content"] for message in call.messages if message["role"] in ("system", "developer")]
    if system:
        body["system"] = "\n\n".join(system)
    return {"model": model.id, **params, **body, "messages": _turns(call.messages)}


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [dict(message) for message in messages if message["role"] not in ("system", "developer")]


def completion_of(value: Any) -> Any:
    """A message of Anthropic's as the chat completion that it amounts to; anything else as it is."""
    if not isinstance(value, Mapping) or value.get("type") != "message":
        return value
    usage = value.get("usage") if isinstance(value.get("usage"), Mapping) else {}
    assert isinstance(usage, Mapping)
    cached = _count(usage.get("cache_read_input_tokens"))
    prompt = _count(usage.get("input_tokens")) + cached + _count(usage.get("cache_creation_input_tokens"))
    return {
        "model": value.get("model"),
        "choices": [
            {
                "message": {"role": "assistant", "content": value.get("content") or []},
                "finish_reason": value.get("stop_reason"),
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": _count(usage.get("output_tokens")),
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": usage.get("output_tokens_details"),
        },
    }


def _count(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _client_arguments(model: Model, context: Context) -> tuple[dict[str, Any], Extras]:
    """The arguments of the SDK's client, and what is sent beside a request."""
    from harness.providers.endpoint import NO_KEY
    from harness.providers.transport import timeout_of

    address, query = endpoint.without_query(_address(model))
    api_key = endpoint.api_key_of(model, context.environment)
    extras = endpoint.extras_of(model, context.environment, api_key, address)
    return {
        "api_key": api_key or NO_KEY,
        "webhook_key": "",
        "base_url": address,
        "default_query": {**query, **extras.query},
        "timeout": timeout_of(model),
        "max_retries": 0,
        "open_telemetry": False,
    }, extras


def _without_package(model: Model) -> ModelStopped:
    hint = "pip install 'fellowship-harness[anthropic]'"
    return ModelStopped(f"model {model.name} needs the package anthropic", kind="package", hint=hint)


def batches(model: Model, context: Context) -> BatchService:
    """The Message Batches of the model's endpoint."""
    try:
        from harness.providers.anthropic_batches import AnthropicBatches, Words
    except ImportError:
        raise _without_package(model) from None
    arguments, extras = _client_arguments(model, context)
    words = Words(body_of, completion_of)
    return AnthropicBatches(model, context, arguments=arguments, extras=extras, words=words)


def connect(model: Model, context: Context) -> Connection:
    """A connection to the model's endpoint."""
    try:
        import anthropic
    except ImportError:
        raise _without_package(model) from None
    import asyncio

    import httpx2

    from harness.providers.attempts import ModelConnection, connection_fault
    from harness.providers.faults import fault_in
    from harness.providers.native_reply import read_native
    from harness.providers.transport import confine, plain_transport

    class AnthropicConnection(ModelConnection):
        """A connection to a Claude model."""

        def __init__(self) -> None:
            super().__init__(model, context)
            arguments, extras = _client_arguments(model, context)
            transport = plain_transport(model, extras.proxy)
            confine(transport)
            self._secrets = extras.secrets
            self._client = anthropic.AsyncAnthropic(**arguments, http_client=transport)
            # ANTHROPIC_CUSTOM_HEADERS is read in any case; no argument prevents it.
            self._client._custom_headers = dict(extras.headers)

        async def close(self) -> None:
            """Close the connections."""
            await self._client.close()

        async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
            body = body_of(model, call, asks_format=asks_format)
            try:
                async with asyncio.timeout(model.limits.timeout_s):
                    response = await self._client.post("/v1/messages", body=body, cast_to=httpx2.Response)
            except anthropic.APIStatusError as error:
                params = body.keys() - {"model", "messages", "system"}
                now = self._context.now()
                return fault_in(error.response, self._secrets, now, params=params, asks_format=asks_format)
            except (anthropic.APIConnectionError, OSError) as error:
                return connection_fault(error, model, self._secrets)
            return read_native(response.content, completion_of, self._secrets)

    return AnthropicConnection()
