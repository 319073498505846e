"""The lock of a cache: who holds it is named, waiting ends, and a file that was deleted locks nothing."""

import os
import subprocess
import sys

import pytest

from harness.cache import lock
from harness.cache.cache import Cache
from harness.cache.entry import StoredValue
from harness.cache.lock import LOCK, CacheLock, _try_lock
from harness.cache.writer import CacheWriter, _Database
from harness.errors import CacheError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files are locked otherwise there")

HOLD = """
import fcntl, sys
handle = open(sys.argv[1], "a")
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def holder(folder):
    """Another process, which holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder / LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        if not process.stdin.closed:
            process.stdin.close()


class Time:
    """A clock that `sleep` moves on."""

    def __init__(self):
        self.now = 0.0
        self.hooks = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        for hook in self.hooks:
            hook(self.now)


def lock_in(folder, time, said, **options):
    return CacheLock(folder, said.append, clock=time.clock, sleep=time.sleep, **options)


def test_a_lock_that_is_free_is_held_at_once(folder):
    time, said = Time(), []
    lock = lock_in(folder, time, said)
    with lock.held():
        pass
    with lock.held():
        assert (folder / LOCK).exists()
    assert time.now == 0.0
    assert not said


def test_a_wait_is_reported_once_and_ends_in_an_error_that_names_who_holds_it(folder, holder):
    time, said = Time(), []
    lock = lock_in(folder, time, said)
    with pytest.raises(CacheError, match="has kept it locked for 60 s") as raised, lock.held():
        pass
    who = f"process {holder.pid}" if sys.platform == "linux" else "another process"
    assert who in str(raised.value)
    assert "kill -CONT" in raised.value.problems[0].hint
    assert said == [f"waiting for the cache in {folder}, which {who} is using"]


def test_after_an_error_the_next_waits_are_short_until_one_succeeds(folder, holder):
    time, said = Time(), []
    lock = lock_in(folder, time, said)
    waits = []
    for _ in range(3):
        started = time.now
        with pytest.raises(CacheError, match="has kept it locked"), lock.held():
            pass
        waits.append(round(time.now - started))
    assert waits == [60, 2, 2]
    holder.stdin.close()
    holder.wait(timeout=30)
    with lock.held():
        pass
    with lock.held():
        pass


def test_a_lock_that_is_released_while_it_is_waited_for_is_held(folder, holder):
    time, said = Time(), []

    def end(now):
        if now > 5 and not holder.stdin.closed:
            holder.stdin.close()
            holder.wait(timeout=30)

    time.hooks.append(end)
    with lock_in(folder, time, said).held():
        assert 5 < time.now < 6
    assert len(said) == 1


def test_a_file_that_was_deleted_while_it_was_waited_for_locks_nothing(folder, holder):
    time = Time()

    def clear(now):
        if now > 1 and not holder.stdin.closed:
            (folder / LOCK).unlink()
            holder.stdin.close()
            holder.wait(timeout=30)

    time.hooks.append(clear)
    with lock_in(folder, time, []).held():
        assert (folder / LOCK).exists()


def test_a_link_in_place_of_the_lock_is_not_followed(folder, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (folder / LOCK).symlink_to(tmp_path / "mine")
    with Cache(folder) as cache, pytest.raises(CacheError, match="the cache cannot be used"):
        cache.make_ready()
    assert (tmp_path / "mine").read_text() == "mine"


def test_entries_are_written_only_when_no_other_process_holds_the_lock(folder, holder):
    time = Time()

    def end(now):
        if now > 1 and not holder.stdin.closed:
            assert not (folder / "cache.db").exists()
            holder.stdin.close()
            holder.wait(timeout=30)

    time.hooks.append(end)
    writer = CacheWriter(folder, lock_in(folder, time, []))
    stored = writer.add([StoredValue("a" * 64, b"{}")])
    assert stored.result(timeout=30) is None
    assert time.now > 1, "it did not wait"
    writer.close()


def test_the_lock_is_held_while_a_transaction_is_open_and_while_the_cache_is_closed(folder, monkeypatch):
    def is_locked():
        with (folder / LOCK).open("a") as handle:
            return not _try_lock(handle.fileno())

    seen = {}
    add_all, close = _Database.add_all, _Database.close
    monkeypatch.setattr(_Database, "add_all", lambda *args: seen.update(add=is_locked()) or add_all(*args))
    monkeypatch.setattr(_Database, "close", lambda *args: seen.update(close=is_locked()) or close(*args))
    writer = CacheWriter(folder, CacheLock(folder))
    writer.add([StoredValue("a" * 64, b"{}")]).result(timeout=30)
    assert not is_locked()
    writer.close()
    assert seen == {"add": True, "close": True}


def test_clear_waits_for_the_lock(folder, holder):
    cache = Cache(folder)
    cache._lock = CacheLock(folder, give_up_after_s=0.02)
    with pytest.raises(CacheError, match="has kept it locked"):
        cache.clear()
    assert (folder / LOCK).exists()
    holder.stdin.close()
    holder.wait(timeout=30)
    cache.clear()
    assert not folder.exists()


def test_the_holder_is_another_process_where_the_system_does_not_name_it(folder, holder, monkeypatch, tmp_path):
    monkeypatch.setattr("harness.cache.lock.LOCKS", tmp_path / "none")
    with pytest.raises(CacheError, match="another process has kept"), lock_in(folder, Time(), []).held():
        pass
    (tmp_path / "none").write_text(f"1: POSIX  ADVISORY  WRITE {os.getpid()} 08:01:1 0 EOF\nodd\n")
    with pytest.raises(CacheError, match="another process has kept"), lock_in(folder, Time(), []).held():
        pass


@pytest.mark.parametrize(("waited_s", "is_reported"), [(1.99, False), (2.0, True), (2.01, True)])
def test_a_wait_is_reported_after_two_seconds_and_not_before(folder, monkeypatch, waited_s, is_reported):
    times, tries, said = iter([0.0, waited_s]), iter([False, True]), []
    monkeypatch.setattr(lock, "_try_lock", lambda _: next(tries))
    with CacheLock(folder, said.append, clock=lambda: next(times), sleep=lambda _: None).held():
        assert bool(said) is is_reported


def test_the_time_between_tries_doubles_up_to_a_twentieth_of_a_second(folder, monkeypatch):
    time, steps = Time(), []
    monkeypatch.setattr(lock, "_try_lock", lambda _: len(steps) == 9)
    with CacheLock(folder, clock=time.clock, sleep=steps.append).held():
        assert steps == [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.05, 0.05, 0.05]


def test_a_wait_ends_after_sixty_seconds_by_default(folder, monkeypatch):
    time, said = Time(), []
    monkeypatch.setattr(lock, "_try_lock", lambda _: False)
    with pytest.raises(CacheError, match="has kept it locked for 60 s"), lock_in(folder, time, said).held():
        raise AssertionError("it was held")
    assert 60 <= time.now < 60.06
    assert len(said) == 1


def test_a_file_that_was_deleted_before_it_was_locked_is_made_again(folder, monkeypatch):
    tries = []

    def take(descriptor):
        if not tries:
            (folder / LOCK).unlink()
        tries.append(descriptor)
        return True

    monkeypatch.setattr(lock, "_try_lock", take)
    with CacheLock(folder, sleep=lambda _: None).held():
        assert len(tries) == 2
        assert (folder / LOCK).exists()
