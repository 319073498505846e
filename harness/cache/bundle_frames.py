r"""Version 2 of a bundle: the compressed calls and replies of a cache as they are.

The file is a series of Zstandard frames. Unpacked (`zstd -dc FILE`), it is lines of canonical JSON:

    {"entries":2,"format":"fellowship-bundle","spec":"quickstart","version":2}
    {"call":{…},"checksum":"…","key":"…","reply":{…}}        sorted by key, each key once
    {"call":{…},"checksum":"…","key":"…","reply":{…}}
    {"sha256":"…"}        of the first line, and of checksum and key of every entry as they are written

Each line begins with a skippable frame that holds the lengths of its compressed frames: those of a call and a reply are
the ones of `harness.cache.packing`, and the text between them is in frames of fixed length that are not compressed. The
key is the digest of its call, and the checksum that of the key and the reply, so the last line covers everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

import orjson

from harness.cache.counters import Counted, counted_of
from harness.cache.entry import check_call, checked_reply, checksum_of
from harness.cache.packed_frames import Frames, frames_of, packed_of, stored_content, stored_frame
from harness.cache.packing import unpack_alone
from harness.errors import BundleError
from harness.hashing import canonical_json

VERSION = 2
MAX_FRAME_BYTES = 2**24 + 2**12
"""Of the frame of a call or a reply, which unpacks to at most 16 MiB and may be stored without compression."""
MAX_FIRST_LINE_BYTES = 2**16
BLOCK_BYTES = 2**18
"""Read from the file at once."""

_LENGTHS = Struct("<IIII")
_SKIPPABLE = 0x184D2A50, 8
"""The magic number of a skippable frame, and the length of its content: two lengths."""
BEGINNING = _LENGTHS.pack(*_SKIPPABLE, 0, 0)[:4]
"""How a file of this version begins."""
_BEFORE, _AFTER = stored_frame(b'{"call":'), stored_frame(b"}\n")
_NAMES = b',"checksum":"%s","key":"%s","reply":'
_NAMES_BYTES = len(_NAMES % (b"0" * 32, b"0" * 64))
_NAMES_HEAD = stored_frame(bytes(_NAMES_BYTES))[:-_NAMES_BYTES]
_BETWEEN_BYTES = len(_NAMES_HEAD) + _NAMES_BYTES
_AROUND = len(_BEFORE) + _BETWEEN_BYTES + len(_AFTER)
_CALL_START = _LENGTHS.size + len(_BEFORE)
_CHECKSUM = slice(len(_NAMES_HEAD) + len(b',"checksum":"'), len(_NAMES_HEAD) + len(b',"checksum":"') + 32)
_KEY = slice(_CHECKSUM.stop + len(b'","key":"'), _CHECKSUM.stop + len(b'","key":"') + 64)
"""Places between the frames of a call and a reply."""


class CheckedEntry(NamedTuple):
    """An entry of a bundle that was found right.

    Attributes:
        raw: its bytes in the file.
        counted: what a cache counts of it.
    """

    raw: bytes
    counted: Counted


def write_frames(entries: Iterable[tuple[str, bytes]], count: int, spec: str, write: Callable[[bytes], object]) -> int:
    """Write a bundle, and return the number of entries.

    Args:
        entries: keys and stored values, which have a checksum, sorted by key.
        count: how many entries the first line announces.
        spec: name of the spec that they belong to.
        write: writes some bytes.
    """
    first = canonical_json({"entries": count, "format": "fellowship-bundle", "spec": spec, "version": VERSION}) + b"\n"
    digest = hashlib.sha256(first)
    write(_line(first))
    written = 0
    for key, value in entries:
        reply, call, checksum = frames_of(value)
        names = _NAMES % (checksum.hex().encode(), key.encode())
        digest.update(names)
        lengths = _LENGTHS.pack(*_SKIPPABLE, len(call), len(reply))
        write(b"".join((lengths, _BEFORE, call, _NAMES_HEAD, names, reply, _AFTER)))
        written += 1
    write(_line(_last_line(digest.hexdigest())))
    return written


def value_in(raw: bytes) -> tuple[str, bytes]:
    """The key and the packed value of a checked entry."""
    call, between, reply = _parts(raw)
    checksum = bytes.fromhex(between[_CHECKSUM].decode("ascii"))
    return between[_KEY].decode("ascii"), packed_of(Frames(reply, call, checksum))


def _parts(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """The frame of the call, the frame between, and the frame of the reply."""
    call_end = _CALL_START + _LENGTHS.unpack_from(raw)[2]
    reply_start = call_end + _BETWEEN_BYTES
    return raw[_CALL_START:call_end], raw[call_end:reply_start], raw[reply_start : -len(_AFTER)]


class FramesReader:
    """A bundle that is being read, every part of it checked.

    Args:
        handle: the file, at its beginning.
        wrong: makes the error for what is wrong with a line.
        most_bytes: what all lines may unpack to.

    Attributes:
        spec: name of the spec that it was made for.
        expected: how many entries it says it has.
        start: bytes of the file before the first entry.
    """

    def __init__(self, handle: BinaryIO, wrong: Callable[[int, str], BundleError], most_bytes: int) -> None:
        self._handle, self._make_error = handle, wrong
        self._number = 1
        self._left = most_bytes
        self._block, self._at = b"", 0
        self._first = self._plain_line()
        self.start = self._at
        self._digest = hashlib.sha256(self._first)
        try:
            header = orjson.loads(self._first)
            self.spec, self.expected = header["spec"], header["entries"]
            is_right = header["format"] == "fellowship-bundle" and canonical_json(header) + b"\n" == self._first
        except (ValueError, KeyError, TypeError):
            raise self._wrong("this is not a bundle") from None
        if header.get("version") != VERSION:
            message = f"this is a bundle of version {header.get('version')!r}, not {VERSION}; use a newer harness"
            raise self._wrong(message)
        if not is_right or type(self.spec) is not str or type(self.expected) is not int or self.expected < 0:
            raise self._wrong("the first line is not that of a bundle, or does not say how many entries there are")

    def entries(self) -> Iterator[CheckedEntry]:
        """The entries, in the order of the file.

        Raises:
            BundleError: at the first thing that is not right.
        """
        last_key = ""
        for raw in self._raw_entries():
            key, counted = self._checked(raw)
            if key <= last_key:
                raise self._wrong("the entries are not sorted by key, each once")
            last_key = key
            yield CheckedEntry(raw, counted)
        self._number += 1
        if self._plain_line() != _last_line(self._digest.hexdigest()):
            raise self._wrong("the checksum of the whole is not right, or there are more entries than it says")
        if self._at < len(self._block) or self._handle.read(1):
            raise self._wrong("something follows the last line")

    def _raw_entries(self) -> Iterator[bytes]:
        """The bytes of the entries, unchecked but for their lengths."""
        for _ in range(self.expected):
            self._number += 1
            call, reply = self._lengths()
            if not call or not reply or max(call, reply) > MAX_FRAME_BYTES:
                raise self._wrong("this is not an entry: a part of it is missing or too long")
            yield self._read(_LENGTHS.size + _AROUND + call + reply)

    def _checked(self, raw: bytes) -> tuple[str, Counted]:
        """The key of an entry, and what is counted of it."""
        call_frame, between, reply_frame = _parts(raw)
        try:
            call, line = unpack_alone(call_frame), unpack_alone(reply_frame)
            key = hashlib.sha256(call).hexdigest()
            names = _NAMES % (checksum_of(key, line), key.encode())
            if between != _NAMES_HEAD + names or not (raw.startswith(_BEFORE, _LENGTHS.size) and raw.endswith(_AFTER)):
                raise ValueError(_difference(between, names))
            fields = orjson.loads(call)
            check_call(fields)
            if canonical_json(fields) != call:
                raise ValueError("the call is not canonical JSON")
            reply = checked_reply(line)
        except ValueError as error:
            raise self._wrong(f"this is not an entry: {error}") from None
        self._left -= len(line) + len(call)
        if self._left < 0:
            raise self._wrong("the bundle unpacks to far more than a bundle does")
        self._digest.update(names)
        return key, counted_of(fields["model"], reply.prompt_tokens, reply.completion_tokens)

    def _plain_line(self) -> bytes:
        """The content of a line that is one frame without compression."""
        length, nothing = self._lengths()
        if nothing or length > MAX_FIRST_LINE_BYTES:
            raise self._wrong("this is not a bundle, or an entry is where another line belongs")
        try:
            return stored_content(self._read(_LENGTHS.size + length)[_LENGTHS.size :])
        except ValueError as error:
            raise self._wrong(f"a line is not written as a bundle writes it: {error}") from None

    def _lengths(self) -> tuple[int, int]:
        """The lengths in the beginning of the next line."""
        self._fill(_LENGTHS.size)
        magic, size, first, second = _LENGTHS.unpack_from(self._block, self._at)
        if (magic, size) != _SKIPPABLE:
            raise self._wrong("a line does not begin as a line of a bundle does")
        return first, second

    def _read(self, count: int) -> bytes:
        """The next bytes."""
        self._fill(count)
        start, self._at = self._at, self._at + count
        return self._block[start : self._at]

    def _fill(self, count: int) -> None:
        """Have so many bytes ahead in the block that was read."""
        if self._at + count > len(self._block):
            rest = self._block[self._at :]
            self._block, self._at = rest + self._handle.read(max(BLOCK_BYTES, count - len(rest))), 0
            if count > len(self._block):
                raise self._wrong("the file is cut short")

    def _wrong(self, message: str) -> BundleError:
        return self._make_error(self._number, message)


def _difference(between: bytes, names: bytes) -> str:
    """What is wrong between the frames of an entry that are right in themselves."""
    right = _NAMES_HEAD + names
    if between[_KEY] != right[_KEY]:
        return "the key is not the digest of the call"
    if between[_CHECKSUM] != right[_CHECKSUM]:
        return "the checksum of the reply is not right"
    return "it is not written as a bundle writes it"


def _line(content: bytes) -> bytes:
    """A line that is one frame without compression."""
    frame = stored_frame(content)
    return _LENGTHS.pack(*_SKIPPABLE, len(frame), 0) + frame


def _last_line(digest: str) -> bytes:
    return canonical_json({"sha256": digest}) + b"\n"
