"""HTTP transports with nothing in them that a spec does not name.

This module imports `httpx2`: import it where a connection is made.
"""

from __future__ import annotations

import httpx2

from harness.providers.bounded_body import bound_async_body
from harness.providers.endpoint import CONNECT_TIMEOUT_S
from harness.providers.unpacking import ENCODINGS
from harness.records.calls import Model


def limits_of(model: Model) -> httpx2.Limits:
    """A pool that is as wide as the model's concurrency."""
    wide = model.limits.concurrency
    return httpx2.Limits(max_connections=wide, max_keepalive_connections=wide)


def timeout_of(model: Model) -> httpx2.Timeout:
    """The time limits of one read, and of connecting."""
    limit_s = model.limits.timeout_s
    return httpx2.Timeout(limit_s, connect=min(limit_s, CONNECT_TIMEOUT_S))


def plain_transport(model: Model, proxy: str | None) -> httpx2.AsyncClient:
    """A transport of the model's own, which takes nothing from the environment."""
    return httpx2.AsyncClient(limits=limits_of(model), timeout=timeout_of(model), trust_env=False, proxy=proxy)


def confine(transport: httpx2.AsyncClient) -> None:
    """Let a transport follow no redirect, and read bodies up to a bound only."""
    transport.follow_redirects = False  # a prompt, and a key, go to the address in the spec and to no other
    transport.event_hooks = {**transport.event_hooks, "response": [bound_async_body]}
    transport.headers["accept-encoding"] = ENCODINGS
