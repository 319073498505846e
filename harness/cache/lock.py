"""The lock of a cache: one process at a time writes, clears or checkpoints.

SQLite's own locks nearly do; but until 3.51.3 two connections that write and checkpoint at the same instant can lose
pages of the write-ahead log. The system releases the lock when a process ends, however it ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import CacheError, Problem

LOCK = "cache.lock"
"""The file that is locked."""
LOCKS = Path("/proc/locks")
"""Where Linux lists all locks."""
FIRST_STEP_S = 0.001
"""Seconds before the second try; the time doubles from try to try."""
STEP_S = 0.05
"""The most seconds between two tries."""
REPORT_AFTER_S = 2.0
"""Seconds after which a wait is reported."""
GIVE_UP_AFTER_S = 60.0
"""Seconds after which a wait ends in an error. A commit takes milliseconds: who holds the lock so long is stopped."""


class CacheLock:
    """The lock of a cache's folder. `held` is a context for each use.

    Args:
        folder: the folder of the cache, which is made where it is not there.
        report: receives a message where the lock is waited for.
        give_up_after_s: seconds after which a wait ends in an error. After such an error the next wait is short, so
            that many waits in a row end soon.
        clock: seconds on a monotonic clock.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None] = lambda _: None,
        *,
        give_up_after_s: float = GIVE_UP_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._report = folder, report
        self._give_up_after_s = self._most_s = give_up_after_s
        self._clock, self._sleep = clock, sleep

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            CacheError: where another process holds it for longer than the limit; it is named.
            OSError: where the file of the lock cannot be made.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        # Replies are private; a folder that is there keeps its permissions.
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = self._locked()
        try:
            yield
        finally:
            os.close(descriptor)

    def _locked(self) -> int:
        """A descriptor of the locked file."""
        started, is_reported, step_s = self._clock(), False, FIRST_STEP_S
        while True:
            # Never through a link: a cache may come from elsewhere.
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            if _try_lock(descriptor) and self._is_in_place(descriptor):
                self._most_s = self._give_up_after_s
                return descriptor
            os.close(descriptor)
            waited_s = self._clock() - started
            if waited_s >= self._most_s:
                self._most_s = min(self._most_s, REPORT_AFTER_S)
                raise self._too_long(waited_s)
            if waited_s >= REPORT_AFTER_S and not is_reported:
                is_reported = True
                self._report(f"waiting for the cache in {self._folder}, which {self._holder()} is using")
            self._sleep(step_s)
            step_s = min(STEP_S, 2 * step_s)

    def _is_in_place(self, descriptor: int) -> bool:
        """Whether the locked file is still the one in the folder, which `harness cache clear` deletes."""
        try:
            return os.path.samestat(os.fstat(descriptor), (self._folder / LOCK).stat())
        except FileNotFoundError:
            return False

    def _too_long(self, waited_s: float) -> CacheError:
        hint = "end it, or let it continue if it is stopped (`fg`, `kill -CONT`), or name another folder with --cache"
        message = f"the cache cannot be used: {self._holder()} has kept it locked for {waited_s:.0f} s"
        return CacheError(Problem(file=str(self._folder), message=message, hint=hint))

    def _holder(self) -> str:
        """Which process holds the lock, in words; Linux lists it, other systems do not."""
        try:
            inode, locks = str((self._folder / LOCK).stat().st_ino), LOCKS.read_text()
        except OSError:
            return "another process"
        for line in locks.splitlines():
            # "1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF"
            words = line.split()
            if len(words) > 5 and words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode:
                return f"process {words[4]}"
        return "another process"


def _try_lock(descriptor: int) -> bool:
    """Lock a file if no other process has locked it. On Windows SQLite's own locks have to do."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
