"""Packed entries: what they unpack to, and what is refused."""

import hashlib
import random
import sqlite3

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from harness.cache.cache import ROWS_AT_ONCE, Cache
from harness.cache.entry import has_checksum, packed_replies, read_entry, stored_reply, value_of, without_call
from harness.cache.packing import (
    MARK,
    MOST_BYTES,
    RATIO_FREE_BYTES,
    is_packed,
    pack,
    unpack,
    unpack_replies,
    unpack_reply,
)
from harness.errors import CacheError
from harness.records.calls import Reply
from support.kept import entry

LONG = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 8


def plain_of(text: str, call: bytes = b'{"model":"m"}') -> bytes:
    return value_of("a" * 64, call, Reply(text, "stop", 3, 4, "m"))


@given(st.text(st.characters(codec="utf-8")), st.binary(max_size=400))
@example(LONG, b"\n\x01\n" * 40)
@example("", b"")
def test_what_is_packed_comes_back(text: str, call: bytes) -> None:
    plain = plain_of(text, call)
    packed = pack(plain)
    assert len(packed) <= len(plain)
    assert unpack(packed) == plain
    assert pack(packed) == packed
    assert without_call(packed) == without_call(plain)
    assert stored_reply("a" * 64, packed) == stored_reply("a" * 64, plain)
    assert stored_reply("a" * 64, without_call(packed)) == stored_reply("a" * 64, plain)
    assert read_entry("a" * 64, packed) == read_entry("a" * 64, plain)


@given(st.binary(max_size=200))
@example(b"")
@example(b"{}\n{}\n" + b"z" * 32)
@example(MARK)
def test_other_bytes_stay_as_they_are_or_are_refused(value: bytes) -> None:
    packed = pack(value)
    if not is_packed(packed):
        assert packed == value
        assert unpack(value) == value
        return
    if packed == value:
        with pytest.raises(ValueError, match="entry"):
            unpack(value)


def test_an_entry_without_a_checksum_stays_plain() -> None:
    old = plain_of(LONG)[:-33]
    assert pack(old) == old
    assert not has_checksum(old)
    assert has_checksum(pack(plain_of(LONG)))


@pytest.mark.parametrize("text", ["a" * (300 * RATIO_FREE_BYTES), LONG * (MOST_BYTES // len(LONG) + 1)])
def test_what_would_unpack_to_far_more_stays_plain(text: str) -> None:
    plain = plain_of(text)
    assert pack(plain) == plain


def packed_by_hand(reply: bytes, call: bytes = b"") -> bytes:
    return MARK + len(reply).to_bytes(4, "big") + reply + call + b"\0" * 16


def frame(plain: bytes, **settings: bool) -> bytes:
    return zstandard.ZstdCompressor(**settings).compress(plain)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(MARK, "cut short", id="nothing"),
        pytest.param(MARK + b"\xff\xff\xff\xff" + b"x" * 40, "cut short", id="length-beyond-the-end"),
        pytest.param(packed_by_hand(b"no frame"), "cannot be unpacked", id="no-frame"),
        pytest.param(packed_by_hand(frame(b"{}" * 9)[:-3]), "cannot be unpacked", id="frame-cut-short"),
        pytest.param(packed_by_hand(frame(b"\0" * (MOST_BYTES + 1))), "far more", id="more-than-the-most"),
        pytest.param(packed_by_hand(frame(b"\0" * 10**6)), "far more", id="a-ratio-of-an-attack"),
        pytest.param(packed_by_hand(frame(b"{}" * 99, write_content_size=False)), "far more", id="size-not-said"),
    ],
)
def test_refuses_what_is_damaged_or_made_to_fill_the_memory(value: bytes, reason: str) -> None:
    for read in (unpack, unpack_reply, without_call, lambda bad: stored_reply("a" * 64, bad)):
        with pytest.raises(ValueError, match=reason):
            read(value)


def test_a_frame_that_says_less_than_it_holds_is_refused() -> None:
    whole = frame(b"{}" * 3000)
    lying = bytearray(whole)
    at = whole.index((6000 - 256).to_bytes(2, "little"))
    lying[at : at + 2] = (300 - 256).to_bytes(2, "little")
    with pytest.raises(ValueError, match="cannot be unpacked"):
        unpack(packed_by_hand(bytes(lying)))


def rows_of(*texts: str) -> list[tuple[str, bytes]]:
    keys = [f"{number:064x}" for number in range(len(texts))]
    return [(key, pack(value_of(key, b"{}" * 40, Reply(text, "stop")))) for key, text in zip(keys, texts, strict=True)]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_packed_replies_are_read_together_as_they_are_alone(texts: list[str]) -> None:
    rows = rows_of(*(LONG + text for text in texts))
    assert packed_replies(rows) == [stored_reply(*row) for row in rows]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(packed_by_hand(b"no frame"), id="no-frame"),
        pytest.param(MARK + b"\xff\xff\xff\xff" + b"x" * 40, id="length-beyond-the-end"),
        pytest.param(packed_by_hand(frame(b"{}" * 99, write_content_size=False)), id="size-not-said"),
        pytest.param(packed_by_hand(frame(b"{}")), id="wrong-checksum"),
        pytest.param(plain_of("short"), id="plain"),
        pytest.param(pack(value_of("1" * 64, b"{}" * 40, Reply(LONG, "stop"))), id="of-another-key"),
        pytest.param(b"", id="empty"),
    ],
)
def test_replies_are_not_read_together_where_one_is_plain_or_damaged(bad: bytes) -> None:
    first, last = rows_of(LONG, LONG)
    assert packed_replies([first, ("2" * 64, bad), last]) is None


