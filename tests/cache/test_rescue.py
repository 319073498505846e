"""Replies that the cache could not store go to a bundle that it takes later."""

import sys

import pytest

from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.cache.rescue import rescue
from support.kept import entry


def test_a_rescued_reply_comes_back_by_an_import(tmp_path):
    entries = [entry(number) for number in (3, 1, 2)]
    file = rescue([*entries, entries[0]], [tmp_path])
    assert file is not None
    assert file.parent == tmp_path
    with Cache(tmp_path / "cache") as cache:
        assert import_bundle(file, cache).added == 3
        assert cache.get_many([one.key for one in entries]) == {one.key: one.reply for one in entries}


@pytest.mark.skipif(sys.platform == "win32", reason="permissions differ there")
def test_the_bundle_goes_to_the_next_folder_that_takes_it_and_only_its_owner_reads_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = rescue([entry(1)], [tmp_path / "file" / "cache"])
    assert file is not None
    assert file.parent.parent == tmp_path
    assert file.stat().st_mode & 0o077 == 0


def test_where_nothing_can_be_written_there_is_no_bundle(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    assert rescue([entry(1)], [tmp_path / "file" / "cache"]) is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
