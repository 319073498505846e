"""Replies of the same models that the cache holds under another identity: another endpoint, or from before endpoints.

The cache is not scanned. Identities come from a sample of the cache, the keys of a few planned calls are computed under
each of them, and only what is then found in the cache is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from harness.cache.key import call_key
from harness.records.calls import Call, Model, Reply
from harness.runner.session import ConversationPlan, ConversationState
from harness.text import quoted

CALLS_SAMPLED = 32
"""Calls of a model whose keys are computed."""
IDENTITIES_TRIED = 8
"""Of a model, beside the empty one, which calls had before endpoints were part of the key."""


class SampledCache(Protocol):
    """The part of a cache that this module uses."""

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies of those keys that are stored."""
        ...

    def sample(self) -> list[Mapping[str, Any]]:
        """The calls of some entries."""
        ...


def notes_on_identities(plan: ConversationPlan[Any], cache: SampledCache) -> list[str]:
    """A sentence for each model some of whose planned calls the cache answers under another identity only."""
    sample = cache.sample()
    return [
        _note(model, endpoint, hits, len(calls))
        for model, calls in _first_calls(plan)
        for endpoint, hits in _answered(model, calls, cache, sample)
    ]


def notes_on_models(models: Iterable[Model], cache: SampledCache) -> list[str]:
    """A sentence for each model of which the cache seems to hold replies under other identities only."""
    sample = cache.sample()
    notes = []
    for model in models:
        stored = [call for call in sample if call.get("model") == model.id]
        own = _endpoint(model)
        if model.is_free or not stored or any(call.get("endpoint", "") == own for call in stored):
            continue
        others = sorted({str(call.get("endpoint", "")) for call in stored})
        notes.append(
            f"{model.name}: the cache holds replies of {quoted(model.id)} from {_listed(others)}, none was found from "
            f"{_named(own)}; `harness plan` shows whether they answer calls of this spec"
        )
    return notes


def _first_calls(plan: ConversationPlan[Any]) -> Iterator[tuple[Model, list[Call]]]:
    """Some of the first calls to each model that has an endpoint."""
    found: dict[str, list[Call]] = {}
    models = {name for name, model in plan.spec.models.items() if not model.is_free}
    for chunk in plan.chunks():
        wanted = [name for name in chunk.cell.models if name in models and len(found.get(name, ())) < CALLS_SAMPLED]
        if not wanted:
            continue
        for item, conversation in islice(plan.conversations(chunk), CALLS_SAMPLED):
            for call in ConversationState(item, conversation).calls:
                if call.model.name in models and len(found.setdefault(call.model.name, [])) < CALLS_SAMPLED:
                    found[call.model.name].append(call)
    for name, calls in found.items():
        yield plan.spec.models[name], calls


def _answered(
    model: Model, calls: list[Call], cache: SampledCache, sample: list[Mapping[str, Any]]
) -> Iterator[tuple[str, int]]:
    """Other identities under which the cache answers calls that it does not answer under the model's own."""
    by_key = {call_key(call): call for call in calls}
    known = cache.get_many(by_key)
    open_calls = [call for key, call in by_key.items() if key not in known]
    for endpoint in _candidates(model, sample) if open_calls else ():
        other = _with_endpoint(model, endpoint)
        hits = len(cache.get_many(call_key(call._replace(model=other)) for call in open_calls))
        if hits:
            yield endpoint, hits


def _candidates(model: Model, sample: list[Mapping[str, Any]]) -> Collection[str]:
    stored = [str(call.get("endpoint", "")) for call in sample if call.get("model") == model.id]
    tried = dict.fromkeys(["", *list(dict.fromkeys(stored))[:IDENTITIES_TRIED]])
    tried.pop(_endpoint(model), None)
    return tried


def _endpoint(model: Model) -> str:
    return model.key_parts.get("endpoint", "")


def _with_endpoint(model: Model, endpoint: str) -> Model:
    parts = {name: text for name, text in model.key_parts.items() if name != "endpoint"}
    return replace(model, key_parts={**parts, "endpoint": endpoint} if endpoint else parts)


def _note(model: Model, endpoint: str, hits: int, calls: int) -> str:
    identity = endpoint or '""'
    return (
        f"{model.name}: the cache holds replies of {quoted(model.id)} from {_named(endpoint)} to {hits} of {calls} "
        f"calls sampled; they are not used for {_named(_endpoint(model))}. Write `identity: {identity}` at the model "
        "to use them"
    )


def _named(endpoint: str) -> str:
    return quoted(endpoint) if endpoint else "OpenAI, or from before endpoints were part of the cache key"


def _listed(endpoints: Iterable[str]) -> str:
    return " and ".join(map(_named, endpoints))
