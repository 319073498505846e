"""Where preference data come from: models and their parameters, prompts and their digests, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.preferences.split import PARTS
from harness.text import SECRET

if TYPE_CHECKING:
    from harness.preferences.write import ExportCounts

MIN_PROMPTS = 20
"""Prompts of a part of the split, below which it is reported as small."""


def model_json(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model of a resolved spec: how it is called, where and with which parameters; no key and no password.

    Args:
        model: its entry.
    """
    return {
        "provider": model["provider"],
        "model": model.get("model"),
        "endpoint": endpoint_of(model.get("base_url")),
        "params": dict(model.get("params", {})),
    }


def endpoint_of(address: str | None) -> str | None:
    """The address of an endpoint without user, password and query; None for the provider's own."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "invalid"
    return SECRET.sub("…", f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}")


def prompt_sources(manifest: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The datasets or prompt sets of a run: the name of the file, the number of items and the digest.

    Folders are left out, since they say something about the machine and nothing about the data.
    """
    section = "prompts" if manifest["kind"] == "generation" else "datasets"
    return {
        name: {
            "file": PurePath(path).name if (path := spec.get(section, {}).get(name, {}).get("path")) else None,
            "items": entry["items"],
            "digest": entry["digest"],
        }
        for name, entry in manifest[section].items()
    }


def small_splits(counts: ExportCounts, shares: Sequence[float]) -> dict[str, int]:
    """The prompts of each part of the split that is wanted and has fewer than 20."""
    return {
        part: counts.prompts[part]
        for part, share in zip(PARTS, shares, strict=True)
        if share and counts.prompts[part] < MIN_PROMPTS
    }
