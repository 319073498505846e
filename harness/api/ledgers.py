"""The state of a ledger, and settling what runs that were killed left reserved in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.errors import InputError, Problem
from harness.providers.ledger import Ledger
from harness.providers.ledger_lines import UNITS, LedgerTotals


def ledger_state(file: str | Path, *, settle_usd: float | None = None, run: str = "") -> dict[str, Any]:
    """What the runs of a ledger have spent and reserved, as `schemas/output/ledger.schema.json` describes it.

    Args:
        file: the ledger.
        settle_usd: by the bill of the provider, the cost in all of the calls that runs which are no longer in progress
            left reserved; None to settle nothing.
        run: the id of the only run to settle, or the beginning of it; "" for all that ended or were killed here.

    Raises:
        InputError: where the file is not a ledger, or the run is not there or in progress.
        StorageError: where it cannot be read or written.
    """
    path = Path(file)
    if not path.exists():
        hint = "`harness run --ledger FILE` makes one"
        raise InputError(Problem(file=str(file), message="there is no ledger", hint=hint))
    ledger = Ledger(path)
    settled = None if settle_usd is None else ledger.settle_left(round(settle_usd * UNITS), run)
    return {"file": str(file), **_sums(ledger.totals()), "settled": _settled(settled, settle_usd)}


def _sums(totals: LedgerTotals) -> dict[str, Any]:
    runs = [
        {
            "run": name,
            "host": one.identity.host,
            "pid": one.identity.pid,
            "state": totals.state_of(one),
            "spent_usd": one.spent / UNITS,
            "unknown_usd": one.unknown / UNITS,
            "reserved_usd": sum(one.reserved.values()) / UNITS,
            "reserved_calls": len(one.reserved),
        }
        for name, one in totals.runs.items()
    ]
    return {
        "spent_usd": totals.spent_usd,
        "unknown_usd": totals.unknown_usd,
        "left_usd": totals.killed_usd,
        "in_flight_usd": totals.in_flight_usd,
        "runs": runs,
    }


def _settled(settled: dict[str, int] | None, usd: float | None) -> dict[str, Any] | None:
    if settled is None:
        return None
    runs = [{"run": name, "reserved_usd": units / UNITS} for name, units in settled.items()]
    return {"cost_usd": usd if runs else 0.0, "runs": runs}
