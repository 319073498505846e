"""The processes behind the runs of a ledger: which is which, whether one is alive, and the lock between them."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import NamedTuple


class ProcessIdentity(NamedTuple):
    """A process.

    Attributes:
        host: name of the machine.
        pid: its number there.
        started: when it started, in ticks since the machine did; tells it from a later process with the same number.
            "" where the system does not say.
    """

    host: str
    pid: int
    started: str


def this_process() -> ProcessIdentity:
    """The running process."""
    return ProcessIdentity(socket.gethostname(), os.getpid(), _start_of(os.getpid()))


def is_alive(process: ProcessIdentity) -> bool:
    """Whether a process is running; true of one on another machine, of which nothing is known."""
    if process.host != socket.gethostname():
        return True
    try:
        os.kill(process.pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it is there, and somebody else's
    return _start_of(process.pid) == process.started


def _start_of(pid: int) -> str:
    """When a process started, as Linux says it; "" elsewhere, and of a process that has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return ""
    return "" if words[0] in "ZX" else words[19]


def try_lock(descriptor: int) -> bool:
    """Lock a file if no other process has; the system releases the lock when the process ends."""
    if sys.platform == "win32":
        raise OSError("a ledger needs the file locks of a POSIX system")
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
