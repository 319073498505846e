"""The writing side of a cache: one thread, group commits, and diskcache without its traps.

Only this file imports diskcache, and only a program that writes imports this file.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

import diskcache

from harness.cache.counters import Counted, counters_of, index_tokens
from harness.cache.entry import StoredValue
from harness.cache.headroom import Headroom
from harness.cache.lock import CacheLock
from harness.cache.packing import pack
from harness.cache.put_back import MESSAGE, OpenedFile
from harness.cache.row_checksum import NO_CHECKSUM, row_checksum
from harness.cache.sqlite_file import NOT_WRITTEN_HERE, SETTINGS, cache_error, check_settings, make_file
from harness.errors import CacheError, Problem

GROUP = 200
"""Entries after which a transaction takes in no more: a commit waits for the disk, many entries share the wait."""

_KEEP = """
INSERT INTO Cache (key, raw, store_time, expire_time, access_time, access_count, tag, size, mode, filename, value)
VALUES (?, 1, ?, NULL, ?, ?, ?, ?, 1, NULL, ?) ON CONFLICT (key, raw) DO NOTHING
"""
_CHANGED = "store_time expire_time access_time access_count tag size mode filename value".split()  # noqa: SIM905
_OVERWRITE = _KEEP.replace("NOTHING", "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _CHANGED))
"""In place of diskcache's select, insert or update, and look for what has expired, of which there is nothing."""

Existing: TypeAlias = Literal["keep", "replace", "overwrite"]
"""What becomes of an entry whose key is stored again."""

_KEY = re.compile(r"[0-9a-f]{64}(\.[1-9][0-9]{0,8})?")
"""The digest of a call, or that of a reply that another one replaced: the digest, a dot and a number."""


class PlainDisk(diskcache.Disk):  # type: ignore[misc] # diskcache has no types
    """Passes digests as keys and bytes stored inline as values, in both directions, and nothing else.

    The class it replaces would load a pickle, which runs code, and open or delete the file that a row names.
    """

    def put(self, key: Any) -> tuple[str, bool]:
        """The key as it is stored."""
        if type(key) is not str or not _KEY.fullmatch(key):
            raise TypeError("a key of the cache is a SHA-256 in hexadecimal digits, and perhaps a number")
        return key, True

    def get(self, key: Any, raw: Any) -> str:
        """The key that was stored."""
        if raw not in (1, True) or type(key) is not str or not _KEY.fullmatch(key):
            _refuse()
        return key

    def store(self, value: Any, read: Any, key: Any = diskcache.UNKNOWN) -> tuple[int, int, None, bytes]:
        """The columns size, mode, file name and value of an entry."""
        if type(value) is not bytes or read:
            raise TypeError("a value of the cache is bytes")
        return 0, 1, None, value

    def fetch(self, mode: Any, filename: Any, value: Any, read: Any) -> bytes:
        """The value that was stored."""
        if mode != 1 or filename is not None or type(value) is not bytes or read:
            _refuse()
        return value

    def filename(self, key: Any = diskcache.UNKNOWN, value: Any = diskcache.UNKNOWN) -> NoReturn:
        """No value is kept in a file of its own."""
        _refuse()

    def remove(self, file_path: Any) -> NoReturn:
        """No file is ever deleted on the word of a row."""
        _refuse()


def _refuse() -> NoReturn:
    raise CacheError(NOT_WRITTEN_HERE, hint="check it with `harness cache verify`")


class _Database(diskcache.Cache):  # type: ignore[misc] # diskcache has no types
    """diskcache, opened with all of our settings, and closed again where that fails."""

    def __init__(self, folder: Path) -> None:
        check_settings(folder)
        # The class below expands `$NAME` in the path; the database would come to be in another folder.
        if os.path.expandvars(folder) != str(folder):
            raise CacheError(
                Problem(file=str(folder), message="the folder of a cache cannot have a `$NAME` in its path")
            )
        try:
            make_file(folder)
            super().__init__(str(folder), timeout=60, disk=PlainDisk, **SETTINGS)
            index_tokens(self._sql)
        except BaseException:
            if hasattr(self, "_local"):  # else it failed before there was anything to close
                self.close()
            raise

    def store(self, rows: Sequence[StoredValue], existing: Existing) -> None:
        """Store entries inside a transaction, packed, with their checksum and what statistics count of them."""
        if existing == "keep":
            self.add_all(rows)
            return
        for one in rows:
            if existing == "replace":
                self._keep_old(one.key)
            self._sql(_OVERWRITE, self._row(one, time.time()))

    def add_all(self, rows: Sequence[StoredValue]) -> None:
        """Store entries inside a transaction, but for keys that have one."""
        now = time.time()
        self._con.executemany(_KEEP, [self._row(one, now) for one in rows])

    def _row(self, one: StoredValue, now: float) -> tuple[Any, ...]:
        """The values of `_KEEP`."""
        counted, value = _counted(one), pack(one.value)
        return self._disk.put(one.key)[0], now, now, row_checksum(one.key, value), counted.model, counted.tokens, value

    def _keep_old(self, key: str) -> None:
        """Move the entry of a key, if there is one, behind those that were replaced before."""
        old = self.get(key)
        if old is not None:
            number, now = 1, time.time()
            # Without a checksum: nobody has checked the old bytes, and `verify` must find damage in them later.
            while self._sql(_KEEP, self._unchecked(f"{key}.{number}", old, now)).rowcount != 1:
                number += 1

    def _unchecked(self, key: str, value: bytes, now: float) -> tuple[Any, ...]:
        """The values of `_KEEP` for bytes that may be damaged."""
        counted = counters_of(value)
        return key, now, now, NO_CHECKSUM, counted.model, counted.tokens, pack(value)


