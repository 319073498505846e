"""Connect the models of a spec to their providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.errors import SpecError
from harness.records.experiment import Spec
from harness.runner.progress import RunStats
from harness.runner.session import Connect
from harness.spec import evaluation as specs

if TYPE_CHECKING:
    from harness.providers.budget import Budget, BudgetGuard
    from harness.providers.cancellation import Cancellation
    from harness.providers.ledger import Ledger
    from harness.providers.provider import Connection
    from harness.runner.workers.asking import Delegation
    from harness.runner.workers.lanes import Workers


def connector(
    spec: Spec,
    environment: Mapping[str, str],
    max_cost_usd: float | None,
    watch: RunStats,
    ledger: Ledger | None = None,
    workers: Workers | None = None,
) -> Connect:
    """A function that opens connections to the models of a spec; a missing key is an error on first use.

    Args:
        spec: the experiment.
        environment: the environment variables.
        max_cost_usd: the limit on the cost; None for no limit.
        watch: counts what the run does.
        ledger: of the runs that share the limit; None where it is of this run alone.
        workers: make the attempts of calls; None where this process does.
    """
    guards: dict[
        Cancellation, BudgetGuard
    ] = {}  # one for all models of an event loop, made with the first: a replay needs none
    budgets: list[Budget] = []
    delegations: dict[Cancellation, Delegation] = {}

    def connect(name: str, cancellation: Cancellation) -> Connection:
        from harness.providers.budget import Budget, BudgetGuard
        from harness.providers.provider import Context, find_provider

        if max_cost_usd is not None and cancellation not in guards:
            budgets.append(budgets[0] if budgets else Budget(max_cost_usd, ledger))
            guards[cancellation] = BudgetGuard(budgets[0])
        model = spec.models[name]
        provider = find_provider(model.provider)
        is_delegated = workers is not None and bool(getattr(provider, "ATTEMPTS_ANYWHERE", False))
        has_key_here = not is_delegated or workers is None or not workers.has_own_keys
        if has_key_here and (problems := specs.environment_problems(spec, environment, models=[name])):
            raise SpecError(problems)
        context = Context(
            environment,
            cancellation=cancellation,
            budget=guards.get(cancellation),
            unbilled=watch.not_billed,
            tried=watch.tried,
            report=lambda message: watch.say(message),
        )
        if workers is None or not is_delegated:
            return provider.connect(model, context)
        from harness.runner.workers.asking import DelegatedConnection, Delegation

        if cancellation not in delegations:
            delegations[cancellation] = Delegation(workers)
        return DelegatedConnection(model, context, delegations[cancellation])

    return connect
