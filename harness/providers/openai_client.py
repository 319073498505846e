"""Arguments of the `openai` client with nothing in it that a spec does not name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.providers.endpoint import NO_KEY, Extras, without_query
from harness.providers.transport import timeout_of
from harness.records.calls import Model

if TYPE_CHECKING:
    import openai


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


def forget_environment(client: openai.OpenAI, extras: Extras) -> None:
    """Remove from a client what `bare_arguments` cannot keep out."""
    # None would have been read as "take it from the environment", and "" would be sent as an empty header.
    client.admin_api_key = client.organization = client.project = client.webhook_secret = None
    # OPENAI_CUSTOM_HEADERS is read in any case; no argument prevents it.
    client._custom_headers = dict(extras.headers)
