"""What a run has spent, and what all runs of its ledger have."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli._terminal import print_message
from harness.errors import HarnessError
from harness.text import pluralized

if TYPE_CHECKING:
    from harness.runner.progress import RunStats


def spent_usd(watch: RunStats) -> float:
    """The cost of a run in USD, with attempts of unknown cost at their upper bound."""
    spent = watch.spend_json().values()
    return sum((each["cost_usd"] or 0.0) + (each["unknown_cost_usd"] or 0.0) for each in spent)


def print_spend(watch: RunStats) -> None:
    """Print the calls, tokens and cost of each model."""
    for name, spent in watch.spend_json().items():
        price = "cost unknown (no price in the spec)" if spent["cost_usd"] is None else f"${spent['cost_usd']:.4f}"
        cost = "free" if watch.models[name].is_free else price
        failed = f", {spent['failed']:,} failed" if spent["failed"] else ""
        tokens = f"{spent['prompt_tokens']:,} + {spent['completion_tokens']:,} tokens"
        print_message(
            f"{name}: {pluralized(spent['calls'], 'call')} made{failed}, {tokens}, {cost}{unknown_cost(spent)}"
        )


def unknown_cost(spent: Mapping[str, Any]) -> str:
    """The cost of attempts without a usage report, "" if there are none."""
    attempts, usd = spent["attempts_of_unknown_cost"], spent["unknown_cost_usd"]
    if not attempts:
        return ""
    most = "unknown cost" if usd is None else f"up to ${usd:.4f} more"
    return f", {most} for {pluralized(attempts, 'attempt')} without a usage report"


def print_ledger(file: Path | None) -> None:
    """Print what all runs of a ledger have spent, where there is one that can be read."""
    if file is not None and file.exists():
        from harness.providers.ledger import Ledger

        with suppress(HarnessError):
            print_message(Ledger(file).summary())
