import shutil

import pytest

from harness.cache.cache import Cache
from harness.cache.sqlite_file import DATABASE, RESTORED
from harness.errors import CacheError
from harness.records.calls import Reply

KEYS = [f"{number:064x}" for number in range(4)]


def put(cache, key):
    cache.put(key, b"{}", Reply(text=f"reply {key[-1]}")).result()


def kept_in(folder):
    with Cache(folder) as opened:
        assert not opened.verify().damage
        return set(opened.get_many(KEYS))


@pytest.fixture
def said():
    return []


@pytest.fixture
def cache(tmp_path, said):
    with Cache(tmp_path / "cache", said.append) as opened:
        put(opened, KEYS[0])
        assert set(opened.get_many(KEYS)) == {KEYS[0]}
        yield opened


def delete_file(folder):
    (folder / DATABASE).unlink()


@pytest.mark.parametrize("delete", [delete_file, shutil.rmtree])
@pytest.mark.parametrize("more", [True, False])
def test_a_cache_that_was_deleted_is_written_again(cache, said, delete, more):
    delete(cache.folder)
    assert set(cache.get_many(KEYS)) == {KEYS[0]}, "until then the old file is read"
    if more:
        put(cache, KEYS[1])
        put(cache, KEYS[2])
    kept = set(KEYS[: 3 if more else 1])
    assert set(cache.get_many(KEYS)) == kept
    cache.close()
    assert kept_in(cache.folder) == kept
    assert not (cache.folder / RESTORED).exists()
    (message,) = said
    assert "was deleted by another program; it is written again with all that it held" in message


def test_a_cache_that_was_replaced_is_an_error_and_stays(cache, tmp_path):
    with Cache(tmp_path / "other") as other:
        put(other, KEYS[3])
    shutil.rmtree(cache.folder)
    (tmp_path / "other").rename(cache.folder)
    with pytest.raises(CacheError, match="was replaced by another file while it was in use"):
        put(cache, KEYS[1])
    cache.close()
    assert kept_in(cache.folder) == {KEYS[3]}


def test_a_cache_that_cannot_be_written_again_is_said(cache, said):
    shutil.rmtree(cache.folder)
    cache.folder.write_text("a file in the place of the folder", "utf-8")
    with pytest.raises(CacheError, match="the cache cannot be used"):
        put(cache, KEYS[1])
    cache.folder.unlink()
    put(cache, KEYS[2])
    cache.close()
    assert kept_in(cache.folder) == {KEYS[0], KEYS[2]}
    assert len(said) == 1


def test_what_is_lost_at_the_end_is_said(cache, said):
    shutil.rmtree(cache.folder)
    cache.folder.write_text("a file in the place of the folder", "utf-8")
    cache.close()
    assert ["cannot be written again" in message for message in said] == [True]
    cache.folder.unlink()


def test_the_folder_that_is_made_again_belongs_to_its_user_alone(cache):
    shutil.rmtree(cache.folder)
    put(cache, KEYS[1])
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    cache.close()
