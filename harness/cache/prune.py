"""Replies that a cache could do without: which they are, and their deletion."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import orjson

from harness.cache.entry import read_entry
from harness.cache.lock import CacheLock
from harness.cache.sqlite_file import DATABASE, IS_SOUND, KEYS_IN_A_QUERY, reporting


class StoredReply(NamedTuple):
    """What prune needs to know of a reply.

    Attributes:
        key: cache key of its call.
        model: id of the model, as calls name it.
        stored_s: when it was stored, in seconds since 1970.
        prompt_tokens: of the prompt.
        completion_tokens: of the reply.
        cached_tokens: prompt tokens that the provider's prompt cache held.
    """

    key: str
    model: str
    stored_s: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


def stored_replies(folder: Path, connection: sqlite3.Connection | None) -> Iterator[StoredReply]:
    """The current replies of a cache; those that `--retry` replaced and unreadable entries are left out."""
    if connection is None:
        return
    query = f"SELECT key, value, store_time FROM Cache WHERE {IS_SOUND} AND length(key) = 64 ORDER BY rowid"  # noqa: S608
    with reporting(folder):
        for key, value, stored in connection.execute(query):
            try:
                entry = read_entry(key, value)
                model = str(orjson.loads(entry.call)["model"])
            except (ValueError, KeyError, TypeError):
                continue
            reply = entry.reply
            age = float(stored) if isinstance(stored, int | float) else 0.0
            yield StoredReply(key, model, age, reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)


def delete(folder: Path, keys: Collection[str], lock: CacheLock) -> int:
    """Delete replies, with those that they replaced, and give the space back.

    Args:
        folder: of the cache.
        keys: of the replies.
        lock: of the cache, so that no other process writes meanwhile.

    Returns:
        The bytes that were freed.

    Raises:
        CacheError: where the cache cannot be written, or another program keeps it locked.
    """
    path = folder / DATABASE
    if not keys or not path.is_file():
        return 0
    before = _size(folder)
    with (
        reporting(folder),
        lock.held(),
        closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA trusted_schema = 0")
        connection.execute("BEGIN IMMEDIATE")  # closing the connection undoes what was not committed
        _delete(connection, sorted(keys))
        connection.execute("COMMIT")
        _give_back(connection)
    return max(before - _size(folder), 0)


def _delete(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), KEYS_IN_A_QUERY):
        some = keys[start : start + KEYS_IN_A_QUERY]
        marks = ",".join("?" * len(some))
        connection.execute(f"DELETE FROM Cache WHERE substr(key, 1, 64) IN ({marks})", some)  # noqa: S608 - marks only


def _give_back(connection: sqlite3.Connection) -> None:
    """Shrink the file; while another program reads it, the space is reused instead."""
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:
        pass


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob(f"{DATABASE}*"))
