"""Parquet files made byte by byte, as no writer makes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

BYTE_ARRAY, FIXED_LENGTH = 6, 7
PLAIN, PREFIXES, BY_DICTIONARY = 0, 7, 8
ZSTD = 6
MARK = b"PAR1"
AT_ONCE = 2**20


class Page(NamedTuple):
    """A page.

    Attributes:
        payload: what is compressed.
        values: how many it says that it has.
        encoding: of the values.
        is_dictionary: whether it is the dictionary of the pages after it.
        claims: bytes that it says it unpacks to; None for the truth.
        zeros: bytes 0 that follow the payload.
    """

    payload: bytes
    values: int
    encoding: int = PLAIN
    is_dictionary: bool = False
    claims: int | None = None
    zeros: int = 0

    @property
    def length(self) -> int:
        """Bytes that it unpacks to."""
        return len(self.payload) + self.zeros

    def packed(self) -> bytes:
        """Header and compressed payload."""
        packer = zstandard.ZstdCompressor().compressobj(size=self.length)
        body = packer.compress(self.payload)
        for start in range(0, self.zeros, AT_ONCE):
            body += packer.compress(bytes(min(AT_ONCE, self.zeros - start)))
        body += packer.flush()
        header = {
            1: 2 if self.is_dictionary else 0,
            2: self.length if self.claims is None else self.claims,
            3: len(body),
        }
        if self.is_dictionary:
            header |= {7: {1: self.values, 2: PLAIN}}
        else:
            header |= {5: {1: self.values, 2: self.encoding, 3: 3, 4: 3}}
        return thrift(header) + body


def texts(*values: str) -> bytes:
    """Texts in the plain encoding."""
    return b"".join(len(each.encode()).to_bytes(4, "little") + each.encode() for each in values)


def write_column(
    path: Path, pages: Sequence[Page], rows: int, *, kind: int = BYTE_ARRAY, length: int = 0, groups: int = 1
) -> None:
    """Write a file of one column `t`.

    Args:
        path: where to.
        pages: of the column; the dictionary, if there is one, comes first.
        rows: how many a row group has.
        kind: type of the values.
        length: of each value, if all have the same.
        groups: row groups, all of which consist of the same pages.
    """
    packed = [page.packed() for page in pages]
    data = b"".join(packed)
    start = len(MARK)
    places = {9: start + (len(packed[0]) if pages[0].is_dictionary else 0)}
    if pages[0].is_dictionary:
        places[11] = start
    sizes = {6: sum(page.length for page in pages), 7: len(data)}
    column = {2: start, 3: {1: kind, 2: [PLAIN], 3: ["t"], 4: ZSTD, 5: rows, **sizes, **places}}
    leaf = {1: kind, **({2: length} if length else {}), 3: 0, 4: "t", **({6: 0} if kind == BYTE_ARRAY else {})}
    group = {1: [column], 2: sizes[6], 3: rows}
    footer = thrift({1: 1, 2: [{4: "root", 5: 1}, leaf], 3: rows * groups, 4: [group] * groups})
    path.write_bytes(MARK + data + footer + len(footer).to_bytes(4, "little") + MARK)


def thrift(struct: dict[int, Any]) -> bytes:
    """A struct in Thrift's compact protocol."""
    found, last = bytearray(), 0
    for field, value in sorted(struct.items()):
        found.append((field - last) << 4 | _kind(value))
        found += _value(value)
        last = field
    return bytes(found) + b"\0"


def varint(value: int) -> bytes:
    """A number without a sign, seven bits to a byte."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _kind(value: Any) -> int:
    return {int: 6, str: 8, list: 9, dict: 12}[type(value)]


def _value(value: Any) -> bytes:
    match value:
        case int():
            return varint(value << 1 ^ value >> 63)
        case str():
            return varint(len(value)) + value.encode()
        case list():
            kind = _kind(value[0])
            head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([240 | kind]) + varint(len(value))
            return head + b"".join(map(_value, value))
    return thrift(value)
