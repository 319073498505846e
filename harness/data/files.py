"""The files of a dataset: its shards, unpacked and in UTF-8, so that a format reads plain files only.

A path with `*`, `?` or `[…]`, or a folder, stands for several files, read in the order of their names. A file that
ends in `.gz` or `.zst` is unpacked into a temporary file, within bounds; text in UTF-16 or in a declared encoding is
rewritten as UTF-8.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec, VotesSpec

PACKED = (".gz", ".zst")
"""Endings of compressed files; the ending before them names the format."""

WILDCARDS = "*?["
MAX_SHARDS = 10_000
MAX_RATIO = 400
"""Largest ratio of unpacked to packed bytes. Text compresses about 10 to 1, a decompression bomb over 1,000 to 1."""
RATIO_FREE_BYTES = 2**26
"""Unpacked bytes that are allowed before the ratio counts."""
_BLOCK = 1 << 20
_PACKED_BLOCK = 1 << 11
"""Bytes unpacked at once, so that a decompression bomb is refused after 64 MB."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_ZEROS: Mapping[tuple[bool, ...], str] = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
"""Which of the first four bytes of ASCII text are 0."""
_NO_TEXT: Mapping[bytes, tuple[str, str]] = {
    b"PK\x03\x04": ("a zip archive, such as an Excel workbook", "save the sheet as CSV (UTF-8), or unpack the archive"),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook of an old version", "save the sheet as CSV (UTF-8)"),
    b"%PDF": ("a PDF", "export the table as CSV"),
    b"PAR1": ("Parquet", "say so with `format: parquet`, or let its name end in `.parquet`"),
    b"\x1f\x8b": ("compressed by gzip", "let its name end in `.gz`"),
    b"\x28\xb5\x2f\xfd": ("compressed by Zstandard", "let its name end in `.zst`"),
    b"BZh": ("compressed by bzip2", "unpack it"),
    b"\xfd7zX": ("compressed by xz", "unpack it"),
    b"SQLi": ("an SQLite database", "export the table as CSV"),
    b"Obj\x01": ("Avro", "write it as JSONL or Parquet"),
    b"ARRO": ("Arrow", "write it as Parquet"),
}
"""What a file is that begins with some bytes where a format expects text, and what to do."""
_MEMBERS = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}


def is_encoding(name: str) -> bool:
    """Whether a name is that of a text encoding."""
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def unpacked_name(name: str) -> str:
    """A file name without the ending of its compression, in lower case."""
    lower = name.lower()
    return next((lower.removesuffix(ending) for ending in PACKED if lower.endswith(ending)), lower)


def shards(path: Path) -> list[Path]:
    """The files that a path stands for, sorted by name; hidden files are passed over.

    Raises:
        DatasetError: where it stands for none, or for more than 10,000.
    """
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith((".", "_"))]
    elif any(mark in path.name for mark in WILDCARDS):
        found = [entry for entry in path.parent.glob(path.name) if entry.is_file() and not entry.name.startswith(".")]
    else:
        return [path]  # opening it says what is wrong
    if not found:
        is_deep = not path.parent.exists() and any(mark in str(path.parent) for mark in WILDCARDS)
        hint = "a pattern may stand in the last part of a path only" if is_deep else "check the folder and the pattern"
        raise DatasetError(Problem(message="no file matches", hint=hint))
    if len(found) > MAX_SHARDS:
        raise DatasetError(Problem(message=f"matches {len(found):,} files, at most {MAX_SHARDS:,} are read"))
    return sorted(found)


def files_of(source: DatasetSpec | VotesSpec) -> list[Path]:
    """The files of a dataset: its local copy of files on the Hub, or those that its path stands for.

    Raises:
        DatasetError: where there is none, or more than 10,000.
    """
    return list(source.files) or shards(source.path)


def content_digest(path: Path) -> str:
    """SHA-256 of the content of a file; of several, of the list of their names and digests."""
    files = shards(path)
    return _digest_of(files, is_one=len(files) == 1 and files[0] == path)


def source_digest(source: DatasetSpec | VotesSpec) -> str:
    """As `content_digest`, of the rows that a program gives, or of the files of a dataset."""
    if source.content is not None:
        return hashlib.sha256(source.content).hexdigest()
    if not source.files:
        return content_digest(source.path)
    return _digest_of(source.files, is_one=len(source.files) == 1)


