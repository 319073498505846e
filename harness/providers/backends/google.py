"""Gemini models by Google's own protocol, through the SDK `google-genai`, which the extra `google` brings.

Parameters are written as for other endpoints and sent under Google's names: `max_tokens` as `maxOutputTokens`, `stop`
as `stopSequences`, `thinking` as `thinkingConfig`, a schema as `responseJsonSchema`. Others are sent as they are, as
parts of `generationConfig`; `safety_settings` and `service_tier` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ModelStopped
from harness.providers import endpoint
from harness.providers.health import Finding, check_endpoint
from harness.providers.logprobs import from_google
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Message

if TYPE_CHECKING:
    from harness.providers.provider import Connection, Context
    from harness.providers.retry import Fault

SUMMARY = "Gemini models by Google's own protocol; needs the extra `google`"

ANSWERS = "text"
"""What its replies are."""

ATTEMPTS_ANYWHERE = True
"""Whether another process can make an attempt."""

SETTINGS: Mapping[str, Any] = {"model": None, **endpoint.SETTINGS}
"""`model`: the endpoint's name for the model; the spec's own name for it where none is given."""

BASE_URL = "https://generativelanguage.googleapis.com"
KEY_VARIABLE = "GEMINI_API_KEY"
"""The environment variable that holds the key of Google's own endpoint unless a spec names another."""
API_VERSION = "v1beta"
IDENTITY = "google"
"""What the cache key calls Google's own endpoint."""

NAMES = {
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
    "thinking": "thinkingConfig",
}
"""Parameters that Google calls otherwise."""
BESIDE = {"safety_settings": "safetySettings", "service_tier": "serviceTier"}
"""Parameters that are no part of `generationConfig`."""


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
    """Whether the endpoint can be reached; makes no call to the model."""
    address = f"{(model.base_url or BASE_URL).rstrip('/')}/{API_VERSION}"
    yield from check_endpoint(model, environment, address, key_header="x-goog-api-key")


def body_of(model: Model, call: Call, *, asks_format: bool) -> dict[str, Any]:
    """The request in Google's words."""
    params = {**model.params, **(call.params or {})}
    format_ = params.pop("response_format", None)
    beside = {name: params.pop(key) for key, name in BESIDE.items() if key in params}
    config = {NAMES.get(name, name): value for name, value in params.items()}
    if isinstance(config.get("stopSequences"), str):
        config["stopSequences"] = [config["stopSequences"]]
    if effort := config.pop("reasoning_effort", None):
        config["thinkingConfig"] = {**(config.get("thinkingConfig") or {}), "thinkingLevel": effort}
    if isinstance(config.get("seed"), int):
        config["seed"] += call.draw
    schema = (format_ or {}).get("json_schema", {}).get("schema") if isinstance(format_, Mapping) else None
    if asks_format and schema:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": schema}
    system = [message["content"] for message in call.messages if message["role"] in ("system", "developer")]
    instruction = {"systemInstruction": {"parts": [{"text": "\n\n".join(system)}]}} if system else {}
    return {"contents": _contents(call.messages), **instruction, "generationConfig": config, **beside}


def _contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    roles = {"user": "user", "assistant": "model"}
    turns = [message for message in messages if message["role"] in roles]
    return [{"role": roles[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in turns]


def completion_of(value: Any) -> Any:
    """A response of Google's as the chat completion that it amounts to; anything else as it is."""
    if not isinstance(value, Mapping) or not {"candidates", "promptFeedback", "usageMetadata"} & value.keys():
        return value
    usage = value.get("usageMetadata")
    candidates = value.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    common = {"model": value.get("modelVersion"), "usage": usage if isinstance(usage, Mapping) else {}}
    if not isinstance(first, Mapping):
        feedback = value.get("promptFeedback")
        blocked = feedback.get("blockReason") if isinstance(feedback, Mapping) else None
        choices = [{"message": None, "finish_reason": "SAFETY" if blocked else "OTHER"}] if blocked else []
        return {**common, "choices": choices}
    content = first.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    finish = first.get("finishReason")
    message = {"role": "assistant", "content": parts} if parts is not None or finish == "STOP" else None
    return {**common, "choices": [{"message": message, "finish_reason": finish, "logprobs": from_google(first)}]}


def connect(model: Model, context: Context) -> Connection:
    """A connection to the model's endpoint."""
    try:
        from google import genai
        from google.genai import errors, types
    except ImportError:
        hint = "pip install 'fellowship-harness[google]'"
        raise ModelStopped(f"model {model.name} needs the package google-genai", kind="package", hint=hint) from None
    import asyncio

    import httpx2

    from harness.providers.attempts import ModelConnection, connection_fault
    from harness.providers.endpoint import NO_KEY
    from harness.providers.faults import fault_in
    from harness.providers.native_reply import read_native
    from harness.providers.transport import confine, plain_transport

    class GoogleConnection(ModelConnection):
        """A connection to a Gemini model."""

        def __init__(self) -> None:
            super().__init__(model, context)
            address, query = endpoint.without_query(model.base_url or BASE_URL)
            api_key = endpoint.api_key_of(model, context.environment)
            extras = endpoint.extras_of(model, context.environment, api_key, address)
            self._secrets = extras.secrets
            self._transport = plain_transport(model, extras.proxy)
            confine(self._transport)
            self._transport.params = self._transport.params.merge({**query, **extras.query})
            options = types.HttpOptions(
                base_url=address,
                api_version=API_VERSION,
                headers=dict(extras.headers),
                httpx_async_client=self._transport,
                retry_options=types.HttpRetryOptions(attempts=1),
            )
            self._client = genai.Client(api_key=api_key or NO_KEY, vertexai=False, http_options=options)

        async def close(self) -> None:
            """Close the connections."""
            await self._transport.aclose()

        async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
            body = body_of(model, call, asks_format=asks_format)
            name = model.id if "/" in model.id else f"models/{model.id}"
            try:
                async with asyncio.timeout(model.limits.timeout_s):
                    # The raw request rather than `generate_content`, which loses what its types do not name.
                    response = await self._client._api_client.async_request("post", f"{name}:generateContent", body)
            except errors.APIError as error:
                params = body["generationConfig"].keys()
                now = self._context.now()
                return fault_in(error.response, self._secrets, now, params=params, asks_format=asks_format)
            except (httpx2.HTTPError, OSError) as error:
                return connection_fault(error, model, self._secrets)
            return read_native((response.body or "").encode("utf-8", "replace"), completion_of, self._secrets)

    return GoogleConnection()
