"""Batch files: the calls of a wave as lines, a file for each model, within the limits of providers."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from harness.atomic import mark_of, remove_abandoned, temporary
from harness.errors import InputError, StorageError
from harness.providers.batch_lines import OPENAI_BYTES, OPENAI_LINES, request_line
from harness.runner.batches.waves import WaitingCall
from harness.text import printable, quoted

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 60
_LEFT = re.compile(r"\.(.+-)?[0-9]+\.tmp")
"""The name of a folder whose files were being written when its process was killed."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A batch file.

    Attributes:
        path: where it is.
        model: name of the model in the spec.
        lines: number of calls.
        size: bytes.
    """

    path: Path
    model: str
    lines: int
    size: int


@dataclass
class _Open:
    path: Path
    handle: BinaryIO
    lines: int = 0
    size: int = 0


@dataclass
class RequestFiles:
    """Writes calls into batch files; a context manager. The files appear at the end, or not at all.

    They are written in a folder beside, which is renamed. A folder that exists may be the current one, so it is kept:
    the files are written in a folder in it, and moved.

    Attributes:
        folder: where they are written; it must not exist, or be empty.
        most_lines: lines of a file.
        most_bytes: bytes of a file.
        asks_format: whether lines ask for the `response_format` of calls.
        written: the files that are complete.
    """

    folder: Path
    most_lines: int = OPENAI_LINES
    most_bytes: int = OPENAI_BYTES
    asks_format: bool = True
    written: list[RequestFile] = field(default_factory=list)
    _open: dict[str, _Open] = field(default_factory=dict)
    _count: dict[str, int] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> RequestFiles:
        remove_abandoned(self._beside.parent, self._mark)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for model in list(self._open):
                    self._close(model)
                if self.written:
                    self._publish()
        finally:
            for one in self._open.values():
                with suppress(OSError):
                    one.handle.close()
            shutil.rmtree(self._beside, ignore_errors=True)

    @cached_property
    def _beside(self) -> Path:
        """The folder in which the files are written."""
        folder = self.folder.absolute()
        return (folder if folder.is_dir() else folder.parent) / temporary(self._mark)

    @cached_property
    def _mark(self) -> str:
        return mark_of("" if self.folder.is_dir() else self.folder.absolute().name)

    def _publish(self) -> None:
        """Move the files to their place."""
        try:
            if self._beside.parent != self.folder.absolute():
                self._beside.rename(self.folder)
                return
            for file in self.written:
                (self._beside / file.path.name).rename(file.path)
        except OSError as error:
            raise self._unwritable(self.folder, error) from error

    @property
    def has_lines(self) -> bool:
        """Whether any call was written."""
        return bool(self.written or self._open)

    def add(self, waiting: WaitingCall) -> None:
        """Write a call.

        Raises:
            InputError: where it is longer than a file may be.
            StorageError: where it cannot be written.
        """
        line = request_line(waiting.call, waiting.key, asks_format=self.asks_format)
        if len(line) > self.most_bytes:
            item = quoted(waiting.item)
            message = f"the call about item {item} has {len(line):,} bytes; a batch file has at most"
            raise InputError(f"{message} {self.most_bytes:,}", hint="leave the item out, or call the model directly")
        model = waiting.call.model.name
        file = self._open.get(model)
        if file is not None and (file.lines >= self.most_lines or file.size + len(line) > self.most_bytes):
            self._close(model)
            file = None
        if file is None:
            file = self._open[model] = self._started(model)
        try:
            file.handle.write(line)
        except OSError as error:
            raise self._unwritable(file.path, error) from error
        file.lines += 1
        file.size += len(line)

    def _started(self, model: str) -> _Open:
        self._count[model] = self._count.get(model, 0) + 1
        path = self.folder / f"{self._stem(model)}-{self._count[model]:03}.jsonl"
        try:
            self._beside.mkdir(parents=True, exist_ok=True)
            return _Open(path, (self._beside / path.name).open("wb"))
        except OSError as error:
            raise self._unwritable(path, error) from error

    def _close(self, model: str) -> None:
        file = self._open.pop(model)
        try:
            with file.handle:
                file.handle.flush()
                os.fsync(file.handle.fileno())
        except OSError as error:
            raise self._unwritable(file.path, error) from error
        self.written.append(RequestFile(file.path, model, file.lines, file.size))

    @staticmethod
    def _unwritable(path: Path, error: OSError) -> StorageError:
        reason = (error.strerror or str(error)).lower()
        return StorageError(f"cannot write {path}: {reason}", hint="free some space or choose another folder")

    def _stem(self, model: str) -> str:
        """The beginning of the names of a model's files, which no other model has."""
        if model not in self._names:
            stem = _OTHER.sub("-", model).strip("-.")[:LONGEST_NAME] or "model"
            taken = {name.casefold() for name in self._names.values()}
            number, name = 1, stem
            while name.casefold() in taken:
                number += 1
                name = f"{stem}-{number}"
            self._names[model] = name
        return self._names[model]


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything: files of an earlier wave would be run, and paid for, again.

    What a killed process left unfinished in it does not count.

    Raises:
        InputError: where it is no folder, or holds something.
    """
    if folder.is_dir():
        first = next((path for path in sorted(folder.iterdir()) if not _LEFT.fullmatch(path.name)), None)
        if first is not None:
            hint = "name a new folder for each wave, such as `--out batch/wave-2`"
            raise InputError(f"{printable(str(folder))} is not empty: it holds {quoted(first.name)}", hint=hint)
    elif folder.exists() or folder.is_symlink():
        raise InputError(f"{printable(str(folder))} is no folder", hint="name a new folder")