def _digest_of(files: Sequence[Path], *, is_one: bool) -> str:
    digests = []
    for each in files:
        with each.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if is_one:
        return digests[0]
    whole = "".join(f"{file.name} {digest}\n" for file, digest in zip(files, digests, strict=True))
    return hashlib.sha256(whole.encode()).hexdigest()


@contextmanager
def plain_file(path: Path, *, encoding: str | None = None, is_text: bool = True) -> Iterator[Path]:
    """A path to the same content, unpacked and in UTF-8; the path itself where it is both already.

    Args:
        path: the file.
        encoding: of its text; UTF-8, or UTF-16 where a byte order mark says so, where it is None.
        is_text: whether the format is text; other files are never rewritten.

    Raises:
        DatasetError: where it cannot be unpacked or decoded, or unpacks to far more than a dataset does.
        OSError: where it cannot be read.
    """
    ending = path.suffix.lower()
    if ending in PACKED:
        with tempfile.TemporaryDirectory(prefix="harness-data-") as folder:
            whole = Path(folder) / "unpacked"
            _unpack(path, whole, ending)
            with _in_utf_8(whole, encoding, is_text=is_text) as plain:
                yield plain
        return
    with _in_utf_8(path, encoding, is_text=is_text) as plain:
        yield plain


def _unpack(path: Path, target: Path, ending: str) -> None:
    most = max(MAX_RATIO * path.stat().st_size, RATIO_FREE_BYTES)
    with path.open("rb") as file:
        if not file.read(4).startswith(_MEMBERS[ending]):
            raise DatasetError(Problem(message=f"ends in `{ending}` but is not compressed that way"))
    try:
        with target.open("wb") as file:
            size = 0
            for block in _from_gzip(path) if ending == ".gz" else _from_zstandard(path):
                size += len(block)
                if size > most:
                    raise DatasetError(Problem(message="unpacks to far more than a dataset does"))
                file.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(Problem(message=f"cannot be unpacked: {error}")) from None


def _from_gzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        while block := file.read(_BLOCK):
            yield block


def _from_zstandard(path: Path) -> Iterator[bytes]:
    """The content of all frames, one after the other.

    The library's stream reader accepts truncated files, so frames are checked here.

    Raises:
        EOFError: where the last frame is cut off, or where a frame is damaged.
    """
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    frame = decompressor.decompressobj()
    try:
        with path.open("rb") as file:
            while packed := file.read(_PACKED_BLOCK):
                while packed:
                    if frame.eof:
                        frame = decompressor.decompressobj()
                    yield frame.decompress(packed)
                    packed = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from None
    if not frame.eof:
        raise EOFError("the file is cut off")


def _refuse_nul(start: bytes) -> None:
    """Refuse text that begins with NUL bytes, as text in UTF-16 and UTF-32 without a byte order mark does."""
    if 0 not in start:
        return
    likely = _ZEROS.get(tuple(byte == 0 for byte in start))
    if likely is None:
        raise DatasetError(Problem(message="is not text: it begins with NUL bytes"))
    hint = f"say so with `encoding: {likely}`"
    raise DatasetError(Problem(message=f"looks like {likely.upper()} without a byte order mark", hint=hint))


@contextmanager
def _in_utf_8(path: Path, encoding: str | None, *, is_text: bool) -> Iterator[Path]:
    if not is_text:
        yield path
        return
    with path.open("rb") as file:
        start = file.read(4)
    for mark, (what, hint) in _NO_TEXT.items():
        if start.startswith(mark):
            raise DatasetError(Problem(message=f"is not text, but {what}", hint=hint))
    if encoding is None:
        if start.startswith(_UTF_32):
            encoding = "utf-32"
        elif start.startswith(_UTF_16):
            encoding = "utf-16"
        else:
            _refuse_nul(start)
            yield path
            return
    with tempfile.TemporaryDirectory(prefix="harness-data-") as folder:
        target = Path(folder) / "utf-8"
        try:
            with (
                path.open(encoding=encoding, newline="") as source,
                target.open("w", encoding="utf-8", newline="") as file,
            ):
                shutil.copyfileobj(source, file, _BLOCK)
        except UnicodeError as error:
            reason = str(error).partition(":")[0]
            message = f"is not {encoding}: {reason}"
            raise DatasetError(Problem(message=message, hint="say what it is with `encoding:`")) from None
        yield target
