"""A ledger: one limit on the cost for several runs, one after another or side by side.

The file has a line of JSON for each event, and lines are only appended:

    {"ledger":1}
    {"run":"6f…","host":"…","pid":1234,"started":"…"}
    {"run":"6f…","n":1,"reserved":812000000}          before each attempt, in 10⁻¹² dollars
    {"run":"6f…","n":1,"spent":790000000}             its cost; or "unknown": the most that it may have cost
    {"run":"6f…","ended":true}

A reservation is checked against all lines and appended under a lock of the file, so all runs together never reserve
and spend more than the limit of the one that reserves. A run that was killed leaves reservations without a second
line: they count as unknown cost.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from harness.errors import InputError, Problem, StorageError
from harness.providers.ledger_lines import FIRST_LINE, LedgerTotals, line_of
from harness.providers.ledger_process import ProcessIdentity, this_process, try_lock
from harness.providers.ledger_settling import left_by, settling_lines
from harness.text import pluralized

MAX_BYTES = 2**30
"""Of a ledger: about seven million attempts."""
GIVE_UP_AFTER_S = 10.0
"""Seconds to wait for the lock, which another run holds for microseconds."""
STEP_S = 0.002
"""Seconds between two tries."""


class Ledger:
    """The ledger in a file, as one run uses it. The file is made with the first reservation.

    Args:
        path: the file; its folder must be there.
        identity: of the process of the run.
        clock: seconds on a monotonic clock.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        identity: ProcessIdentity | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = path
        self.run = secrets.token_hex(8)
        self._identity = identity or this_process()
        self._clock, self._sleep = clock, sleep
        self._totals = LedgerTotals()
        self._read_bytes = 0
        self._unwritten: list[bytes] = []
        self._has_begun = False

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def lines(self) -> int:
        """The number of lines that were read or written so far."""
        return self._totals.lines

    def totals(self) -> LedgerTotals:
        """What all runs of the ledger have done, those of other processes included.

        Raises:
            InputError: where the file is not a ledger.
            StorageError: where it cannot be read.
        """
        if self.path.exists() or self.path.is_symlink():
            with self._locked() as descriptor:
                self._catch_up(descriptor)
        return self._totals

    def reserve(self, number: int, units: int, limit_units: int) -> bool:
        """Reserve money for an attempt; whether the limit allows it.

        Args:
            number: of the reservation, which this run has not used yet.
            units: of money.
            limit_units: what all runs together may reserve and spend.

        Raises:
            InputError: where the file is not a ledger.
            StorageError: where it cannot be read or written.
        """
        with self._locked() as descriptor:
            self._catch_up(descriptor)
            if self._unwritten:
                self._append(descriptor, [])
            if self._totals.committed + units > limit_units:
                return False
            begin = [] if self._has_begun else [line_of({"run": self.run, **self._identity._asdict()})]
            self._append(descriptor, [*begin, line_of({"run": self.run, "n": number, "reserved": units})])
            self._has_begun = True
        return True

    def settle(self, number: int, *, spent: int = 0, unknown: int = 0) -> None:
        """Replace a reservation by what the attempt cost.

        Where the file cannot be written, the line is written with the next one, and until then the reservation counts:
        an error here would cost the reply of the attempt.
        """
        amount = {"unknown": unknown} if unknown else {"spent": spent}
        self._unwritten.append(line_of({"run": self.run, "n": number, **amount}))
        self._write_unwritten()

    def settle_left(self, units: int, run: str = "") -> dict[str, int]:
        """Replace what runs that are no longer in progress left reserved by what their calls cost in all.

        A run whose process is alive is never settled. One of another machine is settled only by its id: whether its
        process is alive is not known here.

        Args:
            units: the cost of all these calls together. Each reservation gets its share of it.
            run: the only run to settle; "" for all.

        Returns:
            What each run had reserved, by its id; empty where nothing was left.

        Raises:
            InputError: where the file is not a ledger, or there is no such run, or it is in progress.
            StorageError: where it cannot be read or written.
        """
        with self._locked() as descriptor:
            self._catch_up(descriptor)
            left = left_by(self._totals, self.path, run)
            if left:
                self._append(descriptor, settling_lines(left, units))
                os.fsync(descriptor)
        return {name: sum(reserved.values()) for name, reserved in left.items()}

    def close(self) -> None:
        """Note that the run ended in order."""
        if self._has_begun:
            self._unwritten.append(line_of({"run": self.run, "ended": True}))
            self._write_unwritten(sync=True)

    def others_in_flight(self) -> bool:
        """Whether other runs that are in progress hold reservations, so that waiting may free money."""
        return self.totals().has_live_reservations(without=self.run)

    def summary(self) -> str:
        """What all runs have committed, in words."""
        totals = self.totals()
        parts = [f"${totals.spent_usd:.4f} spent"]
        if totals.in_flight_usd:
            parts.append(f"${totals.in_flight_usd:.4f} reserved for calls in flight")
        if totals.unknown_usd:
            killed = f" (${totals.killed_usd:.4f} of it reserved by runs that were killed)" if totals.killed_usd else ""
            parts.append(f"up to ${totals.unknown_usd:.4f} of unknown cost{killed}")
        runs = pluralized(len(totals.runs), "run")
        return f"{', '.join(parts)} by {runs} of the ledger {self.path}"

    def _write_unwritten(self, *, sync: bool = False) -> None:
        try:
            with self._locked() as descriptor:
                self._catch_up(descriptor)
                self._append(descriptor, [])
                if sync:
                    os.fsync(descriptor)
        except (StorageError, InputError, OSError):
            pass  # the next reservation raises

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """A descriptor of the locked file."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise self._unusable((error.strerror or str(error)).lower()) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._unusable("it is no regular file")
            self._wait_for_lock(descriptor)
            yield descriptor
        except OSError as error:
            raise self._unusable((error.strerror or str(error)).lower()) from None
        finally:
            os.close(descriptor)

    def _wait_for_lock(self, descriptor: int) -> None:
        started_s = self._clock()
        while not try_lock(descriptor):
            if self._clock() - started_s > GIVE_UP_AFTER_S:
                raise self._unusable(f"another process has kept it locked for {GIVE_UP_AFTER_S:g} s")
            self._sleep(STEP_S)

    def _catch_up(self, descriptor: int) -> None:
        """Read the lines that were appended since, and remove a line that a killed process left unfinished."""
        size = os.fstat(descriptor).st_size
        if size < self._read_bytes or size > MAX_BYTES:
            raise self._wrong(0, "it was cut short" if size < self._read_bytes else "it is too large for a ledger")
        new = bytearray()
        while piece := os.pread(descriptor, size - self._read_bytes - len(new), self._read_bytes + len(new)):
            new += piece
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                self._totals.add(bytes(line))
            except ValueError as error:
                raise self._wrong(self._totals.lines + 1, str(error)) from None
        self._read_bytes += len(whole)
        if len(whole) < len(new):
            if not self._totals.lines:
                raise self._wrong(1, "this is not a ledger")
            os.ftruncate(descriptor, self._read_bytes)

    def _append(self, descriptor: int, lines: list[bytes]) -> None:
        """Append what is not written yet and some lines, all or none."""
        first = [] if self._totals.lines else [FIRST_LINE]
        text = b"".join([*first, *self._unwritten, *lines])
        written = 0
        try:
            while written < len(text):
                written += os.write(descriptor, text[written:])
        except OSError:
            os.ftruncate(descriptor, self._read_bytes)
            raise
        for line in text.splitlines():
            self._totals.add(line)
        self._read_bytes += len(text)
        self._unwritten = []

    def _unusable(self, reason: str) -> StorageError:
        if self.path.parent.is_dir():
            hint = "free some space or name another file with --ledger; replies already made are safe in the cache"
        else:
            hint = f"make the folder {self.path.parent}, or name another file with --ledger"
        return StorageError(Problem(file=str(self.path), message=f"the ledger cannot be used: {reason}", hint=hint))

    def _wrong(self, line: int, reason: str) -> InputError:
        hint = "restore the file, or name a new one with --ledger and lower --max-cost by what was spent"
        return InputError(
            Problem(file=str(self.path), line=line, message=f"the ledger is damaged: {reason}", hint=hint)
        )
