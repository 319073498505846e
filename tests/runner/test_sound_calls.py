"""Entries whose call was changed are written again by a run that makes the call, and nothing is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.packing import pack, unpack
from harness.cli import main
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.sound_calls import write_damaged_calls
from support.worlds import MemoryStore, Wire, plan_of

PLAN = plan_of(items=4, strategies=["independent-10", "second-look"])


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """A cache with all replies of the plan."""
    store = MemoryStore()
    for _ in Run(PLAN, store, Wire().connect, RunStats(PLAN.spec.models)).parts():
        pass
    with Cache(tmp_path / "cache") as cache:
        cache.put_many([Entry(key, call, reply) for key, (call, reply) in store.held.items()])
        yield cache


def damage(folder: Path, every: int, old: bytes, new: bytes) -> list[str]:
    """Change bytes of some entries of a cache; return their keys."""
    with sqlite3.connect(folder / "cache.db") as connection:
        rows = connection.execute("SELECT key, value FROM Cache ORDER BY rowid").fetchall()[::every]
        for key, value in rows:
            plain = unpack(value)
            assert old in plain
            connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (pack(plain.replace(old, new, 1)), key))
    connection.close()
    return [key for key, _ in rows]


@pytest.mark.parametrize("every", [1, 3])
def test_damaged_calls_are_written_again_and_the_replies_stay(cache: Cache, every: int) -> None:
    keys = [key for key, *_ in cache.entries(one.key for one in cache.stored())]
    before = [*cache.entries(keys)]
    damaged = damage(cache.folder, every, b'"role"', b'"rule"')
    assert {one.key for one in cache.verify().bad} == set(damaged)
    assert set(cache.with_damaged_call(keys)) == set(damaged)
    assert write_damaged_calls(PLAN, cache) == len(damaged)
    assert cache.verify().is_good
    assert [*cache.entries(keys)] == before
    assert write_damaged_calls(PLAN, cache) == 0


def test_entries_with_a_damaged_reply_are_left_to_be_asked_for(cache: Cache) -> None:
    damaged = damage(cache.folder, 100_000, b"stop", b"stap")
    assert cache.with_damaged_call(damaged) == {}
    assert write_damaged_calls(PLAN, Cache(cache.folder, replaces_damaged=True)) == 0
    assert {one.key for one in cache.verify().bad} == set(damaged)


def test_a_run_with_retry_damaged_leaves_a_sound_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    specs = Path(__file__).parents[2] / "specs"
    run = ["run", str(specs / "quickstart.yaml"), "--yes"]
    assert CliRunner().invoke(main, run).exit_code == 0
    damaged = damage(tmp_path / ".harness-cache", 40, b'"role"', b'"rule"')
    verified = CliRunner().invoke(main, ["cache", "verify"])
    assert verified.exit_code == 1
    assert "--retry damaged" in verified.stdout
    again = CliRunner().invoke(main, [*run, "--retry", "damaged"])
    assert again.exit_code == 0, again.output
    assert f"{len(damaged)} entries of the cache with a damaged call written again" in again.stderr
    assert "0 calls made" in again.stderr
    assert CliRunner().invoke(main, ["cache", "verify"]).exit_code == 0
