"""The cache: replies that were paid for, kept in a folder by the digest of their call.

Reading goes through one read-only SQLite connection of the thread that asks, many keys to a query. Writing goes
through diskcache in a thread of its own (`harness.cache.writer`), which is imported and started by the first
write, so a replay needs neither. Reading sees what has been committed, also by other processes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harness.cache import sqlite_file, verify
from harness.cache.claims import CallClaims
from harness.cache.entry import (
    Entry,
    NewerEntryError,
    StoredValue,
    check_entry,
    packed_replies,
    read_entry,
    stored_reply,
    stored_value,
    value_of,
    without_call,
)
from harness.cache.lock import CacheLock
from harness.cache.look_up import LookUp
from harness.cache.packing import is_packed, pack
from harness.cache.prune import StoredReply, stored_replies
from harness.cache.put_back import OpenedFile
from harness.cache.sqlite_file import KEYS_IN_A_QUERY, NOT_WRITTEN_HERE, open_for_reading, reporting
from harness.errors import CacheError, Problem
from harness.records.calls import Reply
from harness.records.reasoning import separated

if TYPE_CHECKING:
    from harness.cache.writer import CacheWriter, Existing

ROWS_AT_ONCE = 128
"""Rows that are unpacked, checked and read together; more leave the processor's cache."""
ENTRIES_IN_A_BATCH = 200
"""Entries in one batch of `put_many`."""


