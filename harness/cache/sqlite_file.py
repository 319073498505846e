"""The file of a cache: where it is, how it is opened for reading, and what is refused.

A cache is a folder with a `cache.db` that diskcache writes: an SQLite database with a table `Cache` of entries
and a table `Settings`. diskcache would load pickles, which run code, and follow file names, which lead anywhere
(CVE-2025-69872), so nothing here reads through it: reading is a read-only SQL connection and a look at types.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.cache.claims import CLAIMS
from harness.cache.headroom import HEADROOM
from harness.cache.lock import LOCK, CacheLock
from harness.errors import CacheError, Problem

DATABASE = "cache.db"
RESTORED = "cache.restored"
"""The copy of a cache that was deleted under a run, until it has its name."""
FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", RESTORED, HEADROOM, CLAIMS, LOCK)
"""Every file that a cache makes in its folder."""
JOBS = "batches"
"""The folder beside these files that records batch jobs. It is no part of the cache: `clear` leaves it."""

SETTINGS: dict[str, int | str] = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",
    "size_limit": 2**62,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2**13,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 2**26,
    "sqlite_synchronous": 2,
    "disk_min_file_size": 2**31 - 1,
    "disk_pickle_protocol": 4,
}
"""Every setting of diskcache, given at every open: its own defaults drop entries, and the file remembers them."""
COUNTERS = frozenset({"count", "size", "hits", "misses"})
"""What diskcache counts in the table of settings."""

PAGE_BYTES = 2**13
"""Of the file of a new cache; some packed entries fit into a page."""

NOT_WRITTEN_HERE = "this cache holds an entry that this program did not write"
IS_INLINE = "raw = 1 AND mode = 1 AND filename IS NULL"
"""SQL for: the entry is neither a pickle nor a file name."""
IS_SOUND = f"{IS_INLINE} AND typeof(key) = 'text' AND typeof(value) = 'blob'"
"""SQL for: the entry is a text key and bytes stored inline, so no pickle and no file name."""

KEYS_IN_A_QUERY = 256
"""Measured: fewer spend more on queries, more leave the processor's cache."""

MAPPED_BYTES = 2**26
"""How much of the file is mapped into memory for reading. What is mapped is read a fifth faster, but counts as used."""

_MAGIC = b"SQLite format 3\0"
_PLAIN_WORD = re.compile(r"[a-z-]{1,40}")
_TABLES = frozenset({"Cache", "Settings"})


