"""A limit on what a run may cost: whether it can be kept, and how a run that reached it resumes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError, Problem, SpecError
from harness.providers.tokens import most_reply_tokens
from harness.records.experiment import Spec
from harness.runner.needs import Estimate
from harness.runner.progress import RunStats

if TYPE_CHECKING:
    from harness.providers.ledger import Ledger

OTHER_PRICES: Mapping[str, frozenset[object]] = {
    "service_tier": frozenset({"default", "flex", "standard", "standard_only", "batch"}),
    "speed": frozenset({"standard"}),
    "inference_geo": frozenset({"global"}),
    "modalities": frozenset(),
    "audio": frozenset(),
    "prediction": frozenset(),
    "tools": frozenset(),
    "mcp_servers": frozenset(),
    "container": frozenset(),
    "web_search_options": frozenset(),
    "plugins": frozenset(),
    "search_parameters": frozenset(),
}
"""Parameters for which providers bill more than the tokens of prompt and reply at their usual price, each with the
values for which they do not."""


def check_cost_limit(spec: Spec, max_cost_usd: float) -> None:
    """Refuse a limit that is not an amount of money, and a spec whose cost has no bound.

    Raises:
        InputError: where the limit is not more than 0 dollars.
        SpecError: where a model that can cost something has no price, no bound on its replies, or a parameter that
            multiplies the bill.
    """
    if not 0 < max_cost_usd < math.inf:
        raise InputError(f"a limit on the cost is more than 0 dollars, not {max_cost_usd}")
    if problems := list(_unbounded(spec)):
        raise SpecError(problems)


def ledger_of(path: str | Path | None, max_cost_usd: float | None) -> Ledger | None:
    """The ledger in a file, which is checked; None without one.

    Raises:
        InputError: where there is no limit to share, or the file is not a ledger.
        StorageError: where it cannot be read.
    """
    if path is None:
        return None
    if max_cost_usd is None:
        raise InputError("a ledger shares a limit on the cost, and there is none", hint="set it with --max-cost USD")
    from harness.providers.ledger import Ledger

    ledger = Ledger(Path(path))
    ledger.totals()
    return ledger


def _unbounded(spec: Spec) -> Iterator[Problem]:
    for name in spec.models_used:
        model = spec.models[name]
        if model.is_free:
            continue
        line, column = spec.model_places.get(name, (0, 0))
        if model.price is None:
            message = "has no price, so no limit on the cost can be kept"
            hint = "write `price: {input: …, output: …}`, in dollars for a million tokens"
            yield Problem(spec.shown_path, line, column, f"models.{name}", message, hint)
        if not most_reply_tokens(model):
            message, hint = "has no bound on its replies, so no limit on the cost can be kept", "give it `max_tokens`"
            yield Problem(spec.shown_path, line, column, f"models.{name}.params", message, hint)
        for key in sorted(OTHER_PRICES.keys() & model.params.keys()):
            if not _costs_no_more(key, model.params[key]):
                message = "may be billed at more than `price`, so no limit on the cost can be kept"
                hint = "leave it out, or run without --max-cost and set a limit at the provider"
                yield Problem(spec.shown_path, line, column, f"models.{name}.params.{key}", message, hint)


def _costs_no_more(key: str, value: object) -> bool:
    """Whether a value of one of OTHER_PRICES leaves the bill what it is."""
    if value in (None, False) or value == [] or value == {}:
        return True
    if key == "modalities":
        return value == ("text",) or value == ["text"]
    return isinstance(value, str) and value in OTHER_PRICES[key]


def resume_hint(left: Estimate, spec: Spec, stats: RunStats) -> str:
    """How a run that reached its limit resumes, and what the rest of it would cost.

    Args:
        left: what the cache lacks.
        spec: the experiment.
        stats: what the run has done.
    """
    cost = left.cost_usd(stats.models)
    known = "" if cost is None else f", for ${cost.low:.4f} to ${cost.high:.4f}"
    conversations = f"{stats.conversations - stats.done:,} of {stats.conversations:,} conversations"
    about = "" if left.sampled is None else "about "
    calls = f"{about}{left.calls.low:,.0f} to {left.calls.high:,.0f} calls are left{known}"
    return f"{conversations}, and {calls}; run the same command again to resume, with this limit or a larger one"
