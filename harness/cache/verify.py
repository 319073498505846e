"""A look at all entries of a cache: what is there, and whether it is right."""

from __future__ import annotations

import re
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from harness.cache.counters import model_counts, replaced_count, rows_not_counted
from harness.cache.entry import Entry, StoredValue, check_entry, has_checksum, read_entry, stored_value
from harness.cache.packing import unpack
from harness.cache.row_checksum import is_as_stored
from harness.cache.sqlite_file import FILES, IS_INLINE, IS_SOUND, NOT_WRITTEN_HERE, open_for_reading, reporting

SAMPLED = 200
"""Entries of each part of a sample."""
DAMAGE_SHOWN = 20
"""Findings of SQLite's own check that are listed; a damaged page causes many."""

_KEY = re.compile(r"([0-9a-f]{64})(\.[1-9][0-9]{0,8})?")


class ModelStats(NamedTuple):
    """What a cache holds of one model.

    Attributes:
        model: its id, as calls name it.
        entries: how many replies.
        prompt_tokens: sum over the replies.
        completion_tokens: sum over the replies.
    """

    model: str
    entries: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much a cache holds.

    Attributes:
        folder: where it is.
        entries: how many replies, readable or not, those that were replaced included.
        replaced: how many of them others replaced, when `--retry` asked again.
        unreadable: how many of them cannot be read, of those that have no counters; `verify` reads all and says why.
        file_bytes: size of its files.
        models: by model id, sorted.
    """

    folder: Path
    entries: int
    replaced: int
    unreadable: int
    file_bytes: int
    models: tuple[ModelStats, ...]


class BadEntry(NamedTuple):
    """An entry that is not what it must be.

    Attributes:
        key: as it is stored, made text.
        reason: what is wrong.
    """

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of all entries found.

    Attributes:
        folder: where the cache is.
        entries: how many were checked.
        bad: those that are not what they must be, in the order of the file.
        damage: what is wrong with the file itself, as SQLite says it.
        without_checksum: how many sound entries of an older version have no checksum, so that a changed byte in their
            replies cannot be noticed.
        in_full: how many were read in full; the bytes of the others are those that were stored, by their checksum.
    """

    folder: Path
    entries: int
    bad: tuple[BadEntry, ...]
    damage: tuple[str, ...]
    without_checksum: int = 0
    in_full: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.bad and not self.damage


def stats(folder: Path, connection: sqlite3.Connection | None) -> Stats:
    """Count the entries and their tokens by model: by counters, which the entries of older versions do not have.

    Args:
        folder: of the cache.
        connection: from `open_for_reading`; None where there is no cache yet.
    """
    entries: Counter[str] = Counter()
    prompt: Counter[str] = Counter()
    completion: Counter[str] = Counter()
    unreadable = 0
    with reporting(folder):
        file_bytes = sum((folder / name).stat().st_size for name in FILES if (folder / name).exists())
        if connection is None:
            return Stats(folder, 0, 0, 0, file_bytes, ())
        replaced = replaced_count(connection)
        for known in model_counts(connection):
            entries[known.model] = known.entries
            prompt[known.model], completion[known.model] = known.prompt_tokens, known.completion_tokens
        others = rows_not_counted(connection, f"key, value, {IS_INLINE}", entries.total())
        for key, value, is_inline in others:
            try:
                entry = _entry(key, value, is_inline)
                model = str(orjson.loads(entry.call)["model"])
            except (ValueError, KeyError, TypeError):
                unreadable += 1
                continue
            entries[model] += 1
            prompt[model] += entry.reply.prompt_tokens
            completion[model] += entry.reply.completion_tokens
    models = tuple(ModelStats(name, entries[name], prompt[name], completion[name]) for name in sorted(entries))
    return Stats(folder, entries.total() + unreadable, replaced, unreadable, file_bytes, models)


