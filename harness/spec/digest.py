"""Digest of a spec: the id of its run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.hashing import digest_of
from harness.records.calls import Model
from harness.records.datasets import DatasetSpec
from harness.records.experiment import Choice, ScoreSpec, Spec
from harness.records.frozen import with_plain_numbers
from harness.spec.strategies import strategy_identity


def spec_digest(spec: Spec) -> str:
    """Digest of everything in a spec that determines results, given the data.

    Left out is what changes none: descriptions, paths (data and recordings count by their content), keys, limits, and
    what no cell uses. An endpoint counts by its identity.
    """
    material = {
        "name": spec.name,
        "kind": spec.kind,
        "seed": spec.seed,
        "score": _scoring(spec.score),
        "cells": [asdict(cell) for cell in spec.cells],
        "choices": [_origin(choice) for choice in spec.choices],
        "datasets": {cell.dataset: _reading(spec.datasets[cell.dataset]) for cell in spec.cells},
        "models": {name: _identity(spec.models[name]) for name in spec.models_used},
        "strategies": {name: strategy_identity(strategy) for name, strategy in spec.strategies.items()},
    }
    if spec.stopping is not None:
        material["stop"] = asdict(spec.stopping)
    return digest_of(with_plain_numbers(material))


def _scoring(score: ScoreSpec) -> dict[str, Any]:
    scoring = asdict(score)
    if not score.by:  # added later: older digests stay what they are
        del scoring["by"]
    if score.calibration is None:
        del scoring["calibration"]
    else:
        scoring["calibration"] = score.calibration["digest"]
    return scoring


def _reading(dataset: DatasetSpec) -> dict[str, Any]:
    reading = asdict(dataset)
    del reading["path"], reading["shown_path"], reading["content"], reading["slices"]  # `score` names the slices
    del reading["subset"]["digest"]  # a check of the items, which count by their content
    # Settings that were added later count only where a spec uses them, so that older digests stay what they are.
    del reading["hub"], reading["files"], reading["source_note"]
    del reading["label_set"]
    if not dataset.label_set.is_pair:
        reading["labels"] = dataset.label_set.json()
    if dataset.hub:  # what its files are is known with their content
        del reading["format"]
    if dataset.on_problem == "error":
        del reading["on_problem"]
    if dataset.empty_response == "judge":
        del reading["empty_response"]
    if not dataset.options:
        del reading["options"]
    if dataset.votes is None:
        del reading["votes"]
    else:
        for key in ("path", "shown_path", "hub", "files", "content", *(("format",) if dataset.votes.hub else ())):
            del reading["votes"][key]
    return reading


def _identity(model: Model) -> dict[str, Any]:
    price = model.price and {name: usd for name, usd in asdict(model.price).items() if usd is not None}
    if price:
        price.pop("batch", None)  # results are priced as if every call was made directly
    identity = {"id": model.id, "provider": model.provider, "params": model.params, "price": price, **model.key_parts}
    return {**identity, "show_reasoning": True} if model.show_reasoning else identity


def _origin(choice: Choice) -> list[str]:
    """The origin of a choice, without its figures: their last digits may depend on versions."""
    return [choice.axis, choice.taken, choice.spec, choice.run, choice.dataset, choice.metric]
