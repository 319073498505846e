"""The simulated world: no language model, no key, no network, and the true answers are known.

It is served in-process, through the same client and the same protocol as a real endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.providers.simulation.world import Knobs, Service
from harness.records.calls import Model

if TYPE_CHECKING:
    from harness.providers.provider import Connection, Context

SUMMARY = "a small simulated world, for trying things out and for testing; no language model, no key, no network"

ANSWERS = "text"
"""What its replies are."""

SETTINGS: Mapping[str, Any] = {**asdict(Knobs()), **asdict(Service())}
"""The knobs of the simulated model, which are in its id, and how its endpoint behaves, which is not."""

IS_FREE = True

BASE_URL = "http://simulated.invalid/v1"
"""Never resolved: the application is called in-process."""


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """Such as `simulated?position_bias=0.1&skill=0.7`: two models with the same knobs are the same model."""
    return Knobs.from_settings(entry).model_id()


def connect(model: Model, context: Context) -> Connection:
    """A connection to an application of the model's own, which runs in the same event loop."""
    import httpx2

    from harness.providers.chat_client import ChatClient
    from harness.providers.http_sender import HttpxSender
    from harness.providers.redaction import Secrets
    from harness.providers.simulation.app import App

    app = App(Service.from_settings(model.settings))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), trust_env=False)
    sender = HttpxSender(model, client, f"{BASE_URL}/chat/completions", {"content-type": "application/json"})
    return ChatClient(model, context, sender=sender, secrets=Secrets([]), seeds_draws=True)
