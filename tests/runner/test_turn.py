"""Whose turn it is to make a call that several runs need."""

from __future__ import annotations

import asyncio
import sys

import pytest

from harness.cache.cache import Cache
from harness.cache.claims import CallClaims
from harness.runner import turn as module
from harness.runner.turn import Turn
from support.kept import entry

ONE = entry(1)


class Clock:
    """A loop whose time is what the test says."""

    def __init__(self, monkeypatch):
        self.now_s = 0.0
        monkeypatch.setattr(module.asyncio, "get_running_loop", lambda: self)
        monkeypatch.setattr(module.asyncio, "sleep", self.sleep)

    def time(self):
        return self.now_s

    async def sleep(self, seconds):
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def store(tmp_path):
    with Cache(tmp_path / "cache") as cache:
        yield cache


@pytest.fixture
def other(tmp_path):
    found = CallClaims(tmp_path / "cache")
    yield found
    found.close()


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="claims are locks of Linux")


def test_a_run_alone_makes_its_call_and_looks_nothing_up(clock, store, monkeypatch):
    monkeypatch.setattr(store, "get_many", None)
    turn = Turn(store, ONE.key, 120)
    with turn.taken():
        assert (turn.is_mine, turn.found) == (True, None)


@on_linux
def test_a_call_is_claimed_while_it_is_made(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    with turn.taken():
        assert not other.take(ONE.key)
    assert other.take(ONE.key)


@on_linux
def test_a_call_is_given_up_where_making_it_fails(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    with pytest.raises(ValueError, match="failed"), turn.taken():
        raise ValueError("failed")
    assert other.take(ONE.key)


@on_linux
def test_a_reply_of_another_run_is_waited_for_and_used(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    assert other.take(ONE.key)
    for _ in range(3):
        with turn.taken():
            assert (turn.is_mine, turn.found) == (False, None)
        asyncio.run(turn.wait())
    store.put(*ONE).result()
    with turn.taken():
        assert (turn.is_mine, turn.found) == (False, ONE.reply)


@on_linux
def test_a_call_that_another_run_gives_up_is_made(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    assert other.take(ONE.key)
    with turn.taken():
        assert not turn.is_mine
    asyncio.run(turn.wait())
    other.close()
    with turn.taken():
        assert (turn.is_mine, turn.found) == (True, None)


@on_linux
def test_a_run_that_is_stopped_is_waited_for_up_to_a_limit(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    assert other.take(ONE.key)
    looks = 0
    while not turn.is_mine:
        asyncio.run(turn.wait())
        looks += 1
        with turn.taken():
            pass
    assert 120 <= clock.now_s < 121
    assert 200 < looks < 300
    assert not store.claims.take(ONE.key), "the claim of the other run is left to it"


@on_linux
def test_a_reply_that_came_while_others_were_busy_is_found(clock, store, other):
    turn = Turn(store, ONE.key, 120)
    store.put(*ONE).result()
    assert other.take(entry(2).key)
    with turn.taken():
        assert turn.found == ONE.reply


def test_a_reply_that_came_since_it_was_looked_up_is_found(clock, store):
    turn = Turn(store, ONE.key, 120)
    store.put(*ONE).result()
    clock.now_s += 1
    with turn.taken():
        assert turn.found == ONE.reply


def test_a_store_without_claims_is_enough(clock):
    class Store:
        def get_many(self, keys):
            return {}

    turn = Turn(Store(), ONE.key, 120)
    with turn.taken():
        assert turn.is_mine
