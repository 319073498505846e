"""Whether the providers of a spec's models take batches."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import Problem, SpecError
from harness.providers.provider import Provider, find_provider
from harness.runner.plan import Planned


def check_providers(plan: Planned, takes: Callable[[Provider], bool], lacks: str, hint: str) -> None:
    """Refuse models whose provider does not take a kind of batch. Models without cost are called directly.

    Args:
        plan: the models.
        takes: whether a provider takes the batches.
        lacks: what to say of a provider that does not, after its name.
        hint: what to do instead.

    Raises:
        SpecError: with all such models.
    """
    spec, problems = plan.spec, []
    for name in spec.models_used:
        model = spec.models[name]
        if model.is_free or takes(find_provider(model.provider)):
            continue
        line, column = spec.model_places.get(name, (0, 0))
        message = f"the provider {model.provider} {lacks}"
        problems.append(Problem(spec.shown_path, line, column, f"models.{name}", message, hint))
    if problems:
        raise SpecError(problems)
