"""The `openai` client and its HTTP transport with nothing in them that a spec does not name.

This module imports `openai`, which takes half a second: import it where a connection is made.
"""

from __future__ import annotations

import httpx2
import openai

from harness.providers.bounded_body import bound_async_body
from harness.providers.unpacking import ENCODINGS
from harness.records.calls import Model

CONNECT_TIMEOUT_S = 15.0
"""An endpoint that cannot be reached by then is tried again rather than waited for."""

NO_KEY = "none"
"""What is sent to an endpoint that asks for no key: the client insists on one."""


def bare_client(model: Model, base_url: str, api_key: str, http_client: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    """The `openai` client with nothing in it that comes from the environment, and without its own retries."""
    limit_s = model.limits.timeout_s
    http_client.follow_redirects = False  # a prompt, and a key, go to the address in the spec and to no other
    http_client.event_hooks = {**http_client.event_hooks, "response": [bound_async_body]}
    http_client.headers["accept-encoding"] = ENCODINGS
    client = openai.AsyncOpenAI(
        api_key=api_key or NO_KEY,
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        base_url=base_url,
        timeout=httpx2.Timeout(limit_s, connect=min(limit_s, CONNECT_TIMEOUT_S)),
        max_retries=0,
        http_client=http_client,
    )
    # None would have been read as "take it from the environment", and "" would be sent as an empty header.
    client.admin_api_key = client.organization = client.project = client.webhook_secret = None
    # OPENAI_CUSTOM_HEADERS is read in any case; no argument prevents it.
    client._custom_headers = {}
    return client
