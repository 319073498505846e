"""Servers that return a number for a response: reward models, classifiers and rerankers of vLLM and TEI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.providers import endpoint
from harness.providers.health import Finding, check_endpoint
from harness.records.calls import Model

if TYPE_CHECKING:
    from harness.providers.provider import Connection, Context

SUMMARY = "servers that return a number for a response: reward models, classifiers and rerankers of vLLM and TEI"

SETTINGS: Mapping[str, Any] = {
    "model": None,
    "protocol": "vllm-score",
    "class": None,
    "batch": 16,
    **endpoint.SETTINGS,
}
"""`model`: the server's name for the model; the spec's own name for it where none is given. `protocol`: how the server
is asked. `class`: of several numbers, the position or the label of the one that counts. `batch`: inputs of a request at
most."""

ANSWERS = "numbers"
"""What its replies are."""


def defaults(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The server's name for the model."""
    return {"model": name}


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """The server's name for the model."""
    return str(entry.get("model") or name)


def key_parts(entry: Mapping[str, Any]) -> Mapping[str, str]:
    """The identity of the server, the protocol, and the class that counts."""
    wanted = entry.get("class")
    parts = {"protocol": str(entry["protocol"]), **({} if wanted is None else {"class": str(wanted)})}
    return {**endpoint.key_parts(entry), **parts}


def connect(model: Model, context: Context) -> Connection:
    """A connection to the server."""
    from harness.providers.score_client import ScoreClient

    return ScoreClient(model, context)


def check(model: Model, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the server can be reached; of vLLM, whether it has the model. It is asked for no number."""
    address = (model.base_url or "").rstrip("/").removesuffix("/v1")
    is_vllm = str(model.settings["protocol"]).startswith("vllm")
    yield from check_endpoint(model, environment, f"{address}/v1" if is_vllm else address)
