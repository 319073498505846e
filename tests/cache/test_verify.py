"""Which entries are read in full, what a check finds, and which are sampled."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from harness.cache import verify
from harness.cache.cache import Cache
from harness.cache.entry import Entry, StoredValue, value_of
from harness.cache.packing import pack, unpack
from harness.cache.row_checksum import NO_CHECKSUM
from harness.cache.sqlite_file import open_for_reading
from harness.records.calls import Reply
from support.kept import entry, fill


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (0, []),
        (1, [0]),
        (3, [2, 1, 0]),
        (5, [4, 3, 2, 1, 0]),
        (20, [19, 18, 17, 16, 15, 0, 4, 8, 12]),
        (41, [40, 39, 38, 37, 36, 0, 10, 20, 30]),
    ],
)
def test_the_newest_calls_and_others_spread_evenly_are_sampled(tmp_path, monkeypatch, entries, expected):
    monkeypatch.setattr(verify, "SAMPLED", 4)
    with Cache(tmp_path / "cache") as cache:
        cache.make_ready()
        for number in range(entries):
            call = json.dumps({"number": number}).encode()
            cache.put_many([Entry(f"{number:064x}", call, Reply("text", "stop", 1, 1))])
        connection = open_for_reading(tmp_path / "cache")
        assert connection is not None
        try:
            assert [call["number"] for call in verify.sampled_calls(connection)] == expected
        finally:
            connection.close()


def sql(folder, statement, *values):
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def checked(folder, **how):
    with Cache(folder) as cache:
        return cache.verify(**how)


def long_entry(number):
    """An entry that is packed."""
    return entry(number, f"a reply that is long enough to be packed, number {number} " * 9)


def test_entries_as_they_were_stored_are_read_in_full_only_if_that_is_asked_for(tmp_path):
    fill(tmp_path, 3)
    with Cache(tmp_path) as cache:
        cache.put_many([long_entry(number) for number in range(3, 6)])
    quick, full = checked(tmp_path), checked(tmp_path, is_full=True)
    assert (quick.entries, quick.in_full, quick.is_good) == (6, 0, True)
    assert (full.entries, full.in_full, full.is_good) == (6, 6, True)


def test_a_changed_byte_of_call_or_reply_or_checksum_is_found_at_any_place(tmp_path):
    one = long_entry(1)
    with Cache(tmp_path) as cache:
        cache.put_many([one, long_entry(2)])
    ((value,),) = sql(tmp_path, "SELECT value FROM Cache WHERE key = ?", one.key)
    for at in range(0, len(value), 7):
        changed = value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]
        sql(tmp_path, "UPDATE Cache SET value = ? WHERE key = ?", changed, one.key)
        found = checked(tmp_path)
        assert found.in_full == 1
        # A bit of a frame's head can leave its content the same; then reading in full finds the entry right.
        assert found.bad == checked(tmp_path, is_full=True).bad
        assert len(found.bad) == 1 or unpack(changed) == unpack(value)


def test_replies_that_were_exchanged_are_found(tmp_path):
    fill(tmp_path, 2)
    rows = dict(sql(tmp_path, "SELECT key, value FROM Cache"))
    for one, other in (rows.keys(), [*rows][::-1]):
        sql(tmp_path, "UPDATE Cache SET value = ? WHERE key = ?", rows[other], one)
    assert len(checked(tmp_path).bad) == 2


def test_bytes_that_others_wrote_are_read_in_full_and_good_if_they_are_those_of_an_entry(tmp_path):
    one, other = fill(tmp_path, 2)
    sql(tmp_path, "UPDATE Cache SET value = ? WHERE key = ?", value_of(*entry(0, "another")), one.key)
    sql(tmp_path, "UPDATE Cache SET access_count = 'text' WHERE key = ?", other.key)
    found = checked(tmp_path)
    assert (found.in_full, found.is_good) == (2, True)


def test_a_cache_of_an_older_version_is_read_in_full_until_checksums_are_added(tmp_path):
    fill(tmp_path, 5)
    sql(tmp_path, "UPDATE Cache SET access_count = 0")
    sql(tmp_path, "UPDATE Cache SET value = ? WHERE key = ?", b"{}", entry(3).key)
    assert checked(tmp_path).in_full == 5
    with Cache(tmp_path) as cache:
        assert cache.add_checksums() == 4
        assert cache.add_checksums() == 0
    found = checked(tmp_path)
    assert (found.in_full, [one.key for one in found.bad]) == (1, [entry(3).key])
    with Cache(tmp_path) as cache:
        assert cache.get_many([entry(0).key]) == {entry(0).key: entry(0).reply}


def test_an_entry_that_was_replaced_or_overwritten_is_checked_as_any_other(tmp_path):
    fill(tmp_path, 2)
    sql(
        tmp_path,
        "UPDATE Cache SET value = ? WHERE key = ?",
        value_of(*entry(0)).replace(b"answer", b"answor"),
        entry(0).key,
    )
    with Cache(tmp_path) as cache:
        cache.replace(*entry(0, "newer")).result()
        cache.replace(*entry(1, "newer")).result()
        cache.replace(*entry(1, "newest")).result()
    found = checked(tmp_path)
    assert [one.key for one in found.bad] == [f"{entry(0).key}.1"], "damage is found in an entry that was moved"
    assert (found.entries, found.in_full) == (5, 3)
    with Cache(tmp_path) as cache:
        assert cache.add_checksums() == 2
        assert [one.text for one in cache.history(entry(1).key)] == [entry(1).reply.text, "newer"]


def test_what_is_stored_one_by_one_or_with_others_has_a_checksum(tmp_path):
    with Cache(tmp_path) as cache:
        cache.put(*entry(1)).result()
        cache.put(*entry(1, "ignored")).result()
        cache.put_many([entry(2)])
    assert [one for (one,) in sql(tmp_path, "SELECT access_count FROM Cache") if one == NO_CHECKSUM] == []
    assert checked(tmp_path).in_full == 0


def test_a_packed_entry_that_is_wrong_in_itself_is_found_by_a_full_check_alone(tmp_path):
    one, other = long_entry(1), long_entry(2)
    with Cache(tmp_path) as cache:
        # What a defective program could store: the call of another key.
        cache.put_values([StoredValue(one.key, pack(value_of(one.key, other.call, one.reply)))]).result()
    assert checked(tmp_path).is_good
    (bad,) = checked(tmp_path, is_full=True).bad
    assert (bad.key, bad.reason) == (one.key, "the key is not the digest of the call")