class Cache:
    """The cache in a folder, which need not be there yet. A `harness.cache.entry.Store`.

    Used from one thread; a context manager that closes it. After `close` the next use opens it again.

    Args:
        folder: the folder.
        report: receives a message where another process keeps the cache locked.
        replaces_damaged: whether an entry that is damaged counts as missing, and is overwritten by a new reply.

    Attributes:
        claims: of the calls that the user of this cache makes.
    """

    def __init__(
        self, folder: Path, report: Callable[[str], None] = lambda _: None, *, replaces_damaged: bool = False
    ) -> None:
        self.folder = folder
        self._replaces_damaged = replaces_damaged
        self._damaged: set[str] = set()
        self._report = report
        self._lock = CacheLock(folder, report)
        self._connection: sqlite3.Connection | None = None
        self._look_up: LookUp | None = None
        self._read: OpenedFile | None = None
        self._writer: CacheWriter | None = None
        self.claims = CallClaims(folder)

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies of those keys that are there, with reasoning apart from the text also in old entries.

        Raises:
            CacheError: where the cache cannot be read, or an entry is not what this program writes.
        """
        found: dict[str, Reply] = {}
        stored = self._rows(list(keys))
        while rows := list(islice(stored, ROWS_AT_ONCE)):
            if (replies := packed_replies(rows)) is not None:
                found.update(zip([key for key, _ in rows], map(separated, replies), strict=True))
            else:
                found.update(self._replies_one_by_one(rows))
        return found

    def _replies_one_by_one(self, rows: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Reply]]:
        """Keys and replies of rows of which some may be plain or damaged. Raises as `get_many`."""
        for key, value in rows:
            try:
                yield key, separated(stored_reply(key, value))
            except ValueError as error:
                if not self._replaces_damaged or isinstance(error, NewerEntryError):
                    raise self._bad(key, error) from error
                self._damaged.add(key)

    def values(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The replies of those keys that are there as bytes, for `harness.cache.entry.stored_reply` elsewhere.

        An entry that is damaged beyond reading is left out, as if it were not there.

        Raises:
            CacheError: where the cache cannot be read.
        """
        found: dict[str, bytes] = {}
        for key, value in self._rows(list(keys)):
            with suppress(ValueError):
                found[key] = without_call(value)
        return found

    def entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        """The entries of those keys that are there as they are stored, sorted by key, each key once.

        Raises:
            CacheError: as `get_many` does.
        """
        for key, value in self._sorted_rows(keys):
            try:
                yield read_entry(key, value)
            except ValueError as error:
                raise self._bad(key, error) from error

    def values_of(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The keys and the bytes of those entries, packed where possible, all with their checksum; sorted by key.

        Raises:
            CacheError: as `get_many` does.
        """
        for key, value in self._sorted_rows(keys):
            try:
                if is_packed(value):
                    stored_reply(key, value)
                    yield key, value
                else:
                    yield key, pack(value_of(*read_entry(key, value)))
            except ValueError as error:
                raise self._bad(key, error) from error

    def make_ready(self) -> None:
        """Open the cache for writing, so that one that cannot be written is found before anything is paid for.

        Raises:
            CacheError: where it cannot be written.
        """
        self._writing().add([]).result()

    def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Store a reply, unless there is one for the key.

        Returns:
            A future that is done once the reply is committed to the disk, or fails with CacheError where it cannot be
            written; nothing is then half written.
        """
        existing: Existing = "overwrite" if key in self._damaged else "keep"
        return self._writing().add([stored_value(key, call, reply)], existing)

    def replace(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Store a reply in place of the one for the key, which stays in the history (`history`).

        Returns:
            A future as of `put`; where it fails, the old reply is still in its place.
        """
        return self._writing().add([stored_value(key, call, reply)], "replace")

    def with_damaged_call(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies, as they are stored, of those of these keys whose reply is right and whose call is not.

        Raises:
            CacheError: where the cache cannot be read.
        """
        found = {}
        for key, value in Cache._rows(self, list(keys)):  # those of other caches are not changed
            try:
                reply = stored_reply(key, value)
            except ValueError:
                continue
            try:
                check_entry(read_entry(key, value))
            except ValueError:
                found[key] = reply
        return found

    def overwrite(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Store a reply in place of the entry for the key, of which nothing is kept; a future as of `put`."""
        return self._writing().add([stored_value(key, call, reply)], "overwrite")

    def put_values(self, rows: Sequence[StoredValue]) -> Future[None]:
        """Store the bytes of entries, which were checked, unless there are some for their key; a future as of `put`."""
        return self._writing().add(rows)

    def history(self, key: str) -> list[Reply]:
        """The replies that others replaced, the oldest first."""
        found: list[Reply] = []
        while values := list(self._rows([f"{key}.{len(found) + 1}"])):
            ((_, value),) = values
            found.append(separated(stored_reply(key, value)))
        return found

    def put_many(self, entries: Sequence[Entry]) -> None:
        """Keep several replies, except for keys that have one; returns once they are committed to the disk.

        Raises:
            CacheError: where they cannot be written; some of them may then be there, each of them whole.
        """
        writer = self._writing()
        batches = [
            writer.add([stored_value(*entry) for entry in entries[start : start + ENTRIES_IN_A_BATCH]])
            for start in range(0, len(entries), ENTRIES_IN_A_BATCH)
        ]
        for stored in batches:
            stored.result()

    def rescue(self, entries: Sequence[Entry]) -> Path | None:
        """Write entries that could not be stored to a bundle beside the cache, or where else there is room.

        Returns:
            The bundle, None where no folder takes it.
        """
        from harness.cache.rescue import rescue

        return rescue(entries, [self.folder, Path()])

    def sample(self) -> list[Mapping[str, Any]]:
        """The calls of some entries: the newest, and others spread evenly over all. It takes the same time at any size.

        Raises:
            CacheError: where the cache cannot be read.
        """
        connection = self._reading()
        if connection is None:
            return []
        with reporting(self.folder):
            return list(verify.sampled_calls(connection))

    def exists(self) -> bool:
        """Whether the folder holds a cache."""
        return self._reading() is not None

    def stored(self) -> Iterator[StoredReply]:
        """The current replies with what prune needs to know of them, in the order of the file.

        Raises:
            CacheError: where the cache cannot be read.
        """
        yield from stored_replies(self.folder, self._reading())

    def stats(self) -> verify.Stats:
        """How much the cache holds, by model."""
        return verify.stats(self.folder, self._reading())

    def verify(self, *, is_full: bool = False) -> verify.Verification:
        """Check the bytes of every entry; read those in full whose checksum is missing or wrong, or all of them."""
        return verify.verify(self.folder, self._reading(), is_full=is_full)

    def add_checksums(self) -> int:
        """Add checksums to each sound entry of an older version, which lacks them; return their number.

        Raises:
            CacheError: where the cache cannot be written.
        """
        added = 0
        for rows in verify.without_checksum(self._reading(), ENTRIES_IN_A_BATCH):
            self._writing().add(rows, "overwrite").result()
            added += len(rows)
        return added

    def clear(self) -> int:
        """Delete all entries and the files that hold them; the bytes that were freed.

        Raises:
            CacheError: where the folder is no cache, or another program is using it.
        """
        self.close()
        return sqlite_file.clear(self.folder, self._lock)

    def close(self) -> None:
        """Write what waits to be written, and close the files."""
        self.claims.close()
        # The reader first: who closes a database last merges its log into it, and a reader cannot.
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _sorted_rows(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The stored rows of those keys that are there, sorted by key, each once."""
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), KEYS_IN_A_QUERY):
            yield from sorted(self._rows(wanted[start : start + KEYS_IN_A_QUERY]))

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Keys and values as they are stored, in no order."""
        if self._reading() is None or self._look_up is None:
            return
        with reporting(self.folder):
            for key, value, is_sound in self._look_up.rows(keys):
                if not is_sound:
                    raise self._bad(key, ValueError(NOT_WRITTEN_HERE))
                yield key, value

    def _reading(self) -> sqlite3.Connection | None:
        if self._connection is not None and self._read is not None and self._read.is_replaced():
            self._connection.close()  # the writer has put back a cache that another program deleted
            self._connection = None
        if self._connection is None:
            self._connection = open_for_reading(self.folder)
            self._look_up = None if self._connection is None else LookUp(self._connection)
            self._read = None if self._connection is None else OpenedFile(self.folder)
        return self._connection

    def _writing(self) -> CacheWriter:
        if self._writer is None:
            from harness.cache.writer import CacheWriter

            self._writer = CacheWriter(self.folder, self._lock, self._report)
        return self._writer

    def _bad(self, key: str, error: ValueError) -> CacheError:
        if isinstance(error, NewerEntryError):
            hint = "use that version, or name another folder with --cache; the reply is left as it is"
            return CacheError(Problem(file=str(self.folder), path=key, message=str(error), hint=hint))
        hint = (
            "`harness cache verify` lists all such entries; `harness run SPEC --retry damaged` asks for them again, "
            "and a bundle or a run fills a new folder"
        )
        return CacheError(Problem(file=str(self.folder), path=key, message=str(error), hint=hint))
