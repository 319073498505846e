"""Replies that are deleted: only those, with the space that they took."""

from __future__ import annotations

from pathlib import Path

from harness.cache.cache import Cache
from harness.cache.lock import CacheLock
from harness.cache.prune import delete
from harness.cache.sqlite_file import DATABASE
from harness.records.calls import Reply

KEYS = [f"{number:064x}" for number in range(600)]


def filled(folder: Path, size: int = 200) -> None:
    with Cache(folder) as cache:
        for future in [cache.put(key, b"{}", Reply(text=f"reply {key} " * size)) for key in KEYS[:300]]:
            future.result()


def kept_in(folder: Path) -> list[str]:
    with Cache(folder) as cache:
        return sorted(cache.get_many(KEYS))


def test_replies_are_deleted_and_their_space_is_given_back(tmp_path: Path) -> None:
    filled(tmp_path)
    before = (tmp_path / DATABASE).stat().st_size
    freed = delete(tmp_path, {*KEYS[10:290], *KEYS[400:]}, CacheLock(tmp_path))
    assert kept_in(tmp_path) == KEYS[:10] + KEYS[290:300]
    assert freed > 0
    assert (tmp_path / DATABASE).stat().st_size < before


def test_without_replies_to_delete_nothing_is_written(tmp_path: Path) -> None:
    filled(tmp_path, size=1)
    written = (tmp_path / DATABASE).stat()
    assert delete(tmp_path, set(), CacheLock(tmp_path)) == 0
    assert (tmp_path / DATABASE).stat().st_mtime_ns == written.st_mtime_ns


def test_where_there_is_no_cache_none_is_made(tmp_path: Path) -> None:
    assert delete(tmp_path / "none", {KEYS[0]}, CacheLock(tmp_path / "none")) == 0
    assert not (tmp_path / "none").exists()
