"""What is counted of each entry, so that statistics of a cache need not read the entries.

The columns of diskcache that a cache has no other use for hold it: `tag` the id of the model, and `size` the tokens of
prompt and reply in one number. An index over them is all that `harness cache stats` reads. Entries of older versions,
and the few whose numbers do not fit, have no tag and are read one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

from harness.cache.packing import unpack

INDEX = "Cache_tokens"
INDEX_OF_REPLACED = "Cache_replaced"
REPLY_TOKENS = 2**20
"""More than the tokens of a counted reply; those of its prompt are multiplied by it."""
PROMPT_TOKENS = 2**28
"""More than the tokens of a counted prompt."""
PLAIN_KEY = 64
"""Characters of the key of an entry that was not replaced."""

_IS_REPLACED = f"length(key) > {PLAIN_KEY}"
"""SQL for: the entry is one that another replaced. An index over these alone is empty in most caches."""
_IS_PLAIN = "(raw = 1 AND mode = 1 AND filename IS NULL)"
"""SQL for: the key and the value are not a pickle and not a file."""
_IS_COUNTED = f"typeof(tag) = 'text' AND typeof(size) = 'integer' AND size >= 0 AND {_IS_PLAIN}"
_COUNTS = f"""
SELECT tag, count(*), total(size / {REPLY_TOKENS}), total(size % {REPLY_TOKENS})
FROM Cache WHERE {_IS_COUNTED} GROUP BY tag ORDER BY tag
"""  # noqa: S608 - constants only


class Counted(NamedTuple):
    """What is counted of an entry.

    Attributes:
        model: its id, as calls name it; None where the entry is not counted.
        tokens: of prompt and reply, as `REPLY_TOKENS` says.
    """

    model: str | None
    tokens: int


NOT_COUNTED = Counted(None, 0)


class ModelCounts(NamedTuple):
    """The entries of a model that are counted.

    Attributes:
        model: its id.
        entries: how many.
        prompt_tokens: sum over them.
        completion_tokens: sum over them.
    """

    model: str
    entries: int
    prompt_tokens: int
    completion_tokens: int


def counters_of(value: bytes) -> Counted:
    """What is counted of the bytes of an entry."""
    try:
        reply, call, *_ = unpack(value).split(b"\n")
        fields, model = orjson.loads(reply), orjson.loads(call)["model"]
        return counted_of(model, fields["prompt_tokens"], fields["completion_tokens"])
    except (ValueError, KeyError, TypeError):
        pass  # bytes that are not an entry; reading them says what is wrong
    return NOT_COUNTED


def counted_of(model: Any, prompt_tokens: int, completion_tokens: int) -> Counted:
    """What is counted of a reply of a model."""
    if type(model) is str and 0 <= prompt_tokens < PROMPT_TOKENS and 0 <= completion_tokens < REPLY_TOKENS:
        return Counted(model, prompt_tokens * REPLY_TOKENS + completion_tokens)
    return NOT_COUNTED


def index_tokens(execute: Callable[[str], Any]) -> None:
    """Make the indexes of a cache that holds no entry yet; in a large one of an older version it would take long."""
    if not execute("SELECT 1 FROM Cache LIMIT 1").fetchall():
        execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON Cache (tag, size, raw, mode, filename)")
        execute(f"CREATE INDEX IF NOT EXISTS {INDEX_OF_REPLACED} ON Cache (key) WHERE {_IS_REPLACED}")


def model_counts(connection: sqlite3.Connection) -> Iterator[ModelCounts]:
    """The counted entries by model, in the order of their ids."""
    for model, *numbers in connection.execute(_COUNTS):
        yield ModelCounts(model, *map(int, numbers))


def replaced_count(connection: sqlite3.Connection) -> int:
    """The number of entries that others replaced."""
    query = f"SELECT count(*) FROM Cache WHERE {_IS_REPLACED}"  # noqa: S608 - constants only
    count: int = connection.execute(query).fetchone()[0]
    return count


def rows_not_counted(connection: sqlite3.Connection, columns: str, counted: int) -> Iterator[tuple[Any, ...]]:
    """Some columns of the entries that are in no count, in the order of the file.

    Args:
        connection: to the cache.
        columns: SQL for them.
        counted: how many entries are counted, so that nothing is searched where that is all.
    """
    if connection.execute("SELECT count(*) FROM Cache").fetchone()[0] == counted:
        return
    # Their numbers first, for which the index is enough.
    found = connection.execute(f"SELECT rowid FROM Cache WHERE ({_IS_COUNTED}) IS NOT 1").fetchall()  # noqa: S608
    for (row,) in sorted(found):
        yield from connection.execute(f"SELECT {columns} FROM Cache WHERE rowid = ?", (row,))  # noqa: S608
