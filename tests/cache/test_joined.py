"""Several caches that are read together."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.joined import JoinedCache, cache_folders, opened_cache
from harness.cache.key import call_bytes, call_key
from harness.errors import CacheError, InputError
from harness.records.calls import Call, Model, Reply

MODEL = Model("m", "openai", "m")


def entry(number: int, text: str) -> Entry:
    call = Call(MODEL, [{"role": "user", "content": f"question {number}"}])
    return Entry(call_key(call), call_bytes(call), Reply(text, "stop", 1, 1))


def filled(folder: Path, *entries: Entry) -> Path:
    with Cache(folder) as cache:
        cache.put_many(entries)
    return folder


def texts(cache: Cache, entries: Sequence[Entry]) -> list[str | None]:
    found = cache.get_many([one.key for one in entries])
    return [found[one.key].text if one.key in found else None for one in entries]


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, ...]:
    """Three caches: 0 in the first, 0 and 1 in the second, 1 and 2 in the third."""
    return (
        filled(tmp_path / "first", entry(0, "first")),
        filled(tmp_path / "second", entry(0, "second"), entry(1, "second")),
        filled(tmp_path / "third", entry(1, "third"), entry(2, "third")),
    )


ASKED = [entry(number, "") for number in range(4)]


def test_the_first_cache_that_has_a_reply_gives_it(three: tuple[Path, ...]) -> None:
    with opened_cache(three) as cache:
        assert texts(cache, ASKED) == ["first", "second", "third", None]
        assert len(cache.values([one.key for one in ASKED])) == 3
        assert {one.reply.text for one in cache.entries([one.key for one in ASKED])} == {"first", "second", "third"}
    with opened_cache(three[::-1]) as cache:
        assert texts(cache, ASKED) == ["second", "third", "third", None]


def test_only_the_first_cache_is_written(three: tuple[Path, ...], tmp_path: Path) -> None:
    before = {path: path.read_bytes() for folder in three[1:] for path in folder.glob("cache.db")}
    with opened_cache((tmp_path / "new", *three[1:])) as cache:
        cache.make_ready()
        cache.put(*entry(3, "new")).result()
        cache.replace(*entry(1, "newer")).result()
        assert texts(cache, ASKED) == ["second", "newer", "third", "new"]
    with Cache(tmp_path / "new") as alone:
        assert texts(alone, ASKED) == [None, "newer", None, "new"]
    assert before == {path: path.read_bytes() for folder in three[1:] for path in folder.glob("cache.db")}


def test_one_folder_is_a_plain_cache(tmp_path: Path) -> None:
    assert type(opened_cache([tmp_path / "c"])) is Cache
    assert cache_folders("c") == (Path("c"),) == cache_folders(Path("c")) == cache_folders(["c"])
    with pytest.raises(InputError, match="a run needs a cache, and an empty list was given"):
        cache_folders([])


def test_other_caches_have_to_exist(three: tuple[Path, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no cache; only the first --cache is made") as error:
        opened_cache((three[0], tmp_path / "gone", three[1], tmp_path / "also-gone"))
    assert [problem.file for problem in error.value.problems] == [str(tmp_path / "gone"), str(tmp_path / "also-gone")]


@pytest.mark.parametrize("at", [0, 1])
def test_damage_is_reported_with_the_folder_that_it_is_in_and_replaced_in_the_first(
    three: tuple[Path, ...], at: int
) -> None:
    damaged = entry(at, "")
    with sqlite3.connect(three[at] / "cache.db") as database:
        database.execute("UPDATE Cache SET value = CAST('x' || value AS BLOB) WHERE key = ?", (damaged.key,))
    database.close()
    with opened_cache(three) as cache, pytest.raises(CacheError, match="--retry damaged` asks") as error:
        cache.get_many([damaged.key])
    assert [problem.file for problem in error.value.problems] == [str(three[at])]
    with JoinedCache(three[0], three[1:], replaces_damaged=True) as cache:
        assert texts(cache, [damaged]) == [None]
        cache.put(*entry(at, "repaired")).result()
        assert texts(cache, [damaged]) == ["repaired"]


def test_entry_of_another_program_is_refused(three: tuple[Path, ...]) -> None:
    with sqlite3.connect(three[0] / "cache.db") as database:
        database.execute("UPDATE Cache SET mode = 4")
    database.close()
    with opened_cache(three) as cache, pytest.raises(CacheError, match="did not write") as error:
        cache.get_many([entry(0, "").key])
    assert [problem.file for problem in error.value.problems] == [str(three[0])]
