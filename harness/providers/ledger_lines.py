"""The lines of a ledger, and what they add up to. Pure, but for the question whether a process is alive."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from harness.providers.ledger_process import ProcessIdentity, is_alive

VERSION = 1
MAX_UNITS = 2**62
"""The largest amount of a line."""
UNITS = 10**12
"""Sums are kept in whole 10⁻¹² dollars: no order of adding makes a difference, and no rounding adds up."""


RunState: TypeAlias = Literal["ended", "in progress", "killed", "elsewhere"]


def line_of(fields: Mapping[str, Any]) -> bytes:
    """A line."""
    return orjson.dumps(fields) + b"\n"


FIRST_LINE = line_of({"ledger": VERSION})


@dataclass
class RunTotals:
    """What one run of a ledger did, in `UNITS`.

    Attributes:
        identity: its process.
        spent: cost by the usage that endpoints reported.
        unknown: the most that attempts of unknown cost may have cost.
        reserved: reservations that are not settled, by number.
        has_ended: whether it ended in order.
    """

    identity: ProcessIdentity
    spent: int = 0
    unknown: int = 0
    reserved: dict[int, int] = field(default_factory=dict)
    has_ended: bool = False


class LedgerTotals:
    """What all runs of a ledger did.

    Args:
        is_alive: whether a process is running.
        host: gives the name of this machine.

    Attributes:
        runs: by id.
        lines: how many were read.
        committed: all that is spent, reserved, or of unknown cost, in `UNITS`.
    """

    def __init__(
        self, is_alive: Callable[[ProcessIdentity], bool] = is_alive, host: Callable[[], str] = socket.gethostname
    ) -> None:
        self.runs: dict[str, RunTotals] = {}
        self.lines = self.committed = 0
        self._is_alive, self._host = is_alive, host()

    def add(self, line: bytes) -> None:
        """Add a line.

        Raises:
            ValueError: where it is not a line of a ledger that fits those before it.
        """
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ValueError("this is not JSON") from None
        if not isinstance(fields, dict):
            raise ValueError("this is not a JSON object")
        if self.lines == 0:
            self._check_first(fields)
        elif "host" in fields:
            self._begin(fields)
        else:
            self._change(fields)
        self.lines += 1

    @property
    def spent_usd(self) -> float:
        """Cost by the usage that endpoints reported."""
        return sum(run.spent for run in self.runs.values()) / UNITS

    @property
    def unknown_usd(self) -> float:
        """The most that attempts of unknown cost may have cost, those of runs that were killed included."""
        return sum(run.unknown + (0 if self._is_live(run) else _held(run)) for run in self.runs.values()) / UNITS

    @property
    def killed_usd(self) -> float:
        """The part of `unknown_usd` that runs reserved which were killed."""
        return sum(_held(run) for run in self.runs.values() if not self._is_live(run)) / UNITS

    @property
    def in_flight_usd(self) -> float:
        """Reservations of runs in progress."""
        return sum(_held(run) for run in self.runs.values() if self._is_live(run)) / UNITS

    def state_of(self, run: RunTotals) -> RunState:
        """Whether a run ended in order, is in progress, was killed, or cannot be judged from this machine."""
        if run.has_ended:
            return "ended"
        if run.identity.host != self._host:
            return "elsewhere"
        return "in progress" if self._is_alive(run.identity) else "killed"

    def has_live_reservations(self, *, without: str) -> bool:
        """Whether runs in progress, but for one, hold reservations."""
        return any(run.reserved and name != without and self._is_live(run) for name, run in self.runs.items())

    def _is_live(self, run: RunTotals) -> bool:
        return not run.has_ended and self._is_alive(run.identity)

    def _check_first(self, fields: Mapping[str, Any]) -> None:
        if fields.keys() != {"ledger"}:
            raise ValueError("this is not a ledger")
        if fields["ledger"] != VERSION:
            raise ValueError(f"this is a ledger of version {fields['ledger']!r}, not {VERSION}; use a newer harness")

    def _begin(self, fields: Mapping[str, Any]) -> None:
        run, host, pid, started = (fields.get(name) for name in ("run", "host", "pid", "started"))
        is_right = type(run) is str and type(host) is str and type(pid) is int and type(started) is str
        if not is_right or len(fields) != 4 or run in self.runs:
            raise ValueError("this is not the beginning of a run")
        self.runs[str(run)] = RunTotals(ProcessIdentity(str(host), int(str(pid)), str(started)))

    def _change(self, fields: Mapping[str, Any]) -> None:
        run = self.runs.get(fields["run"]) if type(fields.get("run")) is str else None
        if run is None:
            raise ValueError("this is of a run that has not begun")
        if fields.keys() == {"run", "ended"} and fields["ended"] is True:
            run.has_ended = True
            return
        number, amounts = fields.get("n"), [fields[name] for name in ("reserved", "spent", "unknown") if name in fields]
        if len(fields) != 3 or len(amounts) != 1 or type(number) is not int or type(amounts[0]) is not int:
            raise ValueError("this is not a line of a ledger")
        if not 0 <= amounts[0] <= MAX_UNITS:
            raise ValueError(f"the amount {amounts[0]} is impossible")
        if "reserved" in fields:
            if number in run.reserved:
                raise ValueError(f"reservation {number} is there twice")
            run.reserved[number] = amounts[0]
            self.committed += amounts[0]
            return
        if number not in run.reserved:
            raise ValueError(f"there is no reservation {number} to settle")
        self.committed += amounts[0] - run.reserved.pop(number)
        run.spent += fields.get("spent", 0)
        run.unknown += fields.get("unknown", 0)


def _held(run: RunTotals) -> int:
    return sum(run.reserved.values())
