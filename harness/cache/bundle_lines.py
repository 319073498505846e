"""Version 1 of a bundle: gzip of lines of canonical JSON, which any program reads.

{"entries":2,"format":"fellowship-bundle","spec":"quickstart","version":1}
{"call":{…},"key":"…","reply":{…},"sha256":"…"}          sorted by key, each key once
{"call":{…},"key":"…","reply":{…},"sha256":"…"}
{"sha256":"…"}                                            of all lines above
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, BinaryIO

import orjson

from harness.cache.entry import Entry, check_call, check_key, reply_line, reply_of
from harness.errors import BundleError
from harness.hashing import canonical_json

FORMAT = "fellowship-bundle"
VERSION = 1
LEVEL = 1
"""Of compression: twice as fast as the usual level for a tenth more bytes. The bytes of a bundle depend on it."""

MAX_LINE_BYTES = 2**24
MAX_LINES_BYTES = 2**36
MAX_RATIO = 200
"""Lines to file, in bytes. Text compresses about 5 to 1; a file made to fill a disk, 1,000 to 1."""
RATIO_FREE_BYTES = 2**20
"""Lines that may come before the ratio counts: a few small entries can be very alike."""

_PIECE_BYTES = 2**18
_BATCH = 200


def write_lines(entries: Iterable[Entry], count: int, spec: str, packed: gzip.GzipFile) -> int:
    """Write the lines of a bundle, and return the number of entries.

    Compressing takes most of the time and does not hold the interpreter, so that another thread does it meanwhile.
    """
    digest, lines = hashlib.sha256(), _lines_of(entries, count, spec)
    written = 0
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(packed.writelines, ())
        while batch := list(islice(lines, _BATCH)):
            for line in batch:
                digest.update(line)
            written += len(batch)
            writing.result()
            writing = pool.submit(packed.writelines, batch)
        writing.result()
    packed.write(_last_line(digest.hexdigest()))
    return written - 1


def _lines_of(entries: Iterable[Entry], count: int, spec: str) -> Iterator[bytes]:
    """All lines but the last."""
    yield canonical_json({"entries": count, "format": FORMAT, "spec": spec, "version": VERSION}) + b"\n"
    for entry in entries:
        yield _entry_line(entry)


def _entry_line(entry: Entry) -> bytes:
    """The line of an entry: canonical JSON, put together from parts that are canonical already."""
    reply = reply_line(entry.reply)
    digest = _digest(entry.call, reply)
    return b'{"call":%s,"key":"%s","reply":%s,"sha256":"%s"}\n' % (
        entry.call,
        entry.key.encode(),
        reply,
        digest.encode(),
    )


def _last_line(digest: str) -> bytes:
    return canonical_json({"sha256": digest}) + b"\n"


def _digest(call: bytes, reply: bytes) -> str:
    return hashlib.sha256(b"%s\n%s" % (reply, call)).hexdigest()


class LinesReader:
    """A bundle that is being read, line by line, every one of them checked.

    Args:
        handle: the file, at its beginning.
        wrong: makes the error for what is wrong with a line.

    Attributes:
        spec: name of the spec that it was made for.
        expected: how many entries it says it has.
    """

    def __init__(self, handle: BinaryIO, wrong: Callable[[int, str], BundleError]) -> None:
        self._make_error = wrong
        self._number = 0
        self._handle = handle
        self._digest = hashlib.sha256()
        self._lines = self._read_lines()
        header = self._parsed(self._next_line())
        self.spec: str = header.get("spec", "")
        self.expected: int = header.get("entries", -1)
        if header.get("format") != FORMAT:
            raise self._wrong("this is not a bundle")
        if header.get("version") != VERSION:
            raise self._wrong(
                f"this is a bundle of version {header.get('version')!r}, not {VERSION}; use a newer harness"
            )
        if type(self.expected) is not int or self.expected < 0 or type(self.spec) is not str:
            raise self._wrong("the first line does not say how many entries there are")

    def entries(self) -> Iterator[Entry]:
        """The entries, in the order of the file.

        Raises:
            BundleError: at the first thing that is not right.
        """
        last_key = ""
        for _ in range(self.expected):
            entry = self._entry(self._next_line())
            if entry.key <= last_key:
                raise self._wrong("the entries are not sorted by key, each once")
            last_key = entry.key
            yield entry
        digest = self._digest.hexdigest()
        if self._next_line() != _last_line(digest):
            raise self._wrong("the checksum of the whole is not right, or there are more entries than it says")
        if next(self._lines, None) is not None:
            raise self._wrong("something follows the last line")

    def _entry(self, line: bytes) -> Entry:
        fields = self._parsed(line)
        try:
            check_call(fields["call"])
            entry = Entry(fields["key"], canonical_json(fields["call"]), reply_of(fields["reply"]))
            check_key(entry.key, entry.call)
        except (KeyError, ValueError) as error:
            raise self._wrong(f"this is not an entry: {error}") from error
        if _entry_line(entry) != line:
            raise self._wrong("the checksum of the entry is not right, or it is not written as a bundle writes it")
        return entry

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            fields = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._wrong(f"this is not JSON: {error}") from error
        if not isinstance(fields, dict):
            raise self._wrong("this is not a JSON object")
        return fields

    def _next_line(self) -> bytes:
        """The next line, with its end; counted and added to the digest."""
        line = next(self._lines, None)
        if line is None:
            raise self._wrong("the bundle ends before its last line")
        self._number += 1
        self._digest.update(line)
        return line

    def _read_lines(self) -> Iterator[bytes]:
        rest = b""
        for piece in self._unpacked():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line + b"\n"
            if len(rest) > MAX_LINE_BYTES:
                raise self._wrong(f"a line is longer than {MAX_LINE_BYTES} bytes")
        if rest:
            yield rest

    def _unpacked(self) -> Iterator[bytes]:
        """The lines' bytes in pieces, never more of them in memory than a piece, however small the file is."""
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        read = unpacked = 0
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail
            if not packed:
                packed = self._handle.read(_PIECE_BYTES)
                read += len(packed)
            try:
                piece = unpacker.decompress(packed, _PIECE_BYTES)
            except zlib.error as error:
                raise self._wrong(f"this is not gzip, or it is damaged: {error}") from error
            if not packed and not piece and not unpacker.eof:
                raise self._wrong("the file is cut short")
            unpacked += len(piece)
            used = read - len(unpacker.unconsumed_tail)
            if unpacked > MAX_LINES_BYTES or unpacked > max(RATIO_FREE_BYTES, MAX_RATIO * used):
                raise self._wrong("the bundle unpacks to far more than a bundle does")
            yield piece
        if unpacker.unused_data or self._handle.read(1):
            raise self._wrong("something follows the end of the bundle")

    def _wrong(self, message: str) -> BundleError:
        return self._make_error(self._number, message)
