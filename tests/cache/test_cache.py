"""The cache in its folder: what it keeps, what it refuses, and how it fails."""

import asyncio
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread

import diskcache
import pytest

from harness.cache import sqlite_file
from harness.cache.cache import Cache
from harness.cache.entry import value_of
from harness.cache.headroom import HEADROOM
from harness.cache.packing import unpack
from harness.cache.sqlite_file import discard_empty
from harness.cache.verify import ModelStats
from harness.cache.writer import PlainDisk, _Database
from harness.errors import CacheError
from support.kept import entry, fill
from support.paths import SUPPORT


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def sql(folder, statement, *values):
    """Do to the file what a stranger could have done."""
    connection = sqlite3.connect(folder / "cache.db", isolation_level=None)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def all_files(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what it keeps ---------------------------------------------------------------------------------------


def test_reading_makes_no_folder_and_no_file(folder):
    with Cache(folder) as cache:
        assert cache.get_many(["0" * 64]) == {}
        assert cache.stats().entries == 0
        assert cache.verify().is_good
    assert not folder.exists()
    folder.mkdir()
    with Cache(folder) as cache:
        assert cache.get_many(["0" * 64]) == {}
    assert all_files(folder) == []


def test_a_file_that_another_program_is_just_making_is_empty(folder):
    folder.mkdir()
    (folder / "cache.db").touch()
    with Cache(folder) as cache:
        assert cache.get_many(["0" * 64]) == {}
        cache.put_many([entry(1)])
        assert cache.get_many([entry(1).key])


def test_more_keys_than_one_query_takes(folder):
    entries = fill(folder, 700)
    with Cache(folder) as cache:
        keys = [each.key for each in entries]
        assert cache.get_many(keys) == {each.key: each.reply for each in entries}
        assert list(cache.entries(keys)) == sorted(entries)


def test_what_is_written_is_seen_by_who_reads_already(folder):
    with Cache(folder) as reader, Cache(folder) as writer:
        for number in range(3):
            writer.put(*entry(number)).result()
            assert entry(number).key in reader.get_many([entry(number).key])


def test_many_puts_at_once_share_commits_and_all_are_kept(folder):
    async def put_all(cache):
        await asyncio.gather(*(asyncio.wrap_future(cache.put(*entry(number))) for number in range(500)))

    with Cache(folder) as cache:
        asyncio.run(put_all(cache))
        assert len(cache.get_many(entry(number).key for number in range(500))) == 500


def test_who_stops_waiting_does_not_stop_the_writing(folder):
    async def give_up(cache):
        task = asyncio.wrap_future(cache.put(*entry(1)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with Cache(folder) as cache:
        asyncio.run(give_up(cache))
    with Cache(folder) as cache:
        assert cache.get_many([entry(1).key])


def test_a_closed_cache_is_one_file_and_opens_again(folder):
    cache = Cache(folder)
    cache.put_many([entry(1)])
    assert cache.get_many([entry(1).key])
    cache.close()
    assert all_files(folder) == ["cache.db", "cache.lock"]
    cache.put_many([entry(2)])
    assert len(cache.get_many([entry(1).key, entry(2).key])) == 2
    cache.close()


def test_reading_imports_no_diskcache(folder):
    fill(folder, 1)
    code = f"""if True:
        import sys, pathlib
        from harness.cache.cache import Cache
        with Cache(pathlib.Path({str(folder)!r})) as cache:
            assert len(cache.get_many([{entry(0).key!r}])) == 1
            assert cache.verify().is_good
        assert not {{"diskcache", "pickle"}} & set(sys.modules), "imported"
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_that_somebody_changed_are_set_again(folder):
    fill(folder, 1)
    other = diskcache.Cache(str(folder), eviction_policy="least-recently-used", size_limit=1, cull_limit=10)
    other.close()
    fill(folder, 50)
    assert dict(sql(folder, "SELECT key, value FROM Settings")).items() >= sqlite_file.SETTINGS.items()
    with Cache(folder) as cache:
        assert len(cache.get_many(entry(number).key for number in range(50))) == 50


def test_all_settings_of_diskcache_are_ours():
    assert diskcache.DEFAULT_SETTINGS.keys() == sqlite_file.SETTINGS.keys()


def test_a_commit_is_on_the_disk_and_nothing_is_evicted(folder):
    fill(folder, 1)
    assert (
        dict(sql(folder, "SELECT key, value FROM Settings")).items()
        >= {
            "sqlite_synchronous": 2,  # FULL: with NORMAL a power cut loses the last commits
            "sqlite_journal_mode": "wal",
            "eviction_policy": "none",
            "cull_limit": 0,
            "size_limit": 2**62,
            "disk_min_file_size": 2**31 - 1,  # every value inline, none in a file of its own
            "statistics": 0,
            "tag_index": 0,
        }.items()
    )
    database = _Database(folder)
    try:
        assert database._sql("PRAGMA synchronous").fetchall() == [(2,)]
        assert database._sql("PRAGMA journal_mode").fetchall() == [("wal",)]
    finally:
        database.close()


def test_a_folder_whose_name_reads_as_a_variable_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ELSEWHERE", "x")
    with Cache(tmp_path / "$ELSEWHERE") as cache, pytest.raises(CacheError, match="cannot have a `\\$NAME`"):
        cache.put_many([entry(1)])
    assert not (tmp_path / "x").exists()


def test_two_programs_write_to_one_cache(folder):
    def work(numbers):
        with Cache(folder) as cache:
            for number in numbers:
                cache.put(*entry(number)).result()

    code = f"""if True:
        import asyncio, pathlib, sys
        sys.path.insert(0, {str(SUPPORT.parent)!r})
        from harness.cache.cache import Cache
        from support.kept import entry
        with Cache(pathlib.Path({str(folder)!r})) as cache:
            for number in range(0, 150):
                cache.put(*entry(number)).result()
    """
    other = subprocess.Popen([sys.executable, "-c", code])
    threads = [Thread(target=work, args=(range(start, start + 100),)) for start in (100, 150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait() == 0
    with Cache(folder) as cache:
        assert len(cache.get_many(entry(number).key for number in range(250))) == 250
        assert cache.verify().is_good


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_by_kill_9(folder):
    rng = random.Random(7)
    kept = set()
    for start in range(0, 12_000_000, 1_000_000):
        command = [sys.executable, str(SUPPORT / "kept.py"), str(folder), str(start)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        # Killed after so many acknowledgements, plus a moment that falls anywhere in what comes next.
        for _ in range(rng.randint(1, 400)):
            kept.add(int(process.stdout.readline()))
        process.kill()
        kept.update(int(line) for line in process.communicate()[0].splitlines(keepends=True) if line.endswith(b"\n"))
        with Cache(folder) as cache:
            keys = {entry(number).key for number in kept}
            assert cache.get_many(keys).keys() == keys
    with Cache(folder) as cache:
        report = cache.verify()
    assert report.is_good
    assert report.entries >= len(kept)


# --- what it says ----------------------------------------------------------------------------------------


def test_stats_count_by_model(folder):
    with Cache(folder) as cache:
        cache.put_many([entry(number, model="b") for number in (1, 2)] + [entry(3, model="a")])
        report = cache.stats()
    assert (report.entries, report.unreadable) == (3, 0)
    assert report.models == (ModelStats("a", 1, 10, 3), ModelStats("b", 2, 20, 3))
    assert report.file_bytes > 0


BAD_ROWS = {
    "the reply is not JSON": ("value", b"{\n" + entry(0).call, ""),
    "the reply has no newline": ("value", b"{}", ""),
    "the call is another": (
        "value",
        value_of(entry(0).key, entry(1).call, entry(1).reply),
        "not the digest of the call",
    ),
    "the call is missing": ("value", value_of(entry(0).key, b"", entry(0).reply), "not the digest of the call"),
    "the value is text": ("value", "text", "did not write"),
    "the value is null": ("value", None, "did not write"),
    "a pickled key": ("raw", 0, "did not write"),
    "a pickled value": ("mode", 4, "did not write"),
    "a value in a file": ("mode", 2, "did not write"),
    "a text in a file": ("mode", 3, "did not write"),
    "a file name": ("filename", "../../outside", "did not write"),
    "a key of bytes": ("key", entry(0).key.encode(), "did not write"),
    "a key that is no digest": ("key", "x", "did not write"),
    "a key that is no text": ("key", 7, "did not write"),
}


@pytest.mark.parametrize(("column", "value", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_verify_names_every_entry_that_is_wrong(folder, column, value, reason):
    fill(folder, 3)
    sql(folder, f"UPDATE Cache SET {column} = ? WHERE key = ?", value, entry(0).key)
    with Cache(folder) as cache:
        report = cache.verify()
        assert report.entries == 3
        assert not report.is_good
        assert len(report.bad) == 1
        assert reason in report.bad[0].reason
        assert report.damage == ()
        other = cache.stats()
        assert other.entries == 3


@pytest.mark.parametrize("name", [name for name, (column, _, _) in BAD_ROWS.items() if column not in ("key", "raw")])
def test_an_entry_that_is_wrong_is_never_taken_for_a_reply(folder, name):
    column, value, reason = BAD_ROWS[name]
    fill(folder, 3)
    sql(folder, f"UPDATE Cache SET {column} = ? WHERE key = ?", value, entry(0).key)
    with Cache(folder) as cache:
        assert cache.get_many([entry(1).key]) == {entry(1).key: entry(1).reply}
        if "digest" not in reason:  # the digest of a call is for verify; a replay does not read the call
            with pytest.raises(CacheError, match=f"{entry(0).key}.*verify"):
                cache.get_many([entry(0).key])
            with pytest.raises(CacheError, match=entry(0).key):
                list(cache.entries([entry(0).key]))


def test_a_key_that_was_pickled_is_not_taken_for_ours(folder):
    fill(folder, 1)
    sql(folder, "UPDATE Cache SET raw = 0")
    with Cache(folder) as cache, pytest.raises(CacheError, match="did not write"):
        cache.get_many([entry(0).key])


def test_stats_count_what_cannot_be_read(folder):
    fill(folder, 3)
    sql(folder, "UPDATE Cache SET mode = 4 WHERE key = ?", entry(0).key)
    sql(folder, "UPDATE Cache SET value = ? WHERE key = ?", value_of(entry(1).key, b"[]", entry(1).reply), entry(1).key)
    with Cache(folder) as cache:
        report = cache.stats()
    assert (report.entries, report.unreadable) == (3, 1)  # counters say nothing of the value; `verify` reads it


def test_stats_read_the_entries_of_older_versions_one_by_one(folder):
    fill(folder, 5)
    sql(folder, "UPDATE Cache SET tag = NULL, size = 0 WHERE key IN (?, ?)", entry(0).key, entry(1).key)
    sql(folder, "UPDATE Cache SET value = ? WHERE key = ?", value_of(entry(1).key, b"[]", entry(1).reply), entry(1).key)
    sql(folder, "UPDATE Cache SET tag = 7 WHERE key = ?", entry(2).key)
    sql(folder, "UPDATE Cache SET size = -1 WHERE key = ?", entry(3).key)
    with Cache(folder) as cache:
        report = cache.stats()
    assert (report.entries, report.unreadable) == (5, 1)
    assert report.models == (ModelStats("m", 4, 40, 9),)


# --- attacks ---------------------------------------------------------------------------------------------


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("expire", [None, 0.0])
@pytest.mark.parametrize("mode", [2, 3, 4])
def test_a_crafted_row_runs_nothing_and_reaches_no_file(folder, tmp_path, mode, expire):
    outside, trace = tmp_path / "outside", tmp_path / "trace"
    outside.write_text("mine")
    fill(folder, 2)
    row = "UPDATE Cache SET mode = ?, filename = ?, value = ?, expire_time = ?, raw = 1 WHERE key = ?"
    sql(folder, row, mode, "../outside", pickle.dumps(Bomb(trace)), expire, entry(0).key)
    sql(folder, row, 4, None, pickle.dumps(Bomb(trace)), expire, entry(1).key)
    with Cache(folder) as cache:
        for number in (0, 1):
            with pytest.raises(CacheError, match="did not write"):
                cache.get_many([entry(number).key])
            with suppress(CacheError):  # an entry that is there stays; one that has expired may not be replaced
                cache.put_many([entry(number)])
        cache.verify()
        cache.stats()
        cache.clear()
    assert outside.read_text() == "mine"
    assert not trace.exists()


ATTACKS = {
    "get a file": lambda database: database.get(entry(0).key),
    "get a pickle": lambda database: database.get(entry(1).key),
    "open a file": lambda database: database.read(entry(0).key),
    "replace what is in a file": lambda database: database.set(entry(0).key, b"x"),
    "take a pickle out": lambda database: database.pop(entry(1).key),
    "list keys": list,
    "delete a file": lambda database: database.delete(entry(0).key),
    "delete all": lambda database: database.clear(),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_diskcache_itself_refuses_a_crafted_row(folder, tmp_path, attack):
    outside, trace = tmp_path / "outside", tmp_path / "trace"
    outside.write_text("mine")
    fill(folder, 3)
    sql(folder, "UPDATE Cache SET filename = '../outside', mode = 2 WHERE key = ?", entry(0).key)
    sql(folder, "UPDATE Cache SET value = ?, mode = 4 WHERE key = ?", pickle.dumps(Bomb(trace)), entry(1).key)
    sql(folder, "INSERT INTO Cache (key, raw) VALUES (?, 0)", pickle.dumps(Bomb(trace)))
    database = _Database(folder)
    try:
        assert unpack(database.get(entry(2).key)) == value_of(entry(2).key, entry(2).call, entry(2).reply)
        with pytest.raises(CacheError, match="did not write"):
            attack(database)
    finally:
        database.close()
    assert outside.read_text() == "mine"
    assert not trace.exists()


@pytest.mark.parametrize("key", [b"x", 7, "x", "G" * 64, "A" * 64, ("a",), None])
def test_the_disk_takes_only_digests_as_keys(key):
    with pytest.raises(TypeError, match="SHA-256"):
        PlainDisk("").put(key)


@pytest.mark.parametrize(("value", "read"), [("text", False), (7, False), ({}, False), (None, False), (b"x", True)])
def test_the_disk_takes_only_bytes_as_values(value, read):
    with pytest.raises(TypeError, match="bytes"):
        PlainDisk("").store(value, read)


def test_the_disk_makes_no_file():
    disk = PlainDisk("")
    for act in (
        disk.filename,
        lambda: disk.remove("x"),
        lambda: disk.get(b"x", True),
        lambda: disk.fetch(1, None, "", 0),
    ):
        with pytest.raises(CacheError, match="an entry that this program did not write"):
            act()
    assert disk.get("a" * 64, 1) == "a" * 64


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("_directory", "/"),
        ("_disk", b"x"),
        ("disk_hook", 1),
        ("sqlite_mmap_size = 0; DROP TABLE Cache; --", 1),
        ("sqlite_cache_size", "1; DROP TABLE Cache"),
        ("sqlite_journal_mode", pickle.dumps(7)),
        ("size_limit", 1.5),
        ("eviction_policy", None),
        ("count", "x y"),
    ],
)
def test_a_setting_that_diskcache_does_not_write_is_refused(folder, key, value):
    fill(folder, 1)
    sql(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", key, value)
    with Cache(folder) as cache:
        with pytest.raises(CacheError, match="has a setting"):
            cache.put_many([entry(1)])
        assert len(cache.get_many([entry(0).key])) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE Other (x)",
        "CREATE VIEW Cache2 AS SELECT 1",
        "CREATE TRIGGER mine AFTER INSERT ON Cache BEGIN DELETE FROM Cache; END",
        "DROP TABLE Cache; CREATE VIEW Cache AS SELECT 1 AS key",
    ],
)
def test_a_database_of_another_program_is_refused(folder, statement):
    fill(folder, 1)
    for part in statement.split("; C"):
        sql(folder, part if part.startswith(("C", "D")) else f"C{part}")
    with Cache(folder) as cache:
        for act in (lambda: cache.get_many(["x"]), lambda: cache.put_many([entry(1)]), cache.verify, cache.clear):
            with pytest.raises(CacheError, match="no cache that this program wrote"):
                act()
    assert (folder / "cache.db").exists()


# --- failures --------------------------------------------------------------------------------------------


def test_garbage_is_named_and_not_written_to(folder):
    folder.mkdir()
    (folder / "cache.db").write_bytes(b"garbage " * 1000)
    with Cache(folder) as cache:
        for act in (lambda: cache.get_many(["x"]), lambda: cache.put_many([entry(1)]), cache.verify, cache.stats):
            with pytest.raises(CacheError, match="not a database; move the folder away"):
                act()
        with pytest.raises(CacheError, match="no SQLite database"):
            cache.clear()
    assert (folder / "cache.db").read_bytes() == b"garbage " * 1000


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_file_is_an_error_and_never_a_wrong_reply(folder, share):
    entries = fill(folder, 300)
    path = folder / "cache.db"
    os.truncate(path, int(path.stat().st_size * share))
    with Cache(folder) as cache:
        with pytest.raises(CacheError, match="cannot be used"):
            cache.get_many(each.key for each in entries)
        try:
            assert cache.verify().damage
        except CacheError:
            pass  # so little is left that it cannot even be opened
        assert cache.clear() > 0
    assert not folder.exists()


def test_a_damaged_page_is_found(folder):
    fill(folder, 300)
    path = folder / "cache.db"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = random.Random(1).randbytes(4096)
    path.write_bytes(content)
    with Cache(folder) as cache:
        assert not cache.verify().is_good


def test_the_place_of_the_folder_is_taken_by_a_file(tmp_path):
    (tmp_path / "cache").write_text("mine")
    with Cache(tmp_path / "cache") as cache:
        assert cache.get_many(["x"]) == {}
        with pytest.raises(CacheError, match="cannot be used"):
            cache.put_many([entry(1)])


RUN_AS_NOBODY = """if True:
    # All that is needed, before the checkout may no longer be read.
    import fcntl, os, pathlib, sys, urllib.parse, zstandard
    sys.path.insert(0, {tests!r})
    import harness.cache.writer
    from harness.cache.cache import Cache
    from harness.errors import CacheError
    from support.kept import entry
    if os.geteuid() == 0:  # whom no permissions bind
        os.setgid(65534)
        os.setuid(65534)
    with Cache(pathlib.Path({folder!r})) as cache:
        try:
            print(len(cache.get_many([entry(0).key])))
            print(cache.verify().is_good)
        except CacheError as error:
            print(error)
        for number in (1, 2):
            try:
                cache.put_many([entry(number)])
            except CacheError as error:
                print(error)
"""


def run_as_nobody(folder):
    code = RUN_AS_NOBODY.format(tests=str(SUPPORT.parent), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def shut_folder():
    """A cache of one entry that everybody may read and nobody may write."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "cache"
        fill(folder, 1)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_can_be_read(shut_folder):
    found, good, first, second = run_as_nobody(shut_folder)
    assert (found, good) == ("1", "True")
    assert "the cache cannot be used: permission denied; check who may write there" in first
    assert second == first


def test_a_file_that_cannot_be_written_can_be_read(shut_folder):
    shut_folder.chmod(0o755)
    (shut_folder / "cache.lock").chmod(0o666)
    shut_folder.chmod(0o777)
    found, good, first, second = run_as_nobody(shut_folder)
    assert (found, good) == ("1", "True")
    assert "check who may write there" in first
    assert second == first


def test_a_log_that_cannot_be_merged_is_an_error_and_not_a_gap(shut_folder):
    log = shut_folder / "cache.db-wal"
    shut_folder.chmod(0o755)
    log.write_bytes(b"x" * 100)
    log.chmod(0o000)
    shut_folder.chmod(0o555)
    assert "the cache cannot be used" in run_as_nobody(shut_folder)[0]


def test_a_full_disk_is_an_error_and_what_was_kept_is_there(folder):
    code = f"""if True:
        import pathlib, resource, sys
        sys.path.insert(0, {str(SUPPORT.parent)!r})
        from harness.cache.cache import Cache
        from harness.errors import CacheError
        from support.kept import entry
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        kept, errors = [], []
        with Cache(pathlib.Path({str(folder)!r})) as cache:
            for number in range(5000):
                try:
                    cache.put_many([entry(number)])
                    kept.append(entry(number).key)
                except CacheError as error:
                    errors.append(str(error))
                    if len(errors) == 3:
                        break
            assert len(errors) == 3
            assert all("free some space" in error for error in errors), errors
            assert len(cache.get_many(kept)) == len(kept) > 10
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            cache.put_many([entry(number) for number in range(500)])
            assert len(cache.get_many(entry(number).key for number in range(500))) == 500
            assert cache.verify().is_good
    """
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_all_who_wait_for_a_commit_that_fails_hear_of_it(folder, monkeypatch):
    async def put_all(cache):
        return await asyncio.gather(
            *(asyncio.wrap_future(cache.put(*entry(number))) for number in range(5)), return_exceptions=True
        )

    def fail(self, *arguments, **settings):
        raise error

    with Cache(folder) as cache:
        cache.put_many([entry(9)])
        error = sqlite3.OperationalError("database or disk is full")
        monkeypatch.setattr(_Database, "add_all", fail)
        told = asyncio.run(put_all(cache))
        assert {type(each) for each in told} == {CacheError}
        assert len({id(each) for each in told}) == 5
        error = MemoryError("a defect")
        assert {type(each) for each in asyncio.run(put_all(cache))} == {MemoryError}
        monkeypatch.undo()
        assert asyncio.run(put_all(cache)) == [None] * 5
        assert cache.verify().entries == 6


def test_an_entry_that_cannot_be_stored_takes_no_other_with_it(folder, monkeypatch):
    add_all = _Database.add_all

    def fail(self, rows):
        if any(one.key == entry(2).key for one in rows):
            raise sqlite3.OperationalError("string or blob too big")
        return add_all(self, rows)

    monkeypatch.setattr(_Database, "add_all", fail)
    with Cache(folder) as cache:
        cache.make_ready()
        stored = [cache.put(*entry(number)) for number in range(5)]
        with pytest.raises(CacheError, match="too big"):
            stored.pop(2).result()
        assert [one.result() for one in stored] == [None] * 4
        assert cache.verify().entries == 4


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve room")
def test_on_a_full_disk_the_headroom_has_room_for_what_is_in_flight(folder, monkeypatch):
    add_all = _Database.add_all
    is_full = []

    def full(self, rows):
        if is_full and (folder / HEADROOM).exists():
            raise sqlite3.OperationalError("database or disk is full")
        return add_all(self, rows)

    monkeypatch.setattr(_Database, "add_all", full)
    with Cache(folder) as cache:
        cache.put_many([entry(0)])
        assert (folder / HEADROOM).exists()
        is_full.append(True)
        assert cache.put(*entry(1)).result() is None
        assert not (folder / HEADROOM).exists()
        assert cache.verify().entries == 2


def test_a_cache_that_somebody_never_lets_go_is_an_error(folder, monkeypatch):
    fill(folder, 1)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *where, **how: connect(*where, **how | {"timeout": 0}))
    with Cache(folder) as cache:
        cache.put_many([entry(1)])
        holder = connect(folder / "cache.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(CacheError, match=r"locked; another program is using it"):
            cache.put_many([entry(2)])
        holder.close()
        assert cache.get_many([entry(1).key])


# --- clearing --------------------------------------------------------------------------------------------


def test_clear_removes_what_the_cache_made_and_nothing_else(folder):
    fill(folder, 10)
    (folder / "notes.txt").write_text("mine")
    with Cache(folder) as cache:
        assert cache.get_many([entry(1).key])
        assert cache.clear() > 0
        assert cache.get_many([entry(1).key]) == {}
    assert all_files(folder) == ["notes.txt"]


def test_clear_removes_an_empty_folder_and_can_be_repeated(folder):
    fill(folder, 1)
    assert Cache(folder).clear() > 0
    assert not folder.exists()
    assert Cache(folder).clear() == 0
    folder.mkdir()
    assert Cache(folder).clear() == 0


def test_clear_refuses_a_folder_that_holds_no_cache(folder):
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine")
    with pytest.raises(CacheError, match="holds other files and no cache"):
        Cache(folder).clear()
    assert all_files(folder) == ["thesis.tex"]


def test_clear_refuses_a_cache_that_is_in_use(folder):
    fill(folder, 1)
    with Cache(folder) as user:
        user.put_many([entry(1)])
        with pytest.raises(CacheError, match="another program is using it"):
            Cache(folder).clear()
        assert len(user.get_many([entry(0).key, entry(1).key])) == 2


def test_reasoning_in_the_text_of_an_old_entry_is_told_apart_when_it_is_read(tmp_path):
    old = entry(1, "<think>Verdict: A</think>\n\nVerdict: B")
    unclosed = entry(2, "<think>Verdict: A")
    with Cache(tmp_path) as cache:
        cache.put_many([old, unclosed])
        found = cache.get_many([old.key, unclosed.key])
        assert (found[old.key].text, found[old.key].reasoning) == ("Verdict: B", "Verdict: A")
        assert (found[unclosed.key].text, found[unclosed.key].reasoning) == ("", "Verdict: A")
        assert list(cache.entries([old.key])) == [old], "what is stored stays as it is"
        assert not cache.verify().bad


def test_only_a_cache_without_entries_is_discarded(tmp_path):
    for name, count in (("empty", 0), ("full", 1)):
        with Cache(tmp_path / name) as cache:
            cache.make_ready()
            cache.put_many([entry(number) for number in range(count)])
        discard_empty(tmp_path / name)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/cache.db").write_text("something else")
    discard_empty(tmp_path / "foreign")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign", "full"]


@pytest.mark.parametrize("error", [OSError("no space"), sqlite3.OperationalError("disk I/O error"), CacheError("x")])
def test_an_error_on_closing_loses_nothing_and_is_no_error(folder, monkeypatch, error):
    close = _Database.close

    def failing(self):
        close(self)
        raise error

    with Cache(folder) as cache:
        cache.put_many([entry(number) for number in range(3)])
        monkeypatch.setattr(_Database, "close", failing)
    monkeypatch.undo()
    with Cache(folder) as cache:
        assert len(cache.get_many(entry(number).key for number in range(3))) == 3


def test_only_a_timeout_is_explained_by_the_error_before_it(folder, monkeypatch):
    def fail(*_, **more):
        try:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        except sqlite3.Error:
            raise raised[0]  # noqa: B904 # as diskcache raises it

    monkeypatch.setattr(_Database, "add_all", fail)
    for error, reason in (
        (diskcache.Timeout(), "attempt to write a readonly database"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
        (OSError("no such device"), "no such device"),
    ):
        raised = [error]
        with Cache(folder) as cache, pytest.raises(CacheError, match=f"the cache cannot be used: {reason}"):
            cache.put(*entry(1)).result(timeout=30)
