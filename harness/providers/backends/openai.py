"""Any endpoint that speaks OpenAI's chat completions protocol: OpenAI itself, or another by `base_url`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.providers import endpoint
from harness.providers.health import Finding, check_endpoint
from harness.records.calls import Model

if TYPE_CHECKING:
    from harness.providers.batch_service import BatchService
    from harness.providers.provider import Connection, Context

SUMMARY = "any endpoint that speaks OpenAI's chat completions protocol"

ANSWERS = "text"
"""What its replies are."""

TAKES_BATCH_FILES = True
"""Whether a batch file can hold its calls."""

ATTEMPTS_ANYWHERE = True
"""Whether another process can make an attempt."""

SETTINGS: Mapping[str, Any] = {"model": None, "stream": False, **endpoint.SETTINGS}
"""`model`: the endpoint's name for the model; the spec's own name for it where none is given. `stream`: whether replies
are asked for as streams of events."""

BASE_URL = endpoint.OPENAI
KEY_VARIABLE = "OPENAI_API_KEY"
"""The environment variable that holds the key of OpenAI's own endpoint unless a spec names another."""


def defaults(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoint's name for the model, and the variable that holds the API key."""
    return {"model": name, "api_key_env": KEY_VARIABLE if entry["base_url"] is None else None}


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """The endpoint's name for the model."""
    return str(entry.get("model") or name)


def key_parts(entry: Mapping[str, Any]) -> Mapping[str, str]:
    """The identity of the endpoint, empty for OpenAI's own, and how system messages are sent."""
    return endpoint.key_parts(entry)


def connect(model: Model, context: Context) -> Connection:
    """A connection to the model's endpoint."""
    from harness.providers.chat_client import ChatClient
    from harness.providers.http_sender import sender_to

    base_url, api_key = model.base_url or BASE_URL, endpoint.api_key_of(model, context.environment)
    extras = endpoint.extras_of(model, context.environment, api_key, base_url)
    sender = sender_to(model, base_url, "/chat/completions", api_key, extras)
    return ChatClient(model, context, sender=sender, secrets=extras.secrets)


def batches(model: Model, context: Context) -> BatchService:
    """The Batch API of the model's endpoint."""
    from harness.providers.openai_batches import OpenAIBatches

    base_url, api_key = model.base_url or BASE_URL, endpoint.api_key_of(model, context.environment)
    extras = endpoint.extras_of(model, context.environment, api_key, base_url)
    return OpenAIBatches(model, context, base_url=base_url, api_key=api_key, extras=extras)


def check(model: Model, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the endpoint can be reached and has the model; asks the model nothing."""
    yield from check_endpoint(model, environment, model.base_url or BASE_URL)
