"""The contract of a provider: one file in `harness/providers/backends/`, or an entry point `harness.providers`.

A provider with settings of its own has a schema fragment `NAME.schema.json` beside its file: the keys of a model's
entry in a spec. The `$ref` at its top names the keys that it shares with others (`harness.spec.assembly`). Without a
fragment, a provider has the keys of every provider that makes calls: `params`, `price` and `limits`.

Importing a provider must be cheap: heavy packages are imported inside `connect`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, cast

from harness import registry
from harness.records.calls import Call, Model, Reply

if TYPE_CHECKING:
    from harness.providers.budget import BudgetGuard
    from harness.providers.cancellation import Cancellation


def _sleep(seconds: float) -> Awaitable[None]:
    """Wait. asyncio is imported here, so that checking a spec does not load it."""
    import asyncio

    return asyncio.sleep(seconds)


def _cancellation() -> Cancellation:
    from harness.providers.cancellation import Cancellation

    return Cancellation()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a provider takes from the outside, so that a test can replace it.

    Attributes:
        environment: the environment variables, the only source of API keys.
        clock: seconds on a monotonic clock.
        now: seconds since 1970, for a Retry-After that is a date.
        sleep: waits for a number of seconds.
        random: spreads retries over time; it has no influence on results.
        cancellation: whether the run is to stop.
        budget: the budget of the run, None without a limit.
        unbilled: called for each attempt of unknown cost with the model and the most that it can have cost in USD,
            None for a model without a price.
        tried: called when a call has ended, with the number of attempts.
        report: called once for each change to what the spec asks for that an endpoint requires.
    """

    environment: Mapping[str, str] = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = _sleep
    random: Random = field(default_factory=Random)
    cancellation: Cancellation = field(default_factory=_cancellation)
    budget: BudgetGuard | None = None
    unbilled: Callable[[str, float | None], None] = lambda _model, _usd: None
    tried: Callable[[Call, int], None] = lambda _call, _attempts: None
    report: Callable[[str], None] = lambda _message: None


class Connection(Protocol):
    """A connection to one model. Made by `connect`, used in one event loop, closed once when no call is in flight."""

    async def send(self, call: Call) -> Reply:
        """The reply to a call, within the model's limits and after as many attempts as they allow.

        Reasoning that stands between tags in its text is separated from it before it is used or stored. A run that is
        stopping waits for it, unless it is outside of an attempt (`Cancellation.left`). Any other exception counts as
        a ProviderError of this call.

        Raises:
            ProviderError: this call got no reply.
            ModelStopped: the model cannot be used at all; every later call raises the same without being sent.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Provider(Protocol):
    """A source of replies.

    These names are optional:

    * `IS_FREE: bool`: whether no call can cost anything, because the replies come from this machine; False by default;
    * `FINDS_BY_PLACE: bool`: whether a reply is found by the dataset, item, strategy and step of its call, which is
      then in `Call.locator`; False by default;
    * `ANSWERS: Literal["text", "numbers"]`: whether its replies are the texts of a model or the numbers of a reward
      model, where it has replies of one kind alone; a strategy of the other kind is refused;
    * `IS_LOCAL: bool`: whether replies are read from a file, so that a run with `--offline` reads them; False by
      default;
    * `batches(model, context) -> BatchService`: the provider's Batch API (`harness.providers.batch_service`), for
      `harness run --batch`; raises ModelStopped as `connect` does;
    * `TAKES_BATCH_FILES: bool`: whether its endpoint takes chat completions, so that a batch file can hold its calls;
      False by default;
    * `ATTEMPTS_ANYWHERE: bool`: whether another process can make an attempt, with the keys in its own environment;
      `connect` then gives a `harness.providers.attempts.ModelConnection`; False by default;
    * `data_problems(model) -> list[Problem]`: what is wrong with the file that replies are read from;
    * `defaults(name, entry) -> Mapping[str, Any]`: values for keys left out that depend on the name of the model or on
      other keys;
    * `check(model, environment) -> Iterable[Finding]`: whether the endpoint can be reached and knows the model, found
      without a call to it, for `harness doctor`.
    """

    SUMMARY: str
    """One line for lists."""
    SETTINGS: Mapping[str, Any]
    """The keys of a model's entry that become `Model.settings`, each with its default."""

    def model_id(self, name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
        """The name of the model in the cache key: everything that can change a reply, other than `params`.

        Args:
            name: the name of the model in the spec.
            entry: its entry, with every default.
            spec_folder: the folder that relative paths in the entry are relative to.
        """
        ...

    def connect(self, model: Model, context: Context) -> Connection:
        """A connection to a model. Makes no call.

        Raises:
            ModelStopped: where no call could succeed, for example because there is no API key.
        """
        ...


def find_provider(name: str) -> Provider:
    """The provider of that name. Raises KeyError where there is none."""
    return cast(Provider, registry.find("providers", name))


def defaults_of(provider: Provider, name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values for keys that a model's entry leaves out and whose defaults depend on its name or on other keys."""
    found: Mapping[str, Any] = provider.defaults(name, entry) if hasattr(provider, "defaults") else {}
    return found
