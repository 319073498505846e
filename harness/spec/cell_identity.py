"""The identity of a cell apart from the names in its spec, for matching cells of different specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.hashing import digest_of
from harness.records.calls import Model
from harness.records.experiment import Cell, Spec
from harness.records.frozen import with_plain_numbers
from harness.spec.strategies import strategy_identity

COMPONENTS = ("strategy", "models", "mode", "order", "repeats")
"""The components of an identity; two cells that differ in one component show its effect."""

DIGITS = 16


def meaning_of(cell: Cell, spec: Spec) -> dict[str, str]:
    """Digests of the components of a cell; names, summaries, prices and limits are in none of them.

    Args:
        cell: of the spec.
        spec: the spec, which defines its names.
    """
    models = [_model(spec.models[name]) for name in cell.models]
    settings = _without_names(cell.settings, cell.models, spec)
    return {
        "strategy": _short(_strategy(cell.strategy, spec)),
        "models": _short(models),
        "mode": _short([cell.mode, settings]),
        "order": "both all-votes" if cell.order == "both" and cell.collapse == "all-votes" else cell.order,
        "repeats": f"{cell.repeats} {cell.collapse}" if cell.repeats > 1 else "1",
    }


def _model(model: Model) -> Mapping[str, Any]:
    identity = {"id": model.id, "params": model.params, **model.key_parts}
    return {**identity, "show_reasoning": True} if model.show_reasoning else identity


def _strategy(name: str, spec: Spec) -> Mapping[str, Any]:
    identity = strategy_identity(spec.strategies[name])
    del identity["name"]
    return identity


def _without_names(value: Any, models: Sequence[str], spec: Spec, key: str = "") -> Any:
    """Settings with the names of models and strategies replaced by what they stand for."""
    if isinstance(value, Mapping):
        return {_place(name, models): _without_names(inner, models, spec, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_names(inner, models, spec, key) for inner in value]
    if key == "strategy" and value in spec.strategies:
        return _strategy(value, spec)
    return _place(value, models) if key in ("model", "models") else value


def _place(name: Any, models: Sequence[str]) -> Any:
    return f"model {models.index(name)}" if name in models else name


def _short(value: Any) -> str:
    return digest_of(with_plain_numbers(value))[:DIGITS]
