"""What was run: the spec, the data, the models, versions and digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.run_source import RunSource
from harness.text import pluralized


def facts_of(source: RunSource) -> Iterator[tuple[str, str]]:
    """What was run, as names and values."""
    manifest, spec = source.manifest, source.spec
    yield "spec", source.name
    yield "run", source.id
    if source.kind == "generation":
        for name, entry in manifest["prompts"].items():
            yield f"prompts {name}", _data_text(entry, spec["prompts"].get(name, {}), "prompt")
    else:
        for name, entry in manifest["datasets"].items():
            yield f"dataset {name}", _data_text(entry, spec["datasets"].get(name, {}), "item")
    for name, model in spec["models"].items():
        yield f"model {name}", model_text(model)
    yield "cells", str(len(manifest["cells"]))
    yield "judgments", f"{manifest['judgments']:,}"
    yield "intervals", _interval_text(source)
    yield "seed", str(spec["seed"])
    yield "harness", f"{manifest['harness']}, format {manifest['format']}, key version {manifest['key_version']}"


def _data_text(entry: Mapping[str, Any], spec: Mapping[str, Any], noun: str) -> str:
    parts = [pluralized(entry["items"], noun)] if "items" in entry else []
    if entry.get("annotators"):
        parts.append(pluralized(len(entry["annotators"]), "annotator"))
    parts += [spec["path"]] if spec.get("path") else []
    return ", ".join(parts)


def _interval_text(source: RunSource) -> str:
    if source.kind == "generation":
        score = source.board["score"]
        return f"{100 * score['level']:.4g} %, {score['resamples']:,} resamples"
    method = source.board["method"]
    resamples = f", {method['resamples']:,} resamples" if method["resamples"] else ""
    return f"{100 * method['level']:.4g} %, {method['interval']}{resamples}, unit {method['unit']}"


def model_text(model: Mapping[str, Any]) -> str:
    """The provider, the id and the parameters of a model."""
    named = f" {model['model']}" if model.get("model") else ""
    params = ", ".join(f"{key} {value}" for key, value in (model.get("params") or {}).items())
    return f"{model['provider']}{named}{f' ({params})' if params else ''}"


def digests_of(source: RunSource) -> Iterator[tuple[str, str]]:
    """The digests of the spec, the data and the judgments."""
    manifest = source.manifest
    yield "spec", manifest["spec_digest"]
    held = manifest["prompts"] if source.kind == "generation" else manifest["datasets"]
    for name, entry in held.items():
        yield f"data {name}", entry["digest"]
    yield "judgments", manifest["judgments_digest"]
