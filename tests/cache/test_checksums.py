"""A changed byte in a stored reply is noticed, and the reply can be asked for again."""

import sqlite3

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from harness.cache.bundle import export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import checksum_of, has_checksum, read_entry, reply_line, stored_reply, value_of
from harness.cache.packing import pack
from harness.cli import main
from harness.errors import CacheError
from support.kept import entry, fill


def old_value(number):
    """An entry as versions before checksums wrote it."""
    one = entry(number)
    return reply_line(one.reply) + b"\n" + one.call


def store(folder, key, value):
    connection = sqlite3.connect(folder / "cache.db", isolation_level=None)
    connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (value, key))
    connection.close()


@given(st.data())
def test_no_changed_byte_of_a_reply_goes_unnoticed(data):
    one = entry(data.draw(st.integers(0, 3)))
    value = value_of(one.key, one.call, one.reply)
    at = data.draw(st.integers(0, value.index(b"\n") - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda found: found != value[at]))
    with pytest.raises(ValueError, match=r"."):
        stored_reply(one.key, value[:at] + bytes([byte]) + value[at + 1 :])


def test_a_reply_that_was_moved_to_another_call_is_noticed():
    one, other = entry(1), entry(2)
    line, _, _ = value_of(one.key, one.call, one.reply).partition(b"\n")
    _, _, rest = value_of(other.key, other.call, other.reply).partition(b"\n")
    with pytest.raises(ValueError, match="the checksum of the reply is not right"):
        stored_reply(other.key, line + b"\n" + rest)


def test_an_entry_without_a_checksum_is_read_as_before():
    assert not has_checksum(old_value(1))
    assert read_entry(entry(1).key, old_value(1)) == entry(1)
    assert read_entry(entry(1).key, value_of(entry(1).key, entry(1).call, entry(1).reply)) == entry(1)


def test_a_run_refuses_a_changed_reply_and_verify_names_it(tmp_path):
    fill(tmp_path, 3)
    one = entry(1)
    store(tmp_path, one.key, value_of(one.key, one.call, one.reply).replace(b"answer 1", b"answer 7"))
    with Cache(tmp_path) as cache:
        with pytest.raises(CacheError, match="was changed after it was stored") as raised:
            cache.get_many([one.key])
        assert "--retry damaged" in raised.value.problems[0].hint
        (bad,) = cache.verify().bad
        assert bad.key == one.key
        with pytest.raises(CacheError, match="was changed after it was stored"):
            list(cache.entries([one.key]))


def test_a_damaged_entry_counts_as_missing_where_it_may_be_replaced(tmp_path):
    fill(tmp_path, 3)
    one = entry(1)
    store(tmp_path, one.key, b"noise")
    with Cache(tmp_path, replaces_damaged=True) as cache:
        assert set(cache.get_many([entry(number).key for number in range(3)])) == {entry(0).key, entry(2).key}
        cache.put(*one).result()
        cache.put(*entry(0, "another")).result()
        assert cache.get_many([one.key, entry(0).key]) == {one.key: one.reply, entry(0).key: entry(0).reply}
        assert cache.history(one.key) == []
        assert cache.verify().is_good


def test_old_entries_get_a_checksum_by_verify_write(tmp_path):
    fill(tmp_path, 5)
    for number in range(4):
        store(tmp_path, entry(number).key, old_value(number))
    with Cache(tmp_path) as cache:
        cache.replace(*entry(0, "newer")).result()
    store(tmp_path, entry(3).key, old_value(3).replace(b"draw", b"drow"))
    command = ["cache", "verify", "--cache", str(tmp_path), "--json"]
    first = orjson.loads(CliRunner().invoke(main, command).stdout)
    assert (first["entries"], first["without_checksum"], first["checksums_added"]) == (6, 3, 0)
    written = orjson.loads(CliRunner().invoke(main, [*command, "--write"]).stdout)
    assert (written["without_checksum"], written["checksums_added"], len(written["bad"])) == (0, 3, 1)
    with Cache(tmp_path) as cache:
        assert cache.get_many([entry(0).key])[entry(0).key].text == "newer"
        assert [one.text for one in cache.history(entry(0).key)] == [entry(0).reply.text]
    text = CliRunner().invoke(main, command[:-1])
    assert text.exit_code == 1
    assert "--retry damaged" in text.stdout


