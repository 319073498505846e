"""What every provider is: the contract of the files in `harness/providers/`.

A provider is one module, found by its file name, with

* `SUMMARY: str`: one line for lists;
* `SETTINGS: Mapping[str, Any]`: the keys of a model's entry in a spec that only this provider understands, each with
  its default. They become `Model.settings`; keys that every model has (`params`, `limits`, `price`, `base_url`,
  `api_key_env`) are not among them;
* `model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str`: what the cache key calls the model.
  `name` is the spec's name for it, `entry` its mapping as the spec writes it, `spec_folder` what relative paths in
  it are relative to. Everything that can change a reply, other than `params`, must be in it, and nothing else;
* `connect(model: Model, context: Context) -> Connection`: makes no call. Raises ModelStopped where it can be seen
  already that none could succeed, such as a key that is not there;
* `check(model: Model, environment: Mapping[str, str]) -> Iterable[Finding]`, for a provider that needs a network:
  whether the model could be asked, found out without asking it anything (`harness doctor`).

Importing a provider module must be cheap: heavy packages are imported inside `connect`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from harness.providers.budget import BudgetGuard
from harness.providers.cancellation import Cancellation
from harness.records.calls import Call, Reply


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider takes from the outside; a test passes its own.

    Attributes:
        environment: the environment variables, the only source of API keys.
        clock: seconds on a clock that never goes back.
        now: seconds since 1970, for a Retry-After that is a date.
        sleep: waits for so many seconds.
        random: spreads retries over time; nothing that it decides can be seen in a result.
        halt: whether the run is to stop.
        purse: what the run may spend, None where nobody says.
        unbilled: told of every attempt whose bill is not known: the model, and the most that it can have cost in USD,
            None where the model has no price.
        tried: told, when a call has ended, how often it was tried.
    """

    environment: Mapping[str, str] = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Random = field(default_factory=Random)
    halt: Cancellation = field(default_factory=Cancellation)
    purse: BudgetGuard | None = None
    unbilled: Callable[[str, float | None], None] = lambda _model, _usd: None
    tried: Callable[[Call, int], None] = lambda _call, _attempts: None


class Connection(Protocol):
    """A way to one model. Made by `connect`, used in one event loop, closed once when nothing is under way."""

    async def send(self, call: Call) -> Reply:
        """The reply to a call, within the model's limits and after as many attempts as they allow.

        Raises:
            ProviderError: this call got no reply.
            ModelStopped: the model cannot be used at all; every later call raises the same without being sent.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
