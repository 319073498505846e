"""Bundles of version 1: the same entries are the same bytes, and nothing that is not right gets in."""

import gzip
import hashlib
import json
import os
import re
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cache import bundle, bundle_lines
from harness.cache.bundle import ExportReport, ImportReport, import_bundle
from harness.cache.bundle import export_bundle as export
from harness.cache.cache import Cache
from harness.errors import BundleError, MissingRepliesError, StorageError
from harness.hashing import canonical_json
from support.kept import entry
from support.worlds import MemoryStore

export_bundle = partial(export, version=1)


def store_of(*entries):
    store = MemoryStore()
    store.put_many(entries)
    return store


ENTRIES = sorted(entry(number) for number in range(5))
KEYS = [each.key for each in ENTRIES]


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "x.bundle"
    export_bundle(store_of(*ENTRIES), KEYS, file, spec="quickstart")
    return file


def lines_of(file):
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


def sealed(lines):
    """The lines of a bundle with a last line that is right for them."""
    return [*lines, canonical_json({"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}) + b"\n"]


def write(file, lines):
    file.write_bytes(gzip.compress(b"".join(lines), mtime=0))


# --- going out and in ------------------------------------------------------------------------------------


def test_a_bundle_carries_exactly_the_entries_that_were_asked_for(file, tmp_path):
    store = store_of(*ENTRIES, entry(77))
    report = export_bundle(store, [*KEYS, KEYS[0]], tmp_path / "y.bundle", spec="quickstart")
    assert report == ExportReport(tmp_path / "y.bundle", 5, (tmp_path / "y.bundle").stat().st_size)
    other = MemoryStore()
    assert import_bundle(tmp_path / "y.bundle", other) == ImportReport(tmp_path / "y.bundle", "quickstart", 5, 5, 0, ())
    assert list(other.entries(KEYS)) == ENTRIES
    assert len(other.held) == 5


def test_from_cache_to_cache(tmp_path):
    entries = sorted(entry(number) for number in range(450))
    keys = [each.key for each in entries]
    with Cache(tmp_path / "one") as one, Cache(tmp_path / "two") as two:
        one.put_many(entries)
        export_bundle(one, reversed(keys), tmp_path / "x.bundle")
        assert import_bundle(tmp_path / "x.bundle", two).added == 450
        assert list(two.entries(keys)) == entries
        export_bundle(two, keys, tmp_path / "y.bundle")
    assert (tmp_path / "x.bundle").read_bytes() == (tmp_path / "y.bundle").read_bytes()


def test_the_same_entries_are_the_same_bytes(file, tmp_path):
    again = tmp_path / "a folder that is not there yet" / "other name"
    export_bundle(store_of(*reversed(ENTRIES)), reversed(KEYS), again, spec="quickstart")
    assert again.read_bytes() == file.read_bytes()
    assert file.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\4\xff"  # neither time nor name


def test_what_the_lines_say_is_pinned(tmp_path):
    file = tmp_path / "x.bundle"
    export_bundle(store_of(entry(0)), [entry(0).key], file, spec="s")
    header, line, last = lines_of(file)
    assert header == b'{"entries":1,"format":"fellowship-bundle","spec":"s","version":1}\n'
    assert (
        line
        == (
            '{"call":{"draw":0,"key":1,"messages":[{"content":"question 0 \u2028 \\u001b[31m","role":"user"}],'
            '"model":"m","params":{"temperature":0}},'
            '"key":"' + entry(0).key + '",'
            '"reply":{"completion_tokens":0,"finish":"stop","prompt_tokens":10,"served_model":"m-1",'
            '"text":"answer 0\\n\\u0000…"},'
            '"sha256":"' + json.loads(line)["sha256"] + '"}\n'
        ).encode()
    )
    assert json.loads(last) == {"sha256": hashlib.sha256(header + line).hexdigest()}


def test_no_entries_are_a_bundle_too(tmp_path):
    export_bundle(MemoryStore(), [], tmp_path / "x.bundle")
    assert import_bundle(tmp_path / "x.bundle", MemoryStore()).entries == 0


def test_a_reply_that_is_there_stays_and_is_counted(file):
    store = store_of(ENTRIES[0], entry(1, "mine"))
    report = import_bundle(file, store)
    assert (report.added, report.kept, report.different) == (3, 1, (entry(1).key,))
    assert store.get_many([entry(1).key])[entry(1).key].text == "mine"
    assert import_bundle(file, store).added == 0


def test_an_export_needs_every_reply_and_leaves_nothing_behind_without(tmp_path):
    with pytest.raises(MissingRepliesError, match="lacks 2 of 5 replies"):
        export_bundle(store_of(*ENTRIES[:3]), KEYS, tmp_path / "x.bundle")
    assert list(tmp_path.iterdir()) == []


def test_an_export_overwrites_nothing_unless_it_is_told_to(file):
    before = file.read_bytes()
    with pytest.raises(BundleError, match="there already; --force"):
        export_bundle(store_of(*ENTRIES), KEYS[:2], file)
    assert file.read_bytes() == before
    export_bundle(store_of(*ENTRIES), KEYS[:2], file, force=True)
    assert import_bundle(file, MemoryStore()).entries == 2


def test_an_export_to_a_place_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(StorageError, match="cannot write"):
        export_bundle(store_of(*ENTRIES), KEYS, tmp_path / "x" / "x.bundle")


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(BundleError, match="cannot be read: no such file"):
        import_bundle(tmp_path / "x.bundle", MemoryStore())


# --- what does not get in --------------------------------------------------------------------------------


def changed(line, **values):
    return canonical_json({**json.loads(line), **values}) + b"\n"


def rechecked(line, **values):
    """An entry that was changed, with a checksum that is right for it."""
    fields = {**json.loads(line), **values}
    kept = canonical_json(fields["reply"]) + b"\n" + canonical_json(fields["call"])
    return canonical_json({**fields, "sha256": hashlib.sha256(kept).hexdigest()}) + b"\n"


def body(edit):
    """Change the lines before the last one, and make the last one right again."""
    return lambda lines: sealed(edit(lines[:-1]))


BAD_LINES = {
    "nothing": (lambda lines: [], "ends before its last line"),
    "no JSON": (lambda lines: [b"hello\n"], ":1: this is not JSON"),
    "no object": (lambda lines: [b"[]\n"], "not a JSON object"),
    "deep JSON": (lambda lines: [b"[" * 100_000 + b"\n"], "not JSON"),
    "another format": (lambda lines: [b"{}\n"], "this is not a bundle"),
    "a later version": (body(lambda lines: [changed(lines[0], version=2), *lines[1:]]), "version 2, not 1"),
    "no count": (body(lambda lines: [changed(lines[0], entries=None), *lines[1:]]), "how many"),
    "a count below zero": (body(lambda lines: [changed(lines[0], entries=-1), *lines[1:]]), "how many"),
    "a count of truth": (body(lambda lines: [changed(lines[0], entries=True), *lines[1:]]), "how many"),
    "a spec of numbers": (body(lambda lines: [changed(lines[0], spec=7), *lines[1:]]), "how many"),
    "more than counted": (body(lambda lines: [changed(lines[0], entries=4), *lines[1:]]), "more entries"),
    "fewer than counted": (body(lambda lines: [changed(lines[0], entries=6), *lines[1:]]), "not an entry"),
    "an entry left out": (body(lambda lines: lines[:3] + lines[4:]), "not an entry"),
    "an entry twice": (body(lambda lines: [*lines[:2], lines[1], *lines[3:]]), ":3: .*not sorted"),
    "another order": (body(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]]), ":3: .*not sorted"),
    "another key": (body(lambda lines: [lines[0], changed(lines[1], key="0" * 64), *lines[2:]]), "not the digest"),
    "a key of numbers": (body(lambda lines: [lines[0], changed(lines[1], key=7), *lines[2:]]), "not the digest"),
    "another call": (
        body(lambda lines: [lines[0], rechecked(lines[1], call=json.loads(lines[2])["call"]), *lines[2:]]),
        ":2: .*not the digest",
    ),
    "no call": (body(lambda lines: [lines[0], rechecked(lines[1], call=None), *lines[2:]]), "not the fields of a call"),
    "another reply": (
        body(lambda lines: [lines[0], changed(lines[1], reply=json.loads(lines[2])["reply"]), *lines[2:]]),
        ":2: the checksum of the entry",
    ),
    "no reply": (body(lambda lines: [lines[0], rechecked(lines[1], reply=None), *lines[2:]]), "not the fields"),
    "an unavailable reply": (
        body(
            lambda lines: [
                lines[0],
                rechecked(lines[1], reply=json.loads(lines[1])["reply"] | {"finish": "unavailable"}),
                *lines[2:],
            ]
        ),
        "impossible",
    ),
    "a missing field": (body(lambda lines: [lines[0], b"{}\n", *lines[2:]]), "not an entry"),
    "a field more": (
        body(lambda lines: [lines[0], changed(lines[1], path="../../x"), *lines[2:]]),
        "checksum of the entry",
    ),
    "a pickle": (body(lambda lines: [lines[0], b"\x80\x04]\x94.\n", *lines[2:]]), "not JSON"),
    "an empty line": (body(lambda lines: [lines[0], b"\n", *lines[1:]]), "not JSON"),
    "other white space": (body(lambda lines: [lines[0], b" " + lines[1], *lines[2:]]), "written as a bundle"),
    "another checksum": (
        lambda lines: [*lines[:-1], canonical_json({"sha256": "0" * 64}) + b"\n"],
        ":7: the checksum of the whole",
    ),
    "no checksum": (lambda lines: lines[:-1], "ends before its last line"),
    "no last newline": (lambda lines: [*lines[:-1], lines[-1].rstrip()], "checksum of the whole"),
    "a line after the last": (lambda lines: [*lines, b"{}\n"], "something follows the last line"),
}


@pytest.mark.parametrize(("edit", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bundle_with_one_thing_wrong_is_refused_as_a_whole(file, edit, message):
    write(file, edit(lines_of(file)))
    store = MemoryStore()
    with pytest.raises(BundleError, match=message):
        import_bundle(file, store)
    assert store.held == {}


BAD_FILES = {
    "an empty file": (lambda packed: b"", "cut short"),
    "no gzip": (lambda packed: b"hello", "not gzip"),
    "cut short": (lambda packed: packed[:-9], "cut short"),
    "cut in its checksum": (lambda packed: packed[:-1], "cut short"),
    "another checksum": (lambda packed: packed[:-8] + bytes(8), "damaged"),
    "garbage after it": (lambda packed: packed + b"x", "follows the end"),
    "zeros after it": (lambda packed: packed + bytes(512), "follows the end"),
    "another gzip after it": (lambda packed: packed + gzip.compress(b""), "follows the end"),
}


@pytest.mark.parametrize(("edit", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_damaged_file_is_refused_as_a_whole(file, edit, message):
    file.write_bytes(edit(file.read_bytes()))
    store = MemoryStore()
    with pytest.raises(BundleError, match=message):
        import_bundle(file, store)
    assert store.held == {}


def test_nothing_of_a_bundle_is_stored_before_its_last_line_was_checked(file, monkeypatch):
    monkeypatch.setattr(bundle, "_BATCH", 1)
    write(file, [*lines_of(file)[:-1], canonical_json({"sha256": "0" * 64}) + b"\n"])
    store = MemoryStore()
    with pytest.raises(BundleError, match="the checksum of the whole is not right"):
        import_bundle(file, store)
    assert store.held == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_changed_byte_gets_in(file, data):
    lines = b"".join(lines_of(file))
    where = data.draw(st.integers(0, len(lines) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[where]))
    other, store = file.with_suffix(".other"), MemoryStore()
    write(other, [lines[:where], bytes([byte]), lines[where + 1 :]])
    with pytest.raises(BundleError, match=re.escape(other.name)):
        import_bundle(other, store)
    assert store.held == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_refused_in_words(tmp_path, content, is_packed):
    file = tmp_path / "x.bundle"
    file.write_bytes(gzip.compress(content) if is_packed else content)
    with pytest.raises(BundleError, match=re.escape(file.name)):
        import_bundle(file, MemoryStore())


# --- bombs -----------------------------------------------------------------------------------------------


def test_a_line_without_end_is_given_up(file, monkeypatch):
    monkeypatch.setattr(bundle_lines, "MAX_LINE_BYTES", 2**19)
    write(file, [os.urandom(2**20).hex().encode()])
    with pytest.raises(BundleError, match="a line is longer than"):
        import_bundle(file, MemoryStore())


def test_a_bomb_is_given_up_early(file):
    one = entry(1, " " * 2**21)
    export_bundle(store_of(one), [one.key], file, force=True)
    write(file, lines_of(file))  # compressed as much as it can be
    assert file.stat().st_size < 2**12
    with pytest.raises(BundleError, match="far more than a bundle does"):
        import_bundle(file, MemoryStore())


def test_a_bundle_larger_than_any_is_given_up(file, monkeypatch):
    monkeypatch.setattr(bundle_lines, "MAX_LINES_BYTES", 500)
    with pytest.raises(BundleError, match="far more than a bundle does"):
        import_bundle(file, MemoryStore())


def test_a_file_in_small_pieces_is_read_all_the_same(file, monkeypatch):
    monkeypatch.setattr(bundle_lines, "_PIECE_BYTES", 3)
    assert import_bundle(file, MemoryStore()).added == 5


def test_an_old_reply_with_reasoning_in_its_text_goes_through_a_bundle_unchanged(file, tmp_path):
    old = entry(1, "<think>Verdict: A</think>\n\nVerdict: B")
    export_bundle(store_of(old), [old.key], file, force=True)
    with Cache(tmp_path / "cache") as cache:
        assert import_bundle(file, cache).added == 1
        assert list(cache.entries([old.key])) == [old]
        again = import_bundle(file, cache)
        assert (again.kept, again.different) == (1, ())
