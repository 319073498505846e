"""Checks of the models of a spec: API keys, endpoints and prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.providers.health import Finding
from harness.providers.provider import find_provider
from harness.records.calls import Model
from harness.records.experiment import Spec


def check_models(spec: Spec, environment: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    """The models that the cells of a spec use, in the order of the spec.

    Args:
        spec: the experiment.
        environment: the environment variables; the values of keys are not part of findings.
        offline: make no network requests.
    """
    for name, model in spec.models.items():
        if name not in spec.models_used:
            continue
        yield from _check_key(model, environment)
        yield from _check_endpoint(model, environment, offline=offline)
        yield from _check_price(model)


def _check_key(model: Model, environment: Mapping[str, str]) -> Iterator[Finding]:
    variable = model.api_key_env
    if variable is None:
        return
    if environment.get(variable, "").strip():
        yield Finding(f"key {variable}", "ok", f"is set, for {model.name}")
    else:
        hint = f"set {variable}, or write `api_key_env: null` if the endpoint needs no key"
        yield Finding(f"key {variable}", "failure", f"is not set, but {model.name} needs it", hint)


def _check_endpoint(model: Model, environment: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    provider = find_provider(model.provider)
    if not hasattr(provider, "check"):
        yield Finding(f"model {model.name}", "ok", f"{model.provider}: needs no network")
    elif offline:
        yield Finding(f"model {model.name}", "unknown", "not checked: --offline")
    else:
        yield from provider.check(model, environment)


def _check_price(model: Model) -> Iterator[Finding]:
    if model.price is None and not model.is_free:
        hint = f"write `price: {{input: …, output: …}}` for {model.name}, in dollars for a million tokens"
        yield Finding(f"price {model.name}", "warning", "not set: costs are unknown, and --max-cost is refused", hint)
