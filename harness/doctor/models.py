"""Checks of the models of a spec: API keys, endpoints and prices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping

from harness.providers.health import Finding
from harness.providers.provider import find_provider
from harness.records.calls import Model
from harness.records.experiment import Spec

LIMIT_S = 20.0
"""For the check of one endpoint. The client's own limits are for one read each; an endpoint may answer byte by byte."""
LIMIT_OF_ALL_S = 60.0


def check_models(
    spec: Spec, environment: Mapping[str, str], *, offline: bool, clock: Callable[[], float] = time.monotonic
) -> Iterator[Finding]:
    """The models that the cells of a spec use, in the order of the spec, within a minute.

    Args:
        spec: the experiment.
        environment: the environment variables; the values of keys are not part of findings.
        offline: make no network requests.
        clock: seconds on a monotonic clock.
    """
    ends_at = clock() + LIMIT_OF_ALL_S
    for name, model in spec.models.items():
        if name not in spec.models_used:
            continue
        yield from _check_key(model, environment)
        limit_s = 0.0 if offline else min(LIMIT_S, ends_at - clock())
        yield from _check_endpoint(model, environment, offline=offline, limit_s=limit_s)
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


def _check_endpoint(
    model: Model, environment: Mapping[str, str], *, offline: bool, limit_s: float
) -> Iterator[Finding]:
    provider = find_provider(model.provider)
    if not hasattr(provider, "check"):
        yield Finding(f"model {model.name}", "ok", f"{model.provider}: needs no network")
    elif offline:
        yield Finding(f"model {model.name}", "unknown", "not checked: --offline")
    elif limit_s <= 0:
        hint = "run `harness doctor` again, or check the slow endpoints first"
        yield Finding(f"model {model.name}", "unknown", f"not checked: the others took {LIMIT_OF_ALL_S:g} s", hint)
    else:
        yield from within(limit_s, lambda: list(provider.check(model, environment)), model)


def within(limit_s: float, check: Callable[[], list[Finding]], model: Model) -> list[Finding]:
    """The findings of a check, or a failure where it takes longer than a number of seconds.

    The check continues in a thread that does not keep the process alive.
    """
    found: list[list[Finding]] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            found.append(check())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if errors:
        raise errors[0]
    if found:
        return found[0]
    hint = f"check `base_url` and `proxy` of {model.name}"
    return [Finding(f"model {model.name}", "failure", f"no answer within {limit_s:.0f} s", hint)]


def _check_price(model: Model) -> Iterator[Finding]:
    if model.price is None and not model.is_free:
        hint = f"write `price: {{input: …, output: …}}` for {model.name}, in dollars for a million tokens"
        yield Finding(f"price {model.name}", "warning", "not set: costs are unknown, and --max-cost is refused", hint)