@contextmanager
def reporting(folder: Path) -> Iterator[None]:
    """Turn whatever SQLite or the file system says of a cache into a CacheError with a way out."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise cache_error(folder, error) from error


def cache_error(folder: Path, error: Exception) -> CacheError:
    """The message for an error of SQLite or of the file system."""
    reason = str(getattr(error, "strerror", None) or error)
    says = reason.lower()
    if "not a database" in says or "malformed" in says or "file is encrypted" in says:
        hint = "move the folder away; a bundle or a run fills a new one"
    elif "full" in says or "no space" in says or "disk i/o" in says or "too large" in says:
        hint = "free some space or name another folder with --cache; what was stored is kept"
    elif "locked" in says or "busy" in says:
        hint = "another program is using it; let that end, or name another folder with --cache"
    elif "readonly" in says or "read-only" in says or "permission" in says or "unable to open" in says:
        hint = "check who may write there, or name another folder with --cache"
    else:
        hint = "check it with `harness cache verify`, or name another folder with --cache"
    return CacheError(Problem(file=str(folder), message=f"the cache cannot be used: {says}", hint=hint))


def open_for_reading(folder: Path, *, mapped_bytes: int = MAPPED_BYTES) -> sqlite3.Connection | None:
    """A connection that cannot write, or None where there is no cache yet.

    Args:
        folder: of the cache.
        mapped_bytes: how much of the file is mapped into memory.

    Raises:
        CacheError: where the file is no cache, or cannot be read.
    """
    path = folder / DATABASE
    with reporting(folder):
        if not path.is_file():
            return None
        try:
            return _connected(path, "mode=ro", mapped_bytes)
        except sqlite3.OperationalError:
            # In a folder that cannot be written SQLite cannot make its shared memory; it can read the file as
            # one that nobody changes, which is right as long as no log waits to be merged into it.
            log = path.with_name(f"{path.name}-wal")
            if log.exists() and log.stat().st_size:
                raise
            return _connected(path, "immutable=1", mapped_bytes)


def _connected(path: Path, how: str, mapped_bytes: int) -> sqlite3.Connection | None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=60, isolation_level=None)
    try:
        for pragma in ("query_only = 1", "trusted_schema = 0", f"mmap_size = {mapped_bytes}"):
            connection.execute(f"PRAGMA {pragma}")
        if has_entries(connection, path.parent):
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def make_file(folder: Path) -> None:
    """Make the file of a new cache, with the size of its pages, which nothing can change later.

    diskcache would take pages of 4 KB, of which the one entry that fits often leaves a half empty.
    """
    path = folder / DATABASE
    if path.exists() and path.stat().st_size:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute(f"PRAGMA auto_vacuum = {SETTINGS['sqlite_auto_vacuum']}")
        connection.execute("CREATE TABLE IF NOT EXISTS Settings ( key TEXT NOT NULL UNIQUE, value)")
    finally:
        connection.close()


def has_entries(connection: sqlite3.Connection, folder: Path) -> bool:
    """Whether the table of entries is there yet.

    Raises:
        CacheError: where the database holds what diskcache does not make: it is foreign or malicious.
    """
    found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    tables = set()
    for kind, name, sql in found:
        plain_table = kind == "table" and name in _TABLES and str(sql).startswith("CREATE TABLE ")
        if not plain_table and kind != "index" and not (kind == "trigger" and str(name).startswith("Settings_")):
            raise CacheError(_foreign(folder, f"it has a {kind} `{name}`"))
        tables.add(name)
    return "Cache" in tables


def check_settings(folder: Path) -> None:
    """Refuse a cache whose settings diskcache did not write.

    diskcache sets an attribute of itself, or a pragma pasted into SQL, for each of them before anything else.

    Raises:
        CacheError: naming the setting.
    """
    connection = open_for_reading(folder)
    if connection is None:
        return
    try:
        with reporting(folder):
            settings = connection.execute("SELECT key, value FROM Settings").fetchall()
    finally:
        connection.close()
    for key, value in settings:
        is_plain = type(value) is int or (type(value) is str and _PLAIN_WORD.fullmatch(value))
        if (key not in SETTINGS and key not in COUNTERS) or not is_plain:
            raise CacheError(_foreign(folder, f"it has a setting `{key}`"))


def clear(folder: Path, lock: CacheLock) -> int:
    """Delete the files that a cache makes, and its folder if nothing else is in it; the bytes that were freed.

    Args:
        folder: the folder of the cache.
        lock: its lock, so that no other process writes meanwhile.

    Raises:
        CacheError: where the folder holds no cache but something else, or another program is using the cache.
    """
    with reporting(folder):
        if not folder.exists():
            return 0
        if not (folder / DATABASE).exists() and any(path.name not in (*FILES, JOBS) for path in folder.iterdir()):
            raise CacheError(_foreign(folder, "the folder holds other files and no cache"))
    with reporting(folder), lock.held():
        sizes = {folder / name: (folder / name).stat().st_size for name in FILES if (folder / name).exists()}
        if folder / DATABASE in sizes:
            _check_unused(folder)
        for path in sizes:
            path.unlink(missing_ok=True)  # SQLite deletes some of them itself
        if not any(folder.iterdir()):
            folder.rmdir()
    return sum(sizes.values())


def discard_empty(folder: Path) -> None:
    """Delete a cache without entries, such as one that a failed run made; any other is left as it is."""
    with suppress(CacheError, sqlite3.Error, OSError):
        connection = open_for_reading(folder)
        if connection is not None:
            try:
                if connection.execute("SELECT count(*) FROM Cache").fetchone()[0]:
                    return
            finally:
                connection.close()
        clear(folder, CacheLock(folder, give_up_after_s=1.0))


def _check_unused(folder: Path) -> None:
    """Make sure that the file is a cache, if a damaged one, and that no other program has it open."""
    path = folder / DATABASE
    with path.open("rb") as handle:
        if handle.read(len(_MAGIC)) not in (b"", _MAGIC):
            raise CacheError(_foreign(folder, "it is no SQLite database"))
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        # The lock of the whole file, which fails while another process has it open. It writes nothing, so that a cache
        # can be cleared on a full disk.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        has_entries(connection, folder)
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        pass  # damaged, which is a good reason to clear it
    finally:
        connection.close()


def _foreign(folder: Path, what: str) -> Problem:
    return Problem(
        file=str(folder / DATABASE),
        message=f"this is no cache that this program wrote: {what}",
        hint="name another folder with --cache; what somebody gives you must be a bundle, see `harness cache import`",
    )