def test_checksums_are_added_in_batches_and_once(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.cache.cache.ENTRIES_IN_A_BATCH", 2)
    fill(tmp_path, 5)
    for number in range(5):
        store(tmp_path, entry(number).key, old_value(number))
    with Cache(tmp_path) as cache:
        assert cache.add_checksums() == 5
        assert cache.add_checksums() == 0
        assert cache.verify().is_good
    with Cache(tmp_path / "none") as cache:
        assert cache.add_checksums() == 0


def test_a_bundle_of_old_entries_brings_checksums(tmp_path):
    fill(tmp_path / "old", 2)
    for number in range(2):
        store(tmp_path / "old", entry(number).key, old_value(number))
    with Cache(tmp_path / "old") as old, Cache(tmp_path / "new") as new:
        export_bundle(old, [entry(0).key, entry(1).key], tmp_path / "bundle")
        import_bundle(tmp_path / "bundle", new)
        assert new.verify().without_checksum == 0
        assert old.verify().without_checksum == 2


def newer_value(number, **fields):
    """A sound entry of a version to come, whose replies have another form."""
    one = entry(number)
    line = orjson.dumps({**orjson.loads(reply_line(one.reply)), **fields}, option=orjson.OPT_SORT_KEYS)
    return b"%s\n%s\n%s" % (line, one.call, checksum_of(one.key, line))


NEWER = {
    "another field": newer_value(1, tone="kind"),
    "another end": newer_value(1, finish="paused"),
    "a text in parts": newer_value(1, text={"parts": ["x" * 5000]}),
    "another field, packed": pack(newer_value(1, tone="kind" * 500)),
    "packed in another way": b"\x02" + pack(newer_value(1, tone="kind" * 500))[1:],
}


@pytest.mark.parametrize("value", NEWER.values(), ids=NEWER)
def test_an_entry_of_a_newer_version_is_named_and_never_overwritten(tmp_path, value):
    fill(tmp_path, 3)
    one = entry(1)
    store(tmp_path, one.key, value)
    fill(tmp_path / "other", 3)
    with Cache(tmp_path / "other") as other:
        export_bundle(other, [entry(number).key for number in range(3)], tmp_path / "bundle")
    for replaces_damaged in (False, True):
        with Cache(tmp_path, replaces_damaged=replaces_damaged) as cache:
            assert set(cache.get_many([entry(0).key])) == {entry(0).key}
            with pytest.raises(CacheError, match=r"a newer version of the harness wrote it; use that version, or name"):
                cache.get_many([one.key])
            with pytest.raises(CacheError, match="a newer version of the harness wrote it"):
                list(cache.entries([one.key]))
            with pytest.raises(CacheError, match="a newer version of the harness wrote it"):
                import_bundle(tmp_path / "bundle", cache)
            cache.put(*one).result()
            cache.put_many([one])
            cache.add_checksums()
            (bad,) = cache.verify().bad
            assert (bad.key, "a newer version" in bad.reason) == (one.key, True)
            assert one.key not in {reply.key for reply in cache.stored()}, "it is not offered for deletion"
    connection = sqlite3.connect(tmp_path / "cache.db")
    assert connection.execute("SELECT value FROM Cache WHERE key = ?", (one.key,)).fetchall() == [(value,)]
    connection.close()


def test_a_cache_of_another_layout_is_named_and_left_as_it_is(tmp_path):
    fill(tmp_path, 1)
    connection = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    connection.execute("CREATE TABLE Layout (version INTEGER)")
    connection.close()
    before = (tmp_path / "cache.db").read_bytes()
    with Cache(tmp_path) as cache:
        for act in (lambda: cache.get_many([entry(0).key]), lambda: cache.put(*entry(1)).result(), cache.clear):
            with pytest.raises(CacheError, match=r"this is no cache that this program wrote: it has a table `Layout`"):
                act()
    assert (tmp_path / "cache.db").read_bytes() == before


def test_only_replies_that_are_right_are_taken_from_damaged_entries_whatever_else_is_damaged(tmp_path):
    fill(tmp_path, 6)
    for number in (0, 3, 5):  # their replies are changed
        one = entry(number)
        store(tmp_path, one.key, value_of(one.key, one.call, one.reply).replace(b"answer", b"ansXer"))
    for number in (1, 4):  # their calls are
        one = entry(number)
        store(tmp_path, one.key, value_of(one.key, b"[]", one.reply))
    with Cache(tmp_path) as cache:
        found = cache.with_damaged_call([entry(number).key for number in range(6)])
    assert found == {entry(number).key: entry(number).reply for number in (1, 4)}
