"""A run whose calls go through a provider's Batch API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import InputError
from harness.providers.batch_service import BatchService
from harness.providers.budget import Budget
from harness.providers.ledger import Ledger
from harness.providers.provider import Context, find_provider
from harness.records.calls import Model
from harness.runner.batches.coordinator import Coordinator
from harness.runner.batches.journal import Journal
from harness.runner.batches.provider_check import check_providers
from harness.runner.batches.readback import known_secrets
from harness.runner.plan import Planned
from harness.runner.progress import RunStats
from harness.runner.session import Connect


def at_batch_prices(models: Mapping[str, Model]) -> dict[str, Model]:
    """The models at the prices of calls in batches."""
    return {
        name: model if model.price is None else replace(model, price=model.price.in_batches())
        for name, model in models.items()
    }


def check_has_batches(plan: Planned) -> None:
    """Refuse a spec with a model whose provider has no Batch API here.

    Raises:
        SpecError: with all such models.
    """
    check_providers(
        plan,
        lambda provider: hasattr(provider, "batches"),
        "has no Batch API here",
        "run without --batch, or judge with this model in a spec of its own",
    )


def service_of(model: Model, environment: Mapping[str, str]) -> BatchService:
    """The Batch API of a model."""
    opened: BatchService = find_provider(model.provider).batches(model, Context(environment))  # type: ignore[attr-defined]
    return opened


def check_options(*, offline: bool, is_retry: bool) -> None:
    """Refuse options that do not go together with batches.

    Raises:
        InputError: with the reason.
    """
    if offline:
        raise InputError("a run that may make no call makes none in batches", hint="leave out --offline or --batch")
    if is_retry:
        hint = "run with --retry and without --batch, then with --batch for the rest"
        raise InputError("failures are asked again one by one, and not in batches", hint=hint)


@dataclass(frozen=True)
class BatchRun:
    """Makes the calls of a plan in batches.

    Attributes:
        plan: the plan.
        cache: folder of the cache, beside which the jobs are recorded.
        environment: where keys are found.
        max_cost_usd: what the calls may cost at most, None for no limit.
        connect: opens connections for models of this machine.
        watch: receives progress; its models have the prices of batches.
        wait: waits for a number of seconds.
        ledger: of the runs that share the limit; None where it is of this run alone.
    """

    plan: Planned
    cache: Path
    environment: Mapping[str, str] = field(repr=False)
    max_cost_usd: float | None
    connect: Connect
    watch: RunStats
    wait: Callable[[float], None]
    ledger: Ledger | None = None

    @contextmanager
    def held(self) -> Iterator[Coordinator]:
        """The coordinator, while no other process runs batches with the cache.

        Raises:
            CacheError: where another process does.
        """
        models = self.plan.spec.models
        journal = Journal(self.cache, lambda: uuid.uuid4().hex)
        with journal.held():
            coordinator = Coordinator(
                self.plan.spec.name,
                at_batch_prices(models),
                journal,
                lambda model: service_of(model, self.environment),
                known_secrets(models.values(), self.environment),
                self.connect,
                self.watch,
                None if self.max_cost_usd is None else Budget(self.max_cost_usd, self.ledger),
                self.wait,
            )
            with closing(coordinator):
                yield coordinator
