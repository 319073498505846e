"""The `openai` client with nothing in it that a spec does not name.

This module imports `openai`, which takes half a second: import it where a connection is made.
"""

from __future__ import annotations

from typing import Any

import httpx2
import openai

from harness.providers.endpoint import Extras, without_query
from harness.providers.transport import confine, limits_of, plain_transport, timeout_of
from harness.records.calls import Model

NO_KEY = "none"
"""What is sent to an endpoint that asks for no key: the client insists on one."""


def http_client(model: Model, proxy: str | None) -> httpx2.AsyncClient:
    """A transport of the model's own, the fastest that there is; it takes nothing from the environment."""
    if proxy:
        return plain_transport(model, proxy)
    return openai.DefaultAioHttpClient(limits=limits_of(model), trust_env=False)


def bare_arguments(model: Model, base_url: str, api_key: str, extras: Extras) -> dict[str, Any]:
    """Arguments of a client of `openai` that takes nothing from the environment and has no retries of its own."""
    address, query = without_query(base_url)
    return {
        "api_key": api_key or NO_KEY,
        "admin_api_key": "",
        "organization": "",
        "project": "",
        "webhook_secret": "",
        "base_url": address,
        "default_query": {**query, **extras.query},
        "timeout": timeout_of(model),
        "max_retries": 0,
    }


def forget_environment(client: openai.OpenAI | openai.AsyncOpenAI, extras: Extras) -> None:
    """Remove from a client what `bare_arguments` cannot keep out."""
    # None would have been read as "take it from the environment", and "" would be sent as an empty header.
    client.admin_api_key = client.organization = client.project = client.webhook_secret = None
    # OPENAI_CUSTOM_HEADERS is read in any case; no argument prevents it.
    client._custom_headers = dict(extras.headers)


def bare_client(
    model: Model, base_url: str, api_key: str, transport: httpx2.AsyncClient, extras: Extras
) -> openai.AsyncOpenAI:
    """The `openai` client with nothing in it that comes from the environment, and without its own retries."""
    confine(transport)
    client = openai.AsyncOpenAI(**bare_arguments(model, base_url, api_key, extras), http_client=transport)
    forget_environment(client, extras)
    if extras.headers and not api_key and "authorization" not in {name.lower() for name in extras.headers}:
        transport.event_hooks = {**transport.event_hooks, "request": [_drop_key]}
    return client


async def _drop_key(request: httpx2.Request) -> None:
    """Send no `Authorization`, which the client insists on: a header of the spec holds the key."""
    request.headers.pop("authorization", None)
