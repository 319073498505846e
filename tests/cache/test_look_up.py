"""Looking up rows finds the same, however the file is ordered, and few rows that nobody asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cache.look_up import FEWEST_KEYS, PAUSE, LookUp
from harness.cache.sqlite_file import KEYS_IN_A_QUERY

TABLE = "CREATE TABLE Cache (rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, mode INTEGER, filename TEXT, value BLOB)"


def file_of(keys: Sequence[str]) -> sqlite3.Connection:
    """A file that holds some keys in that order."""
    connection = sqlite3.connect(":memory:")
    connection.execute(TABLE)
    connection.execute("CREATE UNIQUE INDEX by_key ON Cache(key, raw)")
    rows = [(key, 1, 1, None, key.encode()) for key in keys]
    connection.executemany("INSERT INTO Cache(key, raw, mode, filename, value) VALUES (?, ?, ?, ?, ?)", rows)
    return connection


def names(count: int) -> list[str]:
    """Keys whose alphabetical order says nothing of their number."""
    return [f"{number * 7919 % 99991:05} {number}" for number in range(count)]


class Watched:
    """Finds rows, and counts the queries by key and by place."""

    def __init__(self, keys: Sequence[str]) -> None:
        connection = file_of(keys)
        self.look_up, self.queries = LookUp(connection), list[str]()
        connection.set_trace_callback(self.queries.append)

    def found(self, keys: Sequence[str]) -> list[str]:
        rows = [*self.look_up.rows(keys)]
        assert all(value == key.encode() and is_sound == 1 for key, value, is_sound in rows)
        return sorted(key for key, _, _ in rows)

    def counts(self) -> tuple[int, int]:
        """Queries for several keys, and for places, since the last count."""
        counts = (sum(" IN (" in one for one in self.queries), sum("BETWEEN" in one for one in self.queries))
        self.queries.clear()
        return counts


@given(st.integers(0, 2**32), st.sampled_from([0, 1, 40, 3000]), st.integers(0, 600), st.booleans())
def test_every_order_of_the_file_gives_the_rows_that_are_there(seed: int, span: int, count: int, is_sorted: bool):
    rng = Random(seed)
    every = names(1000)
    stored = sorted(rng.sample(every, 800), key=lambda key: every.index(key) + rng.uniform(0, span))
    keys = rng.sample(every, count)
    keys.sort(key=every.index) if is_sorted else None
    watched = Watched(stored)
    for _ in range(3):
        assert watched.found(keys) == sorted(set(keys) & set(stored))


def test_rows_that_lie_together_are_read_in_one_go():
    every = names(2000)
    watched = Watched(every)
    assert watched.found(every[500:900]) == sorted(every[500:900])
    assert watched.counts() == (0, 2)
    assert KEYS_IN_A_QUERY == 256


def test_keys_that_are_missing_in_between_are_looked_up_once_more():
    every = names(2000)
    watched = Watched([key for key in every if every.index(key) % 50])
    keys = every[501:600]
    assert watched.found(keys) == sorted(key for key in keys if every.index(key) % 50)
    assert watched.counts() == (1, 1)


@pytest.mark.parametrize("step", [4, 100])
def test_rows_far_apart_are_looked_up_by_key(step: int):
    every = names(20_000)
    watched, keys = Watched(every), every[: 150 * step : step]
    assert watched.found(keys) == sorted(keys)
    assert watched.counts() == (1, 0)


def test_rows_somewhat_apart_are_still_read_in_one_go():
    every = names(2000)
    watched, keys = Watched(every), every[:400:3]
    assert watched.found(keys) == sorted(keys)
    assert watched.counts() == (0, 1)


def test_a_file_without_order_is_not_tried_at_every_look_up():
    every = names(9000)
    watched = Watched(Random(1).sample(every, 9000))
    tried = 0
    for at in range(0, 40 * 100, 100):
        watched.found(every[at : at + 100])
        tried += any(one.startswith("SELECT rowid") for one in watched.queries)
        watched.counts()
    assert tried == -(-40 // (PAUSE + 1))


def test_few_keys_are_looked_up_by_key():
    every = names(1000)
    watched = Watched(every)
    watched.found(every[: FEWEST_KEYS - 1])
    assert watched.counts() == (1, 0)
    watched.found(every[:FEWEST_KEYS])
    assert watched.counts() == (0, 1)


def test_unsound_rows_are_told_only_where_they_were_asked_for():
    every = names(300)
    connection = file_of(every)
    connection.execute("UPDATE Cache SET mode = 4 WHERE key = ?", (every[100],))
    others = [key for key in every if key != every[100]]
    assert all(is_sound for _, _, is_sound in LookUp(connection).rows(others))
    assert [key for key, _, is_sound in LookUp(connection).rows(every) if not is_sound] == [every[100]]
