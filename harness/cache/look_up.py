"""Look up the rows of many keys in the file of a cache.

Calls that a run made together were stored together, so the rows between the first key's and the last one's are read in
one go wherever that is no detour, and only what they lack is looked up key by key. Measured with a million entries:
that takes a quarter of the time, and no longer where nothing lies together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from harness.cache.sqlite_file import IS_SOUND, KEYS_IN_A_QUERY

MOST_ROWS_A_KEY = 3
"""Rows in between that are read for each key; with more, looking them up one by one is faster."""
AROUND = 32
"""Rows before the first and after the last one that are read as well: calls end in another order than they begin."""
FEWEST_KEYS = 32
"""Fewer keys are looked up one by one."""
PAUSE = 16
"""How many look-ups after one that found less than half of its keys that way do not try it."""

_BY_KEY = f"SELECT key, value, {IS_SOUND} FROM Cache WHERE key IN "  # noqa: S608 - a constant
_BY_PLACE = f"SELECT key, value, {IS_SOUND} FROM Cache WHERE rowid BETWEEN ? AND ?"  # noqa: S608 - a constant
_PLACE = "SELECT rowid FROM Cache WHERE key = ? AND raw = 1"


class LookUp:
    """Finds rows through one connection, and remembers whether rows lie together.

    Args:
        connection: of the thread that uses this.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pause = 0

    def rows(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes, int]]:
        """Key, value and soundness (`IS_SOUND`) of the rows of those keys that are there, in no order, each once.

        Raises:
            sqlite3.Error: where the file cannot be read.
        """
        for start in range(0, len(keys), KEYS_IN_A_QUERY):
            some = keys[start : start + KEYS_IN_A_QUERY]
            near = self._together(some)
            yield from near.values()
            left = [key for key in some if key not in near] if near else some
            if left:
                marks = ",".join("?" * len(left))
                yield from self._connection.execute(f"{_BY_KEY}({marks})", left).fetchall()

    def _together(self, keys: Sequence[str]) -> dict[str, tuple[str, bytes, int]]:
        """The rows of those keys that lie between the first and the last of them, where the rest is not too much."""
        if self._pause or len(keys) < FEWEST_KEYS:
            self._pause = max(0, self._pause - 1)
            return {}
        first, last = (self._connection.execute(_PLACE, (key,)).fetchone() for key in (keys[0], keys[-1]))
        found = {}
        if first and last and abs(last[0] - first[0]) <= MOST_ROWS_A_KEY * len(keys):
            low, high = sorted((first[0], last[0]))
            wanted = set(keys)
            every = self._connection.execute(_BY_PLACE, (low - AROUND, high + AROUND))
            found = {row[0]: row for row in every if row[0] in wanted}
        if 2 * len(found) < len(keys):
            self._pause = PAUSE
        return found