def test_a_reply_with_the_right_checksum_and_the_wrong_fields_is_not_read_together() -> None:
    key, line = "3" * 64, b'{"text":1}'
    packed = packed_by_hand(frame(line))[:-16] + hashlib.sha256(b"%s\n%s" % (key.encode(), line)).digest()[:16]
    assert packed_replies([(key, packed)]) is None
    with pytest.raises(ValueError, match="newer version"):
        stored_reply(key, packed)


def test_very_long_replies_are_not_unpacked_together() -> None:
    noise = random.Random(1).randbytes(MOST_BYTES // 2).hex().encode()[: MOST_BYTES // 2]
    long = packed_by_hand(frame(noise))
    assert unpack_replies([long]) == [noise]
    assert unpack_replies([long] * 2) == [noise] * 2
    assert unpack_replies([long] * 3) is None


@pytest.mark.parametrize("count", [1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 3])
def test_only_the_damaged_one_of_many_entries_is_missing(tmp_path, count: int) -> None:
    every = [entry(number, LONG) for number in range(count)]
    with Cache(tmp_path) as cache:
        cache.put_many(every)
    connection = sqlite3.connect(tmp_path / "cache.db")
    connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (packed_by_hand(b"no frame"), every[-1].key))
    connection.commit()
    connection.close()
    keys = [one.key for one in every]
    with Cache(tmp_path) as cache, pytest.raises(CacheError, match=keys[-1]):
        cache.get_many(keys)
    with Cache(tmp_path, replaces_damaged=True) as cache:
        assert cache.get_many(keys) == {one.key: one.reply for one in every[:-1]}


def test_old_and_new_entries_are_read_from_one_cache(tmp_path, monkeypatch) -> None:
    old, new = [entry(number, LONG) for number in (1, 2)], [entry(number, LONG) for number in (3, 4)]
    with Cache(tmp_path) as cache:
        with monkeypatch.context() as before:
            before.setattr("harness.cache.writer.pack", lambda plain: plain)
            cache.put_many(old)
        cache.put_many(new)
        every = sorted([*old, *new])
        assert cache.get_many([one.key for one in every]) == {one.key: one.reply for one in every}
        assert list(cache.entries([one.key for one in every])) == every
        assert cache.verify().is_good
        assert cache.stats().models[0].entries == 4
        assert len(cache.sample()) == 4


def test_an_entry_that_was_tampered_with_is_named(tmp_path) -> None:
    with Cache(tmp_path) as cache:
        cache.put_many([entry(1, LONG)])
    bomb = packed_by_hand(frame(b"\0" * 10**6))
    connection = sqlite3.connect(tmp_path / "cache.db")
    connection.execute("UPDATE Cache SET value = ?", (bomb,))
    connection.commit()
    connection.close()
    with Cache(tmp_path) as cache:
        with pytest.raises(CacheError, match="far more than an entry does"):
            cache.get_many([entry(1).key])
        assert "far more" in cache.verify().bad[0].reason
