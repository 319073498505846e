"""The simulated disk: real files of one folder, with faults, and with deaths that leave them as they are."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import harness.cache.writer as writer
from harness.cache.headroom import HEADROOM
from harness.cache.lock import LOCK
from harness.cache.sqlite_file import DATABASE

WAL = f"{DATABASE}-wal"
LEDGER = "ledger.jsonl"
ROOM_PAGES = 1
"""Pages that still fit into the cache when its disk is called full: what the headroom has room for."""
NO_LIMIT = 2**31 - 1
DEAD_PID = 2**22 + 1
"""No process has this id: the folders of one that was killed bear it."""


class Killed(KeyboardInterrupt):
    """The process was killed. Nothing that it does from now on counts."""


class Disk:
    """The files of a world, and what may happen to them.

    Attributes:
        root: the folder of the world.
        trace: what happened, in order.
        is_full: whether nothing more fits.
        is_dead: whether the process that writes has been killed.
        killed_at: the place where it was killed.
        full_pages: how many pages of the cache fit on a full disk.
        violations: what was found where an error would be swallowed.
    """

    def __init__(self, root: Path, random: Random) -> None:
        self.root = root
        self._random = random
        self.trace: list[str] = []
        self.is_full = self.is_dead = self._is_busy = False
        self.killed_at = ""
        self._kill: tuple[str, int] | None = None
        self._is_watched = False
        self._wal_before = (0, b"")
        self.full_pages: int | None = None
        self.violations: list[str] = []

    def set_full(self, is_full: bool) -> None:
        """Fill the disk, or make room on it."""
        self.is_full, self.full_pages = is_full, None
        self.trace.append("the disk is full" if is_full else "the disk has room again")

    def plan_kill(self, place: str, number: int) -> None:
        """Kill the process the next time but so many that it reaches a place."""
        self._kill = place, number

    def begin(self) -> None:
        """A new process starts."""
        self.is_dead, self.killed_at = False, ""
        self._is_watched = True

    def end(self) -> None:
        """The process has ended; what it left after it was killed is what counts."""
        self._is_watched = False
        frozen = self._frozen
        if self.is_dead:
            shutil.rmtree(self.root)
            frozen.rename(self.root)
        self.is_dead, self._kill, self.is_full, self.full_pages = False, None, False, None

    def point(self, place: str, detail: str = "") -> None:
        """A place at which the process may be killed.

        Raises:
            Killed: if this is the moment.
        """
        if self.is_dead or not self._is_watched or self._is_busy:
            return
        if self._kill is not None and self._kill[0] in (place, "any"):
            left = self._kill[1] - 1
            self._kill = self._kill[0], left
            if left <= 0:
                self._freeze(place)
                self.trace.append(f"killed at {place} {detail}")
                raise Killed

    @contextmanager
    def as_another_process(self) -> Iterator[None]:
        """What is done inside is done by a process that is neither watched nor killed."""
        was, self._is_watched = self._is_watched, False
        try:
            yield
        finally:
            self._is_watched = was

    @property
    def _frozen(self) -> Path:
        return self.root.with_name(f"{self.root.name}.frozen")

    def _freeze(self, place: str) -> None:
        """Copy the files as they are: what a killed process leaves."""
        self._is_busy = True
        shutil.rmtree(self._frozen, ignore_errors=True)
        shutil.copytree(self.root, self._frozen, copy_function=_copied, symlinks=True)
        for folder in self._frozen.glob(f"results/*/.unfinished-*-{os.getpid()}-*"):
            folder.rename(folder.with_name(folder.name.replace(f"-{os.getpid()}-", f"-{DEAD_PID}-")))
        for file in self._frozen.rglob(f".*-{os.getpid()}.tmp"):
            file.rename(file.with_name(file.name.replace(f"-{os.getpid()}.tmp", f"-{DEAD_PID}.tmp")))
        if (ledger := self._frozen / LEDGER).exists():
            ledger.write_text(ledger.read_text().replace(f'"pid":{os.getpid()},', f'"pid":{DEAD_PID},'))
        if place == "committed":
            self._tear(self._frozen / "cache" / WAL)
        self._is_busy, self.is_dead, self.killed_at = False, True, place

    def _tear(self, log: Path) -> None:
        """Cut the log of the cache in the middle of its last commit, as a kill during the commit does."""
        size, head = self._wal_before
        if self._random.random() < 0.5 and log.exists() and log.stat().st_size > size:
            with log.open("r+b") as handle:
                if handle.read(32) == head:
                    cut = self._random.randrange(size, log.stat().st_size)
                    handle.truncate(cut)
                    self.trace.append(f"the log of the cache was cut at byte {cut:,}")

    def check_locked(self) -> None:
        """Note where the lock of the cache is not held by whoever writes."""
        descriptor = os.open(self.root / "cache" / LOCK, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(descriptor)
        self.violations.append("the cache is written without its lock")

    def before_commit(self, folder: Path) -> None:
        """Remember where the log of a cache ends."""
        log = folder / WAL
        if not self._is_watched or not log.exists():
            self._wal_before = (0, b"")
            return
        with log.open("rb") as handle:
            self._wal_before = (log.stat().st_size, handle.read(32))

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: a file is about to be written, moved or removed."""
        if not self._is_watched or self._is_busy or event not in _WRITES:
            return
        path = arguments[0]
        if not isinstance(path, str | os.PathLike) or not str(path).startswith(str(self.root)):
            return
        name = Path(path).name
        if name == LOCK or (event == "open" and (name.startswith(DATABASE) or not _is_writing(arguments))):
            return
        if self.is_full and not self.is_dead and event in ("open", "os.mkdir"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))
        self.point(_WRITES[event], name)


_WRITES = {"open": "file", "os.rename": "rename", "os.remove": "remove", "os.mkdir": "folder", "os.rmdir": "folder"}


def _is_writing(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))


def _copied(source: str, target: str) -> None:
    if source.endswith(HEADROOM):
        with Path(target).open("wb") as handle:
            handle.truncate(Path(source).stat().st_size)
    else:
        shutil.copyfile(source, target)


class FaultyDatabase(writer._Database):
    """The database of a cache on a simulated disk."""

    disk: Disk
    """Of the world that is simulated now."""

    @contextmanager
    def transact(self, retry: bool = False) -> Iterator[None]:
        """A transaction, with places to be killed at, on a disk that may be full."""
        disk, folder = type(self).disk, Path(self.directory)
        disk.point("commit begins")
        if disk.is_full and disk.full_pages is None:
            disk.full_pages = self._sql("PRAGMA page_count").fetchone()[0]
        room = 0 if (folder / HEADROOM).exists() else ROOM_PAGES
        most = NO_LIMIT if disk.full_pages is None else disk.full_pages + room
        self._sql(f"PRAGMA max_page_count = {most}")
        with super().transact(retry):
            yield
            disk.check_locked()
            disk.before_commit(folder)
            disk.point("commit")
        disk.point("committed")


def hook_into(disk_of: Any) -> None:
    """Let an audit hook report to whichever disk is current; a hook cannot be removed."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        disk = disk_of()
        if disk is not None:
            disk.audit(event, arguments)

    sys.addaudithook(hook)
