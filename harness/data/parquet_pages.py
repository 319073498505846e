"""What the pages of a Parquet file unpack to, by their headers; nothing is unpacked.

The footer lists the chunks of each column, and a chunk is a sequence of pages. Each page begins with a header that has
its size packed and unpacked; readers allocate the latter. Footer and headers are structs in Thrift's compact protocol.
Source: https://github.com/apache/parquet-format, `parquet.thrift`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, BinaryIO, NamedTuple

MARK_BYTES = 4
HEADER_BYTES = 512
"""Read of a page at first; a header with long statistics has more."""
SMALLEST_PAGE = 16
"""Bytes of a page with its header, in a file that is larger than `FREE_PAGES` such pages."""
FREE_PAGES = 100_000
DEEPEST = 16
"""Levels of structs and lists in each other; the format has 8."""
FIXED_LENGTH, PREFIXES = 7, 7
"""The type of values of one length, and the encoding in which a value shares its beginning with the one before."""


class MalformedPages(Exception):  # noqa: N818 - what a file has
    """The footer or a page does not follow the format."""


class Chunk(NamedTuple):
    """What a chunk of a column unpacks to.

    Attributes:
        unpacked: bytes of its pages.
        values: how many values it has, the nulls included.
    """

    unpacked: int
    values: int


def chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Each chunk of a file, whose pages are read one header at a time.

    Raises:
        MalformedPages: where a reader could not follow either.
    """
    size = file.seek(0, os.SEEK_END)
    footer = _footer(file, size)
    widths = _widths(_list(footer, 2))
    left = max(FREE_PAGES, size // SMALLEST_PAGE)
    for group in _list(footer, 4):
        if not isinstance(group, dict):
            raise MalformedPages("a row group is no struct")
        for column, width in zip_longest(columns := _list(group, 1), widths[: len(columns)], fillvalue=0):
            found = column.get(3) if isinstance(column, dict) else None
            if not isinstance(found, dict):
                raise MalformedPages("a chunk does not say where its pages are")
            start = _number(found, 11) or _number(found, 9)  # the dictionary comes before the data
            end = min(start + _number(found, 7), size)
            unpacked = seen = 0
            for page in _pages(file, start, end, wanted=_number(found, 5)):
                left -= 1
                if left < 0:
                    raise MalformedPages("there are more pages than fit into the file")
                seen += page.values
                unpacked += page.unpacked * (page.values if page.is_by_prefixes else 1)
            values = max(seen, _number(found, 5), _number(group, 3))
            yield Chunk(unpacked + values * width, values)


class RowGroup(NamedTuple):
    """What the footer says of a row group.

    Attributes:
        rows: their number.
        unpacked: bytes of its pages.
    """

    rows: int
    unpacked: int


def row_groups(file: BinaryIO) -> list[RowGroup]:
    """The row groups of a file.

    Raises:
        MalformedPages: as `chunks`.
    """
    groups = _list(_footer(file, file.seek(0, os.SEEK_END)), 4)
    return [RowGroup(_number(group, 3), _number(group, 2)) for group in groups if isinstance(group, dict)]


class _Page(NamedTuple):
    unpacked: int
    values: int
    is_by_prefixes: bool


def _pages(file: BinaryIO, start: int, end: int, *, wanted: int) -> Iterator[_Page]:
    """The pages from a place on; what follows the last value that a chunk has may be anything."""
    seen = 0
    while start < end:
        try:
            header, length = _header(file, start)
            unpacked, packed = _number(header, 2), _number(header, 3)
        except MalformedPages:
            if seen >= wanted:
                return
            raise
        data = header.get(5) or header.get(8) or {}
        values = _number(data, 1) if isinstance(data, dict) else 0
        encoding = _number(data, 4 if header.get(8) else 2) if isinstance(data, dict) else 0
        yield _Page(unpacked, values, encoding == PREFIXES)
        seen += values
        start += length + packed


def _header(file: BinaryIO, start: int) -> tuple[dict[int, Any], int]:
    """The header of the page at a place, and its length."""
    length = HEADER_BYTES
    while True:
        file.seek(start)
        data = file.read(length)
        try:
            found = _Reader(data)
            return found.struct(), found.at
        except IndexError:
            if len(data) < length:
                raise MalformedPages("the file ends in the header of a page") from None
            length *= 16


def _footer(file: BinaryIO, size: int) -> dict[int, Any]:
    file.seek(max(0, size - 2 * MARK_BYTES))
    length = int.from_bytes(file.read(MARK_BYTES), "little")
    if length > size - 3 * MARK_BYTES:
        raise MalformedPages("the footer is longer than the file")
    file.seek(size - 2 * MARK_BYTES - length)
    try:
        return _Reader(file.read(length)).struct()
    except IndexError:
        raise MalformedPages("the footer ends in the middle of a value") from None


def _widths(schema: list[Any]) -> list[int]:
    """For each column, in order, the bytes of a value where all have the same length, else 0."""
    leaves = [one for one in schema if isinstance(one, dict) and not _number(one, 5)]
    return [_number(one, 2) if one.get(1) == FIXED_LENGTH else 0 for one in leaves]


def _number(struct: dict[int, Any], field: int) -> int:
    value = struct.get(field, 0)
    if not isinstance(value, int) or value < 0:
        raise MalformedPages(f"field {field} is no size")
    return value


def _list(struct: dict[int, Any], field: int) -> list[Any]:
    value = struct.get(field, [])
    if not isinstance(value, list):
        raise MalformedPages(f"field {field} is no list")
    return value


class _Reader:
    """Reads values in Thrift's compact protocol. A read beyond the end raises IndexError.

    Attributes:
        at: the place of the next byte.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._depth = 0
        self.at = 0

    def struct(self) -> dict[int, Any]:
        """A struct, by the numbers of its fields."""
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            field = field + step if step else self._signed()
            found[field] = kind == 1 if kind in (1, 2) else self._value(kind)
        return found

    def _value(self, kind: int) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise MalformedPages(f"values are nested deeper than {DEEPEST}")
        found = self._read(kind)
        self._depth -= 1
        return found

    def _read(self, kind: int) -> Any:
        match kind:
            case 1 | 2:  # in a list
                return self._byte() == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._varint())
            case 9 | 10:
                head = self._byte()
                count = head >> 4
                return [self._value(head & 15) for _ in range(self._varint() if count == 15 else count)]
            case 11:
                count = self._varint()
                kinds = self._byte() if count else 0
                return [(self._value(kinds >> 4), self._value(kinds & 15)) for _ in range(count)]
            case 12:
                return self.struct()
        raise MalformedPages(f"there is no type {kind}")

    def _byte(self) -> int:
        value = self._data[self.at]
        self.at += 1
        return value

    def _bytes(self, length: int) -> bytes:
        if self.at + length > len(self._data):
            raise IndexError
        self.at += length
        return self._data[self.at - length : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise MalformedPages("a number has more than 64 bits")

    def _signed(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