def _counted(one: StoredValue) -> Counted:
    return counters_of(one.value) if one.counted is None else one.counted


class _Batch(NamedTuple):
    """Entries that are stored together, who waits for them, and what becomes of entries that are there."""

    rows: Sequence[StoredValue]
    stored: Future[None]
    existing: Existing = "keep"


class CacheWriter:
    """Stores entries in a thread of its own, which opens the cache with the first of them.

    Args:
        folder: of the cache.
        lock: its lock.
        report: receives a message where the cache was deleted by another program.
    """

    def __init__(self, folder: Path, lock: CacheLock, report: Callable[[str], None] = lambda _: None) -> None:
        self._folder = folder.absolute()
        self._lock, self._report = lock, report
        self._headroom = Headroom(self._folder)
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._database: _Database | None = None
        self._file: OpenedFile | None = None
        # A daemon, so that a program that forgets to close still exits; it then loses entries not yet confirmed
        # is stored, and nothing else.
        self._thread = Thread(target=self._work, name="cache-writer", daemon=True)
        self._thread.start()

    def add(self, rows: Sequence[StoredValue], existing: Existing = "keep") -> Future[None]:
        """Store entries; the future is done once they are committed, all in one transaction.

        Args:
            rows: keys and values, with what is counted of them.
            existing: what becomes of entries that are there: `keep` leaves them as they are, `replace` moves them to
                `KEY.1`, `KEY.2` and so on, and `overwrite` gives them up.
        """
        stored: Future[None] = Future()
        stored.set_running_or_notify_cancel()  # who stops waiting does not stop the writing of what was paid for
        self._waiting.put(_Batch(rows, stored, existing))
        return stored

    def close(self) -> None:
        """Store what waits, then close the cache."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._next_group()
            if group:
                self._commit(group)
        self._leave()
        self._headroom.release()

    def _next_group(self) -> tuple[list[_Batch], bool]:
        """What waits, up to the size of a group, and whether there can be more."""
        group: list[_Batch] = []
        rows = 0
        while rows < GROUP:
            try:
                batch = self._waiting.get(block=not group)
            except Empty:
                break
            if batch is None:
                return group, False
            group.append(batch)
            rows += len(batch.rows)
        return group, True

    def _commit(self, group: Sequence[_Batch]) -> None:
        """Store a group in one transaction, or else batch by batch, and resolve its futures."""
        error = self._failure(group)
        if error is None:
            for batch in group:
                batch.stored.set_result(None)
            return
        # One bad entry must not take the others with it, and on a full disk the headroom has room for some.
        has_room = self._headroom.release()
        is_worth_it = (has_room or len(group) > 1) and "locked" not in str(self._explained(error))
        for batch in group:
            again = self._failure([batch]) if is_worth_it else error
            if again is None:
                batch.stored.set_result(None)
            else:
                batch.stored.set_exception(self._explained(again))

    def _failure(self, batches: Sequence[_Batch]) -> Exception | None:
        """Store some batches in one transaction; why that failed, None where it did not."""
        try:
            with self._lock.held():
                self._put_back()
                if self._database is None:
                    self._database = _Database(self._folder)
                    self._file = OpenedFile(self._folder)
                    self._headroom.reserve()
                with self._database.transact():
                    for batch in batches:
                        self._database.store(batch.rows, batch.existing)
        except Exception as error:
            # A failed commit leaves its transaction open: only a new connection is sure to be clean.
            if not self._is_out_of_place():
                self._leave()
            return error
        return None

    def _is_out_of_place(self) -> bool:
        """Whether the file that is open has lost its name; then closing it would lose all that it holds."""
        return self._file is not None and (self._file.is_deleted() or self._file.is_replaced())

    def _put_back(self) -> None:
        """Write the cache again where another program has deleted it."""
        if self._database is None or self._file is None or not self._is_out_of_place():
            return
        self._file.put_back(self._database._sql, self._database.close)
        self._database = self._file = None
        self._report(MESSAGE.format(folder=self._folder))

    def _leave(self) -> None:
        """Close the connection, which undoes a transaction that was not committed."""
        if self._database is None:
            return
        try:
            with self._lock.held():
                self._put_back()
                self._close()
        except (sqlite3.Error, OSError, CacheError) as error:
            # Every entry that was reported as stored is committed; only a file without a name is lost with that.
            if self._is_out_of_place():
                self._report(f"the cache {self._folder} was deleted and cannot be written again: {error}")
            with suppress(sqlite3.Error):
                self._close()

    def _close(self) -> None:
        """Close the connection that is open, if one is; it counts as closed even where that fails."""
        database, self._database, self._file = self._database, None, None
        if database is not None:
            database.close()

    def _explained(self, error: Exception) -> Exception:
        """The error for one of those who wait: each gets its own, since raising one changes it."""
        if isinstance(error, diskcache.Timeout) and isinstance(error.__context__, Exception):
            error = (
                error.__context__
            )  # what SQLite said; a Timeout is raised for whatever keeps a transaction from beginning
        if isinstance(error, sqlite3.Error | OSError | diskcache.Timeout):
            return cache_error(self._folder, error)
        return CacheError(error.problems) if isinstance(error, CacheError) else error
