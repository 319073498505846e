"""Results of batches → replies in the cache, by the path that the reply to a single call takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.cache.entry import Entry, Store
from harness.cache.key import call_bytes
from harness.providers.batch_lines import read_result
from harness.providers.endpoint import variables_of
from harness.providers.redaction import Secrets
from harness.providers.retry import Fault
from harness.records.calls import Call, Model, Reply
from harness.records.reasoning import separated
from harness.runner.batches.result_files import ResultFiles
from harness.runner.batches.waves import WaitingCall


def outcome_of(results: Iterable[Mapping[str, Any]], call: Call, secrets: Secrets) -> Reply | Fault:
    """The first reply among the results of a call, or else the last fault.

    Args:
        results: of the call, at least one.
        call: the call.
        secrets: values that are redacted.
    """
    outcome: Reply | Fault | None = None
    for value in results:
        outcome = read_result(value, secrets, params={*call.model.params, *(call.params or {})})
        if isinstance(outcome, Reply):
            return separated(outcome)
    assert outcome is not None, "a key in the index has a line"
    return outcome


def known_secrets(models: Iterable[Model], environment: Mapping[str, str]) -> Secrets:
    """The keys of some models, and the values that their settings name, as far as the environment holds them."""
    names = dict[str, None]()
    for model in models:
        names |= dict.fromkeys([model.api_key_env] if model.api_key_env else [])
        names |= dict.fromkeys(variable for variable, _ in variables_of(model))
    return Secrets(environment.get(name, "").strip() for name in names)


@dataclass
class FailedLines:
    """Results without a reply.

    Attributes:
        kinds: number by kind of fault.
        first: of each kind, the first message and its place.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, fault: Fault, place: str) -> None:
        """Count a fault."""
        self.kinds[fault.kind] += 1
        self.first.setdefault(fault.kind, (fault.message, place))


@dataclass
class Readback:
    """Stores the results of the calls of a wave.

    Attributes:
        results: the files.
        store: the cache.
        secrets: values that are redacted.
        stored: number of replies stored.
        failed: results without a reply; their calls are part of the next wave.
        used: keys of results that belong to the wave.
    """

    results: ResultFiles
    store: Store
    secrets: Secrets
    stored: int = 0
    failed: FailedLines = field(default_factory=FailedLines)
    used: set[str] = field(default_factory=set)

    def take(self, calls: Sequence[WaitingCall]) -> None:
        """Store the replies to some calls, as far as the files hold them."""
        entries: list[Entry] = []
        for key, call, _, _ in calls:
            if key not in self.results or key in self.used:
                continue
            self.used.add(key)
            outcome = outcome_of(self.results.results(key), call, self.secrets)
            if isinstance(outcome, Reply):
                entries.append(Entry(key, call_bytes(call), outcome))
            else:
                path, line = self.results.place_of(key)
                self.failed.add(outcome, f"{path}:{line}")
        if entries:
            self.store.put_many(entries)
            self.stored += len(entries)

    def others(self) -> tuple[list[str], list[str]]:
        """Keys of results that belong to no call of the wave: those that the cache holds, and foreign ones."""
        left = [key for key in self.results.keys if key not in self.used]
        held = self.store.get_many(left)
        return [key for key in left if key in held], [key for key in left if key not in held]
