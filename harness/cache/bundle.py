"""Bundles: the calls and replies of an experiment as one file that can be shared.

A bundle is gzip of lines of canonical JSON:

    {"entries":2,"format":"fellowship-bundle","spec":"quickstart","version":1}
    {"call":{…},"key":"…","reply":{…},"sha256":"…"}          sorted by key, each key once
    {"call":{…},"key":"…","reply":{…},"sha256":"…"}
    {"sha256":"…"}                                            of all lines above

The same entries make the same lines, and with the same zlib the same file; another build of zlib may compress to
other bytes, which is why the last line is a digest of the lines and not of the file. A bundle comes from anywhere:
nothing in it is run or used as a path, every key is recomputed from its call, and nothing is stored before the
whole file has been read and found right.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from harness.atomic import replacing
from harness.cache.entry import Entry, EntrySource, Store, check_call, check_key, reply_line, reply_of
from harness.errors import BundleError, MissingRepliesError, Problem
from harness.hashing import canonical_json
from harness.records.reasoning import separated

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


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        file: the bundle.
        entries: how many calls and replies are in it.
        file_bytes: its size.
    """

    file: Path
    entries: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and stored.

    Attributes:
        file: the bundle.
        spec: name of the spec that it was made for, "" where it does not say.
        entries: how many calls and replies are in it.
        added: how many of them were new.
        kept: how many were there already, with the same reply.
        different: keys that were there with another reply, which stays.
    """

    file: Path
    spec: str
    entries: int
    added: int
    kept: int
    different: tuple[str, ...]


def export_bundle(
    store: EntrySource, keys: Iterable[str], file: Path, *, spec: str = "", force: bool = False
) -> ExportReport:
    """Write the entries of some keys to a bundle, as a whole or not at all.

    Args:
        store: where they are.
        keys: of the calls, in any order.
        file: the bundle.
        spec: name of the spec that they belong to.
        force: whether a file that is there may be replaced.

    Raises:
        BundleError: where the file is there already.
        MissingRepliesError: where the store lacks some of the keys.
        StorageError: where the file cannot be written.
    """
    if file.exists() and not force:
        raise BundleError(Problem(file=str(file), message="the file is there already", hint="--force replaces it"))
    wanted = set(keys)
    with replacing(file) as handle:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=handle, mtime=0) as packed:
            written = _write_lines(_lines_of(store, wanted, spec), packed)
        missing = len(wanted) - (written - 1)
        if missing:
            raise MissingRepliesError(
                f"the cache lacks {missing} of {len(wanted)} replies", hint="run the spec first; nothing was written"
            )
        handle.flush()
        size = handle.tell()
    return ExportReport(file, len(wanted), size)


def _write_lines(lines: Iterator[bytes], packed: gzip.GzipFile) -> int:
    """Write lines and the line with their digest, and return the number of lines before it.

    Compressing takes most of the time and does not hold the interpreter, so that another thread does it meanwhile.
    """
    digest = hashlib.sha256()
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
    return written


def import_bundle(file: Path, store: Store) -> ImportReport:
    """Check a bundle as a whole, then store what it holds; a reply that is there already stays.

    Raises:
        BundleError: where anything in the bundle is not right; nothing was stored.
        CacheError: where it cannot be stored.
    """
    added = kept = 0
    different: list[str] = []
    try:
        with file.open("rb") as handle:
            for _ in _Bundle(file, handle).entries():
                pass
            handle.seek(0)
            bundle = _Bundle(file, handle)
            entries = bundle.entries()
            storing: list[Future[None]] = []
            while batch := list(islice(entries, _BATCH)):
                there = store.get_many([entry.key for entry in batch])
                new = [entry for entry in batch if entry.key not in there]
                old = [entry for entry in batch if entry.key in there]
                unlike = [entry.key for entry in old if there[entry.key] != separated(entry.reply)]
                before, storing = storing, [store.put(*entry) for entry in new]
                for stored in before:  # one batch is stored while the next one is read
                    stored.result()
                added += len(new)
                kept += len(batch) - len(new) - len(unlike)
                different += unlike
            for stored in storing:
                stored.result()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BundleError(Problem(file=str(file), message=f"the bundle cannot be read: {reason}")) from error
    return ImportReport(file, bundle.spec, bundle.expected, added, kept, tuple(different))


def _lines_of(store: EntrySource, keys: set[str], spec: str) -> Iterator[bytes]:
    """All lines but the last."""
    yield canonical_json({"entries": len(keys), "format": FORMAT, "spec": spec, "version": VERSION}) + b"\n"
    for entry in store.entries(keys):
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


class _Bundle:
    """A bundle that is being read, line by line, every one of them checked.

    Attributes:
        spec: name of the spec that it was made for.
        expected: how many entries it says it has.
    """

    def __init__(self, file: Path, handle: BinaryIO) -> None:
        self._file = file
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
        return BundleError(
            Problem(
                file=str(self._file),
                line=self._number,
                message=message,
                hint="get the file again",
            )
        )
