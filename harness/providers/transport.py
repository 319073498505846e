"""The `openai` client and its HTTP transport with nothing in them that a spec does not name.

This module imports `openai`, which takes half a second: import it where a connection is made.
"""

from __future__ import annotations

import httpx2
import openai

from harness.providers.bounded_body import bound_async_body
from harness.providers.endpoint import Extras, without_query
from harness.providers.unpacking import ENCODINGS
from harness.records.calls import Model

CONNECT_TIMEOUT_S = 15.0
"""An endpoint that cannot be reached by then is tried again rather than waited for."""

NO_KEY = "none"
"""What is sent to an endpoint that asks for no key: the client insists on one."""


def http_client(model: Model, proxy: str | None) -> httpx2.AsyncClient:
    """A transport with a pool of its own that is as wide as the model's concurrency, and nothing of the environment."""
    wide = model.limits.concurrency
    limits = httpx2.Limits(max_connections=wide, max_keepalive_connections=wide)
    if proxy:
        return httpx2.AsyncClient(limits=limits, trust_env=False, proxy=proxy)
    return openai.DefaultAioHttpClient(limits=limits, trust_env=False)


def bare_client(
    model: Model, base_url: str, api_key: str, transport: httpx2.AsyncClient, extras: Extras
) -> openai.AsyncOpenAI:
    """The `openai` client with nothing in it that comes from the environment, and without its own retries."""
    limit_s = model.limits.timeout_s
    transport.follow_redirects = False  # a prompt, and a key, go to the address in the spec and to no other
    transport.event_hooks = {**transport.event_hooks, "response": [bound_async_body]}
    transport.headers["accept-encoding"] = ENCODINGS
    address, query = without_query(base_url)
    client = openai.AsyncOpenAI(
        api_key=api_key or NO_KEY,
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        base_url=address,
        default_query={**query, **extras.query},
        timeout=httpx2.Timeout(limit_s, connect=min(limit_s, CONNECT_TIMEOUT_S)),
        max_retries=0,
        http_client=transport,
    )
    # None would have been read as "take it from the environment", and "" would be sent as an empty header.
    client.admin_api_key = client.organization = client.project = client.webhook_secret = None
    # OPENAI_CUSTOM_HEADERS is read in any case; no argument prevents it.
    client._custom_headers = dict(extras.headers)
    if extras.headers and not api_key and "authorization" not in {name.lower() for name in extras.headers}:
        transport.event_hooks = {**transport.event_hooks, "request": [_drop_key]}
    return client


async def _drop_key(request: httpx2.Request) -> None:
    """Send no `Authorization`, which the client insists on: a header of the spec holds the key."""
    request.headers.pop("authorization", None)
