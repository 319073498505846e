"""What runs that are no longer in progress left reserved in a ledger, and the lines that settle it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import InputError, Problem
from harness.providers.ledger_lines import LedgerTotals, line_of
from harness.text import printable, quoted


def left_by(totals: LedgerTotals, path: Path, run: str = "") -> dict[str, dict[int, int]]:
    """The reservations that can be settled, by run and number; runs without any are left out.

    Args:
        totals: of the ledger.
        path: its file, for messages.
        run: the id of the only run, or the beginning of it; "" for all that have ended or were killed on this machine.

    Raises:
        InputError: where no run has that id, or several, or it is in progress.
    """
    chosen = _named(totals, path, run) if run else None
    states = {"ended", "killed"} if chosen is None else {"ended", "killed", "elsewhere"}
    if chosen is not None and totals.state_of(totals.runs[chosen]) not in states:
        pid = totals.runs[chosen].identity.pid
        message = f"the run {printable(chosen)} is in progress, in process {pid}, and settles its calls itself"
        raise InputError(Problem(file=str(path), message=message, hint="wait until it has ended"))
    return {
        name: dict(one.reserved)
        for name, one in totals.runs.items()
        if chosen in (None, name) and one.reserved and totals.state_of(one) in states
    }


def settling_lines(left: Mapping[str, Mapping[int, int]], units: int) -> list[bytes]:
    """Lines that replace reservations by what they cost in all, each by its share; and end the runs.

    Args:
        left: the reservations, as `left_by` finds them.
        units: the cost in all.
    """
    reserved, share, lines = sum(sum(one.values()) for one in left.values()), 0, []
    given = 0
    for run, reservations in left.items():
        for number, amount in reservations.items():
            share += amount
            until_here = units * share // reserved if reserved else units
            lines.append(line_of({"run": run, "n": number, "spent": until_here - given}))
            given = until_here
        lines.append(line_of({"run": run, "ended": True}))
    return lines


def _named(totals: LedgerTotals, path: Path, run: str) -> str:
    found = [name for name in totals.runs if name.startswith(run)]
    if len(found) == 1:
        return found[0]
    message = f"{len(found)} runs have an id that begins with {quoted(run)}" if found else f"no run {quoted(run)}"
    raise InputError(Problem(file=str(path), message=message, hint=f"`harness ledger {path}` lists the runs"))