def verify(folder: Path, connection: sqlite3.Connection | None, *, is_full: bool = False) -> Verification:
    """Check the bytes of every entry, and have SQLite check the file.

    An entry whose bytes are those that were stored, by their checksum, was right when it was stored. Any other one,
    such as that of an older version, is read in full: it is unpacked, its key and the checksum of its reply are
    computed again, and its call and its reply are read.

    Args:
        folder: of the cache.
        connection: from `open_for_reading`; None where there is no cache yet.
        is_full: whether every entry is read in full.
    """
    if connection is None:
        return Verification(folder, 0, (), ())
    bad: list[BadEntry] = []
    damage: list[str] = []
    checked = in_full = unmarked = 0
    with ThreadPoolExecutor(1, "integrity-check") as beside:
        in_file = beside.submit(_damage, folder)  # SQLite does not hold the lock of the interpreter meanwhile
        try:
            for key, value, checksum, is_inline in _all_rows(connection):
                checked += 1
                if is_inline and not is_full and is_as_stored(key, value, checksum):
                    continue
                in_full += 1
                try:
                    check_entry(_entry(key, value, is_inline))
                    unmarked += not has_checksum(value)
                except ValueError as error:
                    bad.append(BadEntry(key if isinstance(key, str) else repr(key), str(error)))
        except sqlite3.DatabaseError as error:
            damage.append(str(error))
    return Verification(folder, checked, tuple(bad), (*damage, *in_file.result()), unmarked, in_full)


def _damage(folder: Path) -> list[str]:
    """What SQLite's own check finds in the file."""
    # Mapped as a whole, since the check looks up every key in an index: it takes a third less. The system takes the
    # memory back where others need it.
    connection = open_for_reading(folder, mapped_bytes=2**31)
    if connection is None:
        return []
    with closing(connection):
        try:
            found = connection.execute(f"PRAGMA integrity_check({DAMAGE_SHOWN})").fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)]
    return [text for (text,) in found if text != "ok"]


def without_checksum(connection: sqlite3.Connection | None, most: int) -> Iterator[list[StoredValue]]:
    """The sound entries that lack a checksum, of their reply or of their bytes, in batches of at most `most`."""
    if connection is None:
        return
    # All positions first: an entry that is written again meanwhile must not be met twice.
    found = array("q")
    for number, key, value, checksum, is_inline in _all_rows(connection, "rowid, "):
        if is_inline and not (is_as_stored(key, value, checksum) and has_checksum(value)):
            found.append(number)
    batch: list[StoredValue] = []
    for number in found:
        row = connection.execute(f"SELECT key, value, {IS_INLINE} FROM Cache WHERE rowid = ?", (number,)).fetchone()  # noqa: S608
        try:
            entry = _entry(*row)
            check_entry(entry)
        except (ValueError, TypeError):
            continue  # `verify` names it, unless it was deleted meanwhile
        batch.append(stored_value(*entry)._replace(key=row[0]))
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def sampled_calls(connection: sqlite3.Connection) -> Iterator[Mapping[str, Any]]:
    """The calls of some entries: the newest, and as many spread evenly over all; unreadable ones are left out."""
    first, last = connection.execute("SELECT min(rowid), max(rowid) FROM Cache").fetchone()
    if first is None:
        return
    newest = range(last, max(first, last - SAMPLED) - 1, -1)
    spread = range(first, last + 1, max(1, (last - first) // SAMPLED))
    for row in dict.fromkeys((*newest, *spread)):
        found = connection.execute(f"SELECT value, {IS_SOUND} FROM Cache WHERE rowid = ?", (row,)).fetchone()  # noqa: S608
        if found is None or not found[1]:
            continue
        try:
            call = orjson.loads(unpack(bytes(found[0])).split(b"\n")[1])
        except (IndexError, ValueError):
            continue
        if isinstance(call, dict):
            yield call


def _all_rows(connection: sqlite3.Connection, before: str = "") -> Iterator[tuple[Any, ...]]:
    """Key, value, checksum, and whether it is neither a pickle nor a file name, of each row; before them others."""
    columns = f"{before}key, value, access_count, {IS_INLINE}"
    yield from connection.execute(f"SELECT {columns} FROM Cache ORDER BY rowid")  # noqa: S608


def _entry(key: Any, value: Any, is_inline: int | bool) -> Entry:
    """The entry of a row, of which key and value can have any type.

    Raises:
        ValueError: where the row is not what this program writes.
    """
    found = _KEY.fullmatch(key) if is_inline and type(key) is str else None
    if found is None or type(value) is not bytes:
        raise ValueError(NOT_WRITTEN_HERE)
    return read_entry(found[1], value)
