"""Bundles of version 2: the same entries are the same bytes, and nothing that is not right gets in."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cache import bundle
from harness.cache.bundle import ExportReport, ImportReport, export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import Entry, value_of
from harness.cache.packed_frames import Frames, frames_of, packed_of, stored_content, stored_frame
from harness.cache.packing import pack
from harness.errors import BundleError, CacheError, MissingRepliesError
from harness.hashing import canonical_json
from harness.records.calls import Reply
from support.kept import entry
from support.worlds import MemoryStore

ENTRIES = sorted(entry(number, "word " * 40 + str(number)) for number in range(5))
KEYS = [each.key for each in ENTRIES]


def write_raw(folder: Path, key: str, value: bytes) -> None:
    """Put other bytes in the place of an entry."""
    with closing(sqlite3.connect(folder / "cache.db")) as connection, connection:
        assert connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (value, key)).rowcount == 1


def store_of(*entries: Entry) -> MemoryStore:
    store = MemoryStore()
    store.put_many(entries)
    return store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "x.bundle"
    export_bundle(store_of(*ENTRIES), KEYS, file, spec="quickstart")
    return file


def lines_of(file: Path) -> list[bytes]:
    """What `zstd -dc` writes of a bundle."""
    reader = zstandard.ZstdDecompressor().stream_reader(file.read_bytes(), read_across_frames=True)
    return reader.read(2**26).splitlines(keepends=True)


def line(*frames: bytes, lengths: tuple[int, int] | None = None) -> bytes:
    first, second = lengths or (len(frames[0]), 0)
    return struct.pack("<IIII", 0x184D2A50, 8, first, second) + b"".join(frames)


def packed_entry(
    one: Entry,
    *,
    key: str = "",
    checksum: str = "",
    pieces: tuple[bytes, bytes, bytes] | None = None,
    frames: tuple[bytes, bytes] | None = None,
) -> tuple[bytes, bytes]:
    """The line of an entry, and what the digest of the whole covers of it."""
    reply, call, own = frames_of(pack(value_of(*one)))
    call, reply = frames or (call, reply)
    names = b',"checksum":"%s","key":"%s","reply":' % ((checksum or own.hex()).encode(), (key or one.key).encode())
    before, between, after = pieces or (b'{"call":', names, b"}\n")
    parts = stored_frame(before), call, stored_frame(between), reply, stored_frame(after)
    return line(*parts, lengths=(len(call), len(reply))), names


def sealed(written: list[tuple[bytes, bytes]], *, end: bytes = b"", **header: Any) -> bytes:
    """A bundle with a last line that is right for it."""
    first = {"entries": len(written), "format": "fellowship-bundle", "spec": "quickstart", "version": 2} | header
    head = canonical_json(first) + b"\n"
    digest = hashlib.sha256(head + b"".join(names for _, names in written)).hexdigest()
    last = end or line(stored_frame(canonical_json({"sha256": digest}) + b"\n"))
    return line(stored_frame(head)) + b"".join(raw for raw, _ in written) + last


def test_the_parts_of_these_tests_make_a_right_bundle(file: Path) -> None:
    assert sealed([packed_entry(one) for one in ENTRIES]) == file.read_bytes()


def test_a_bundle_carries_exactly_the_entries_that_were_asked_for(file: Path, tmp_path: Path) -> None:
    report = export_bundle(store_of(*ENTRIES, entry(77)), [*KEYS, KEYS[0]], tmp_path / "y", spec="quickstart")
    assert report == ExportReport(tmp_path / "y", 5, (tmp_path / "y").stat().st_size)
    assert (tmp_path / "y").read_bytes() == file.read_bytes()
    other = MemoryStore()
    assert import_bundle(file, other) == ImportReport(file, "quickstart", 5, 5, 0, ())
    assert list(other.entries(KEYS)) == ENTRIES


def test_what_the_lines_say_is_pinned(file: Path) -> None:
    first, *entries, last = lines_of(file)
    assert first == b'{"entries":5,"format":"fellowship-bundle","spec":"quickstart","version":2}\n'
    assert [canonical_json(json.loads(each)) + b"\n" for each in entries] == entries
    checksums = [json.loads(each)["checksum"] for each in entries]
    for each, one, checksum in zip(entries, ENTRIES, checksums, strict=True):
        found = json.loads(each)
        assert (canonical_json(found["call"]), found["key"]) == (one.call, one.key)
        assert found["reply"]["text"] == one.reply.text
        kept = one.key.encode() + b"\n" + canonical_json(found["reply"])
        assert hashlib.sha256(kept).hexdigest()[:32] == checksum
    names = (f',"checksum":"{checksum}","key":"{key}","reply":' for checksum, key in zip(checksums, KEYS, strict=True))
    assert json.loads(last) == {"sha256": hashlib.sha256(first + "".join(names).encode()).hexdigest()}


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is not here")
def test_the_program_zstd_unpacks_it(file: Path) -> None:
    unpacked = subprocess.run(["zstd", "-dc", str(file)], check=True, capture_output=True).stdout
    assert unpacked == b"".join(lines_of(file))


def test_from_cache_to_cache_by_either_version(tmp_path: Path) -> None:
    entries = sorted(entry(number, f"reply {number} " * 30) for number in range(450))
    keys = [each.key for each in entries]
    with Cache(tmp_path / "one") as one:
        one.put_many(entries)
        export_bundle(one, reversed(keys), tmp_path / "x.bundle")
        export_bundle(one, keys, tmp_path / "old.bundle", version=1)
        values = list(one.values_of(keys))
    for name in ("x.bundle", "old.bundle"):
        with Cache(tmp_path / f"of {name}") as two:
            assert import_bundle(tmp_path / name, two).added == 450
            assert list(two.entries(keys)) == entries
            assert list(two.values_of(keys)) == values, "the stored bytes are the same"
            assert (two.stats().entries, two.stats().models[0].entries) == (450, 450), "and they are counted"
            assert two.verify().is_good
            export_bundle(two, keys, tmp_path / f"again {name}")
        assert (tmp_path / f"again {name}").read_bytes() == (tmp_path / "x.bundle").read_bytes()


def test_an_entry_of_an_older_version_gets_its_checksum_in_a_bundle(tmp_path: Path) -> None:
    old = entry(1, "word " * 50)
    plain = value_of(*old)
    with Cache(tmp_path / "one") as one:
        one.put_many([old])
        write_raw(tmp_path / "one", old.key, plain[:-33])
        export_bundle(one, [old.key], tmp_path / "x.bundle")
    store = MemoryStore()
    assert import_bundle(tmp_path / "x.bundle", store).added == 1
    assert list(store.entries([old.key])) == [old]


@pytest.mark.parametrize("text", ["x", "", "a" * 100_000, "ab" * 2**18], ids=["short", "empty", "alike", "long"])
def test_an_entry_that_is_stored_plain_goes_through(tmp_path: Path, text: str) -> None:
    one = entry(1, text)
    export_bundle(store_of(one), [one.key], tmp_path / "x.bundle")
    with Cache(tmp_path / "cache") as cache:
        assert import_bundle(tmp_path / "x.bundle", cache).added == 1
        assert list(cache.entries([one.key])) == [one]
        assert cache.verify().is_good


def test_a_reply_that_is_there_stays_and_is_counted(file: Path) -> None:
    store = store_of(ENTRIES[0], ENTRIES[1]._replace(reply=Reply("mine", "stop")))
    report = import_bundle(file, store)
    assert (report.added, report.kept, report.different) == (3, 1, (ENTRIES[1].key,))
    assert store.get_many(KEYS)[ENTRIES[1].key].text == "mine"
    assert import_bundle(file, store).added == 0


def test_no_entries_are_a_bundle_too(tmp_path: Path) -> None:
    export_bundle(MemoryStore(), [], tmp_path / "x.bundle")
    assert import_bundle(tmp_path / "x.bundle", MemoryStore()).entries == 0


def test_an_export_needs_every_reply_and_leaves_nothing_behind_without(tmp_path: Path) -> None:
    with pytest.raises(MissingRepliesError, match="lacks 2 of 5 replies"):
        export_bundle(store_of(*ENTRIES[:3]), KEYS, tmp_path / "x.bundle")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_entry_is_not_exported(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        cache.put_many(ENTRIES)
        ((_, value),) = cache.values_of(KEYS[:1])
        write_raw(tmp_path / "cache", KEYS[0], value[:-1] + bytes([value[-1] ^ 1]))
        with pytest.raises(CacheError, match="checksum"):
            export_bundle(cache, KEYS, tmp_path / "x.bundle")
    assert not (tmp_path / "x.bundle").exists()


# --- what does not get in --------------------------------------------------------------------------------


def with_first(make: Callable[[Entry], tuple[bytes, bytes]]) -> Callable[[], bytes]:
    return lambda: sealed([make(ENTRIES[0]), *map(packed_entry, ENTRIES[1:])])


def refit(one: Entry, call: bytes | None = None, reply: bytes | None = None) -> tuple[bytes, bytes]:
    """The line of an entry with another call or another reply line, and all digests right for it."""
    own_reply, own_call = value_of(*one).split(b"\n")[0], one.call
    call, reply = own_call if call is None else call, own_reply if reply is None else reply
    key = hashlib.sha256(call).hexdigest()
    checksum = hashlib.sha256(key.encode() + b"\n" + reply).hexdigest()[:32]
    return packed_entry(one, key=key, checksum=checksum, frames=(stored_frame(call), stored_frame(reply)))


def refit_alone(**parts: bytes) -> Callable[[], bytes]:
    return lambda: sealed([refit(ENTRIES[0], **parts)])


REPLY = value_of(*ENTRIES[0]).split(b"\n")[0]
OWN = frames_of(pack(value_of(*ENTRIES[0])))
ALL = [packed_entry(one) for one in ENTRIES]
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no line": (lambda: b"\x50\x2a\x4d\x18", "cut short"),
    "another format": (lambda: sealed(ALL, format="x"), "not that of a bundle"),
    "a later version": (lambda: sealed(ALL, version=3), "version 3, not 2; use a newer"),
    "no count": (lambda: sealed(ALL, entries=None), "how many"),
    "a count below zero": (lambda: sealed(ALL, entries=-1), "how many"),
    "a count of truth": (lambda: sealed(ALL, entries=True), "how many"),
    "a spec of numbers": (lambda: sealed(ALL, spec=7), "how many"),
    "no JSON": (lambda: line(stored_frame(b"x")), "not a bundle"),
    "a list": (lambda: line(stored_frame(b"[]")), "not a bundle"),
    "a compressed first line": (lambda: line(zstandard.compress(b"{" * 400)), "compressed, or damaged"),
    "a long first line": (lambda: line(stored_frame(b" " * 2**17)), "another line belongs"),
    "more than counted": (lambda: sealed(ALL, entries=4), "another line belongs"),
    "fewer than counted": (lambda: sealed(ALL, entries=6), "missing or too long"),
    "an entry twice": (lambda: sealed([ALL[0], *ALL]), ":3: .*not sorted"),
    "another order": (lambda: sealed([ALL[1], ALL[0], *ALL[2:]]), ":3: .*not sorted"),
    "an entry left out": (lambda: sealed(ALL, end=sealed(ALL[1:])[-123:]), "checksum of the whole|line of a bundle"),
    "another key": (with_first(lambda one: packed_entry(one, key="0" * 64)), ":2: .*key is not the digest"),
    "another checksum": (with_first(lambda one: packed_entry(one, checksum="0" * 32)), ":2: .*checksum of the reply"),
    "a key in capitals": (with_first(lambda one: packed_entry(one, key=one.key.upper())), "key is not the digest"),
    "another beginning": (
        with_first(lambda one: packed_entry(one, pieces=(b'{"Call":', ALL[0][1], b"}\n"))),
        "not written as a bundle",
    ),
    "another end": (
        with_first(lambda one: packed_entry(one, pieces=(b'{"call":', ALL[0][1], b"}\r"))),
        "not written as a bundle",
    ),
    "other names": (
        with_first(lambda one: packed_entry(one, pieces=(b'{"call":', ALL[0][1].replace(b"reply", b"Reply"), b"}\n"))),
        "not written as a bundle",
    ),
    "a call of another entry": (
        with_first(lambda one: packed_entry(one, frames=(frames_of(pack(value_of(*ENTRIES[1]))).call, OWN.reply))),
        "key is not the digest",
    ),
    "a reply of another entry": (
        with_first(lambda one: packed_entry(one, frames=(OWN.call, frames_of(pack(value_of(*ENTRIES[1]))).reply))),
        "checksum of the reply",
    ),
    "bytes behind a frame": (
        with_first(lambda one: packed_entry(one, frames=(OWN.call + b"hidden", OWN.reply))),
        "cannot be unpacked",
    ),
    "two frames for one": (
        with_first(lambda one: packed_entry(one, frames=(OWN.call, OWN.reply + stored_frame(b"x")))),
        "cannot be unpacked",
    ),
    "a frame of no known size": (
        with_first(
            lambda one: packed_entry(
                one, frames=(OWN.call, zstandard.ZstdCompressor(write_content_size=False).compress(REPLY))
            )
        ),
        "far more than an entry|cannot be unpacked",
    ),
    "a bomb": (
        with_first(lambda one: packed_entry(one, frames=(OWN.call, zstandard.compress(bytes(2**24))))),
        "far more than an entry",
    ),
    "an empty frame": (lambda: sealed([packed_entry(ENTRIES[0], frames=(b"", OWN.reply))]), "missing or too long"),
    "no call": (refit_alone(call=b"{}"), "not the fields of a call"),
    "a call of numbers": (refit_alone(call=b"7"), "not the fields of a call"),
    "a call that is no JSON": (refit_alone(call=b"{"), "not an entry"),
    "a call with white space": (refit_alone(call=b" " + ENTRIES[0].call), "not canonical JSON"),
    "a reply with white space": (refit_alone(reply=REPLY + b" "), "not written as a reply"),
    "a reply with a field that says nothing": (
        refit_alone(reply=canonical_json({**json.loads(REPLY), "reasoning": ""})),
        "not written as a reply",
    ),
    "no reply": (refit_alone(reply=b"{}"), "not the fields of a reply"),
    "an unavailable reply": (
        refit_alone(reply=canonical_json({**json.loads(REPLY), "finish": "unavailable"})),
        "impossible",
    ),
    "another checksum of the whole": (
        lambda: sealed(ALL, end=line(stored_frame(canonical_json({"sha256": "0" * 64}) + b"\n"))),
        ":7: the checksum of the whole",
    ),
    "no last line": (lambda: sealed(ALL)[:-50], "cut short"),
    "something after the last line": (lambda: sealed(ALL) + b"x", "something follows"),
    "another bundle after it": (lambda: sealed(ALL) * 2, "something follows"),
    "a line with another beginning": (
        lambda: sealed(ALL).replace(b"\x50\x2a\x4d\x18\x08", b"\x51\x2a\x4d\x18\x08").replace(b"\x51", b"\x50", 1),
        "does not begin",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_a_bundle_with_one_thing_wrong_is_refused_as_a_whole(
    tmp_path: Path, make: Callable[[], bytes], message: str
) -> None:
    (tmp_path / "x.bundle").write_bytes(make())
    store = MemoryStore()
    with pytest.raises(BundleError, match=message):
        import_bundle(tmp_path / "x.bundle", store)
    assert store.held == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_changed_byte_changes_what_is_stored(file: Path, data: st.DataObject) -> None:
    packed = file.read_bytes()
    where = data.draw(st.integers(0, len(packed) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != packed[where]))
    other, store = file.with_suffix(".other"), MemoryStore()
    other.write_bytes(packed[:where] + bytes([byte]) + packed[where + 1 :])
    message = refusal(other, store)
    if message is None:  # some bits of a frame mean nothing
        assert list(store.entries(KEYS)) == ENTRIES
    else:
        assert other.name in message
        assert store.held == {}


def refusal(file: Path, store: MemoryStore) -> str | None:
    try:
        import_bundle(file, store)
    except BundleError as error:
        return str(error)
    return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.bundle"
    file.write_bytes(bundle.bundle_frames.BEGINNING + content)
    with pytest.raises(BundleError, match=re.escape(file.name)):
        import_bundle(file, MemoryStore())


def test_a_bundle_larger_than_any_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_BYTES", 500)
    store = MemoryStore()
    with pytest.raises(BundleError, match="far more than a bundle does"):
        import_bundle(file, store)
    assert store.held == {}


@pytest.mark.parametrize(("name", "value"), [("_BATCH", 2), ("_BATCH_BYTES", 1)])
def test_batches_of_any_size_store_the_same(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(bundle, name, value)
    store = MemoryStore()
    assert import_bundle(file, store).added == 5
    assert list(store.entries(KEYS)) == ENTRIES


def test_a_file_that_changes_while_it_is_read_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_BATCH", 5)
    other = sealed([packed_entry(one._replace(reply=one.reply._replace(text="x" * 5))) for one in ENTRIES])

    class Slow(MemoryStore):
        def get_many(self, keys: Any) -> dict[str, Reply]:
            raise AssertionError("nothing of it is looked up")

    real = bundle._grouped

    def grouped(*args: Any) -> Any:
        yield from real(*args)
        file.write_bytes(other)  # after the check, before anything is stored

    monkeypatch.setattr(bundle, "_grouped", grouped)
    with pytest.raises(BundleError, match=r"changed while it was read|cut short|line of a bundle|too long"):
        import_bundle(file, Slow())


# --- frames ----------------------------------------------------------------------------------------------


@given(st.integers(0, 1000) | st.sampled_from([255, 256, 65_791, 65_792, 2**17, 2**17 + 1, 2**18]))
def test_a_frame_without_compression_is_one_for_every_reader(size: int) -> None:
    content = b"a" * size
    frame = stored_frame(content)
    assert zstandard.ZstdDecompressor().decompress(frame) == content
    assert zstandard.frame_content_size(frame) == size
    if size <= 2**17:
        assert stored_content(frame) == content


@given(st.binary(max_size=40))
def test_other_bytes_are_no_such_frame(content: bytes) -> None:
    if content[:4] != b"\x28\xb5\x2f\xfd":
        with pytest.raises(ValueError, match="compressed, or damaged"):
            stored_content(content)


def test_frames_are_put_together_as_they_were() -> None:
    value = pack(value_of(*ENTRIES[0]))
    assert packed_of(frames_of(value)) == value
    plain = value_of(*entry(1))
    assert frames_of(plain) == Frames(
        stored_frame(plain.split(b"\n")[0]), stored_frame(entry(1).call), bytes.fromhex(plain[-32:].decode())
    )


@pytest.mark.parametrize(
    ("size", "head"), [(0, 0x20), (255, 0x20), (256, 0x60), (65_536, 0x60), (65_791, 0x60), (65_792, 0xA0)]
)
def test_a_stored_frame_says_its_size_in_the_fewest_bytes(size, head):
    frame = stored_frame(b"x" * size)
    assert frame[4] == head
    assert zstandard.frame_content_size(frame) == size
    assert zstandard.ZstdDecompressor().decompress(frame) == b"x" * size
