"""Bundles: the calls and replies of an experiment as one file that can be shared.

Version 2 (`harness.cache.bundle_frames`) holds the compressed calls and replies of a cache as they are; it is what is
written. Version 1 (`harness.cache.bundle_lines`) is gzip of JSON lines, which older versions of the harness read.

The same entries make the same bytes with the same compression libraries; others may compress to other bytes, which is
why the digests in a bundle are not those of the file. A bundle comes from anywhere: nothing in it is run or used as a
path, every key is recomputed from its call, and nothing is stored before the whole file has been read and found right.
"""

from __future__ import annotations

import gzip
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate, pairwise
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, TypeVar

from harness.atomic import replacing
from harness.cache import bundle_frames, bundle_lines
from harness.cache.bundle_frames import FramesReader, value_in, write_frames
from harness.cache.bundle_lines import LinesReader, write_lines
from harness.cache.counters import Counted
from harness.cache.entry import BundleSource, BundleStore, StoredValue, stored_reply, value_of
from harness.errors import BundleError, MissingRepliesError, Problem
from harness.records.reasoning import separated

T = TypeVar("T")
Version: TypeAlias = Literal[1, 2]

MAX_BYTES = 2**36
"""What all lines of a bundle may unpack to."""
_BATCH, _BATCH_BYTES = 1000, 2**25
"""The most entries that are stored together, and bytes of them with which a batch ends."""


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
    store: BundleSource, keys: Iterable[str], file: Path, *, spec: str = "", force: bool = False, version: Version = 2
) -> ExportReport:
    """Write the entries of some keys to a bundle, as a whole or not at all.

    Args:
        store: where they are.
        keys: of the calls, in any order.
        file: the bundle.
        spec: name of the spec that they belong to.
        force: whether a file that is there may be replaced.
        version: of the bundle.

    Raises:
        BundleError: where the file is there already.
        MissingRepliesError: where the store lacks some of the keys.
        StorageError: where the file cannot be written.
    """
    if file.exists() and not force:
        raise BundleError(Problem(file=str(file), message="the file is there already", hint="--force replaces it"))
    wanted = set(keys)
    with replacing(file) as handle:
        if version == bundle_frames.VERSION:
            written = write_frames(store.values_of(wanted), len(wanted), spec, handle.write)
        else:
            level = bundle_lines.LEVEL
            with gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=handle, mtime=0) as packed:
                written = write_lines(store.entries(wanted), len(wanted), spec, packed)
        missing = len(wanted) - written
        if missing:
            raise MissingRepliesError(
                f"the cache lacks {missing} of {len(wanted)} replies", hint="run the spec first; nothing was written"
            )
        handle.flush()
        size = handle.tell()
    return ExportReport(file, len(wanted), size)


def import_bundle(file: Path, store: BundleStore) -> ImportReport:
    """Check a bundle as a whole, then store what it holds; a reply that is there already stays.

    Raises:
        BundleError: where anything in the bundle is not right; nothing was stored.
        CacheError: where it cannot be stored.
    """

    def wrong(number: int, message: str) -> BundleError:
        return BundleError(Problem(file=str(file), line=number, message=message, hint="get the file again"))

    try:
        with file.open("rb") as handle:
            is_of_frames = handle.read(len(bundle_frames.BEGINNING)) == bundle_frames.BEGINNING
            handle.seek(0)
            bundle, batches = (_checked_frames if is_of_frames else _checked_lines)(handle, wrong)
            counts = _stored(batches, store)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BundleError(Problem(file=str(file), message=f"the bundle cannot be read: {reason}")) from error
    return ImportReport(file, bundle.spec, bundle.expected, *counts)


Wrong: TypeAlias = Callable[[int, str], BundleError]
"""Makes the error for what is wrong with a line."""
Batches: TypeAlias = Iterator[list[StoredValue]]
"""What a bundle holds, in the parts that are stored together."""


def _checked_lines(handle: BinaryIO, wrong: Wrong) -> tuple[LinesReader, Batches]:
    """A bundle of version 1 that was read and found right, and what it holds, which is read and checked again."""
    for _ in LinesReader(handle, wrong).entries():
        pass
    handle.seek(0)
    bundle = LinesReader(handle, wrong)
    values = (StoredValue(entry.key, value_of(*entry)) for entry in bundle.entries())
    return bundle, _grouped(values, lambda one: len(one.value))


def _checked_frames(handle: BinaryIO, wrong: Wrong) -> tuple[FramesReader, Batches]:
    """A bundle of version 2 that was read and found right, and what it holds, whose bytes are the same as then."""
    bundle = FramesReader(handle, wrong, MAX_BYTES)
    tokens, models, names = array("q"), array("L"), dict[str | None, int]()
    sizes = array("L")
    digests: list[tuple[int, bytes]] = []
    for batch in _grouped(bundle.entries(), lambda entry: len(entry.raw)):
        digests.append((len(batch), _digest(b"".join([entry.raw for entry in batch]))))
        sizes.extend(len(entry.raw) for entry in batch)
        tokens.extend(entry.counted.tokens for entry in batch)
        models.extend(names.setdefault(entry.counted.model, len(names)) for entry in batch)
    by_number = list(names)

    def batches() -> Batches:
        handle.seek(bundle.start)
        start = 0
        for count, digest in digests:
            ends = [0, *accumulate(sizes[start : start + count])]
            read = handle.read(ends[-1])
            if _digest(read) != digest:
                raise wrong(start + 2, "the file was changed while it was read")
            raw = (read[one:end] for one, end in pairwise(ends))
            counted = map(
                Counted, (by_number[at] for at in models[start : start + count]), tokens[start : start + count]
            )
            yield [StoredValue(*value_in(entry), one) for entry, one in zip(raw, counted, strict=True)]
            start += count

    return bundle, batches()


def _digest(entries: bytes) -> bytes:
    return blake2b(entries, digest_size=32).digest()


def _grouped(entries: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Entries in batches that do not fill the memory."""
    batch: list[T] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += size_of(entry)
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _stored(batches: Batches, store: BundleStore) -> tuple[int, int, tuple[str, ...]]:
    """Store what is not there; how many entries are new, how many were there, and the keys of those that differ."""
    added = kept = 0
    different: list[str] = []
    storing: Future[None] | None = None
    for batch in batches:
        there = store.get_many([one.key for one in batch])
        new = [one for one in batch if one.key not in there]
        old = [one for one in batch if one.key in there] if there else []
        unlike = [one.key for one in old if there[one.key] != separated(stored_reply(one.key, one.value))]
        before, storing = storing, store.put_values(new) if new else None
        if before is not None:
            before.result()  # one batch is stored while the next one is read
        added += len(new)
        kept += len(old) - len(unlike)
        different += unlike
    if storing is not None:
        storing.result()
    return added, kept, tuple(different)
