"""Logs of inspect_ai in its binary form, `.eval`: one row for each sample and epoch.

A log is a ZIP file with `header.json` and one JSON file for each sample, compressed with deflate or Zstandard. The
columns are those of a sample (`id`, `epoch`, `input`, `target`, `output`, `scores`, `metadata`, …), and `eval`, what
the header says of the evaluation, such as `eval.model`. Logs in JSON are of the format `json`, with `rows: samples`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from harness.data.files import MAX_RATIO, RATIO_FREE_BYTES
from harness.data.json_rows import columns_of, parsed
from harness.data.rows import RowProblem, Rows
from harness.errors import DatasetError, Problem

SUMMARY = "logs of inspect_ai (`.eval`), one row for each sample and epoch"
ENDINGS = (".eval",)
IS_TEXT = False

HEADER = "header.json"
SAMPLES = "samples/"
MAX_SAMPLES = 1_000_000
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ZSTANDARD = 93
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError)


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a log."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            members = [one for one in archive.infolist() if one.filename.startswith(SAMPLES) and not one.is_dir()]
            _refuse_bomb(archive, path)
            header = _header(archive, file)
            rows, problems, present = [], list[RowProblem](), dict[str, None]()
            for number, sample in enumerate(_values(members, file), 1):
                if not isinstance(sample, dict):
                    problems.append(RowProblem(number, "is not the JSON object of a sample"))
                    continue
                sample["eval"] = header.get("eval")
                present.update(dict.fromkeys(sample))
                rows.append({name: sample.get(name) for name in wanted if name in sample})
    except _DAMAGED as error:
        raise DatasetError(Problem(message=f"is not a log of inspect_ai: {error}")) from None
    frame, _ = columns_of(rows, [name for name in wanted if name in present])
    return Rows(frame, tuple(present), lambda: range(1, frame.height + 1), unit="sample", problems=tuple(problems))


def _refuse_bomb(archive: zipfile.ZipFile, path: Path) -> None:
    members = archive.infolist()
    size = sum(one.file_size for one in members)
    if size > max(MAX_RATIO * path.stat().st_size, RATIO_FREE_BYTES) or len(members) > MAX_SAMPLES:
        raise DatasetError(Problem(message="unpacks to far more than a log does"))


def _header(archive: zipfile.ZipFile, file: BinaryIO) -> dict[str, Any]:
    """The header of a log; empty for one that was not finished."""
    member = next((one for one in archive.infolist() if one.filename == HEADER), None)
    value = None if member is None else next(_values([member], file))
    return value if isinstance(value, dict) else {}


def _values(members: Sequence[zipfile.ZipInfo], file: BinaryIO) -> Iterator[Any]:
    """The JSON of some members; None for one that is not JSON."""
    for member in members:
        try:
            yield parsed(_content(member, file))
        except ValueError:
            yield None


def _content(member: zipfile.ZipInfo, file: BinaryIO) -> bytes:
    """A member, unpacked to no more than the size that the archive states.

    The standard library's reader knows no Zstandard.
    """
    file.seek(member.header_offset)
    fields = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(fields[-2] + fields[-1], 1)
    packed = file.read(member.compress_size)
    if member.compress_type == zipfile.ZIP_STORED:
        return packed
    if member.compress_type == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.file_size)
    if member.compress_type != _ZSTANDARD:
        raise NotImplementedError(f"{member.filename} is compressed in a way that is not known")
    import zstandard

    try:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed)
        return reader.read(member.file_size)
    except zstandard.ZstdError as error:
        raise zipfile.BadZipFile(str(error)) from None
