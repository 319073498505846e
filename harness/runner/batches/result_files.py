"""Files with the results of batches: an index by cache key, so that a file of any length is read line by line.

A file is untrusted: lines may be damaged, cut off, repeated, in any order, from another spec, or longer than any reply.
A line that cannot be used is a problem with its place, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from harness.errors import InputError, Problem
from harness.providers.batch_lines import key_in, read_line, shown_id

MOST_BYTES = 1 << 24
"""Of a line: as of the response to a single call."""
_STEP = 1 << 20
MOST_PROBLEMS = 1000
"""Problems that are kept; the rest is counted."""


class Place(NamedTuple):
    """Where a line is.

    Attributes:
        file: number of the file.
        offset: bytes before it.
        line: its number, from 1.
    """

    file: int
    offset: int
    line: int


class ResultFiles:
    """Results by cache key; a context manager that holds the files open.

    Args:
        paths: the files.

    Attributes:
        lines: number of lines that are not empty.
        repeated: lines whose key an earlier line has.
        bad: number of lines that cannot be used.
        problems: the first of these.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = list(paths)
        self.lines = self.repeated = self.bad = 0
        self.problems: list[Problem] = []
        self._first: dict[str, Place] = {}
        self._more: dict[str, list[Place]] = {}
        self._handles: list[BinaryIO] = []
        self._closing = ExitStack()

    def __enter__(self) -> ResultFiles:
        """Open the files and index them.

        Raises:
            InputError: where one is no file.
            OSError: where one cannot be read.
        """
        if others := [path for path in self.paths if path.exists() and not path.is_file()]:
            raise InputError(Problem(str(path), message="is no file", hint="name files") for path in others)
        with ExitStack() as opening:
            for number, path in enumerate(self.paths):
                handle = opening.enter_context(path.open("rb"))
                self._handles.append(handle)
                self._index(number, handle)
            self._closing = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def __contains__(self, key: str) -> bool:
        return key in self._first

    @property
    def keys(self) -> list[str]:
        """The keys, in the order of their first lines."""
        return list(self._first)

    def results(self, key: str) -> Iterator[Mapping[str, Any]]:
        """The results of a key, in the order of the files."""
        for place in [self._first[key], *self._more.get(key, ())]:
            handle = self._handles[place.file]
            handle.seek(place.offset)
            yield read_line(handle.readline(MOST_BYTES + 1))[1]

    def place_of(self, key: str) -> tuple[Path, int]:
        """File and line number of the first result of a key."""
        place = self._first[key]
        return self.paths[place.file], place.line

    def _index(self, number: int, handle: BinaryIO) -> None:
        offset = line = 0
        while text := handle.readline(MOST_BYTES + 1):
            line += 1
            place, size = Place(number, offset, line), len(text)
            if size > MOST_BYTES and not text.endswith(b"\n"):
                self.lines += 1
                size += _rest_of_line(handle)
                self._refuse(place, f"has {size:,} bytes, more than any reply")
            elif text.strip(b"\xef\xbb\xbf \t\r\n"):
                self._add(place, text)
            offset += size

    def _add(self, place: Place, text: bytes) -> None:
        self.lines += 1
        try:
            custom_id, _ = read_line(text)
        except ValueError as error:
            self._refuse(place, str(error))
            return
        key = key_in(custom_id)
        if key is None:
            self._refuse(place, f"its `custom_id` is no cache key: {shown_id(custom_id)}")
        elif key in self._first:
            self.repeated += 1
            self._more.setdefault(key, []).append(place)
        else:
            self._first[key] = place

    def _refuse(self, place: Place, message: str) -> None:
        self.bad += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(str(self.paths[place.file]), place.line, message=message))


def _rest_of_line(handle: BinaryIO) -> int:
    """Skip the rest of a line without keeping it; the number of bytes."""
    skipped = 0
    while piece := handle.readline(_STEP):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped
