"""Batch files: the calls of a wave as lines, a file for each model, within the limits of providers."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from harness.atomic import replacing
from harness.errors import InputError, StorageError
from harness.providers.batch_lines import OPENAI_BYTES, OPENAI_LINES, request_line
from harness.runner.batches.waves import WaitingCall
from harness.text import printable, quoted

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 60


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
    closing: ExitStack
    lines: int = 0
    size: int = 0


@dataclass
class RequestFiles:
    """Writes calls into batch files; a context manager. On an error no file remains.

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
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for model in list(self._open):
                self._close(model)
            return
        for one in self._open.values():
            one.closing.__exit__(kind, error, trace)
        for file in self.written:
            file.path.unlink(missing_ok=True)

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
            reason = (error.strerror or str(error)).lower()
            raise StorageError(f"cannot write {file.path}: {reason}", hint="free some space") from error
        file.lines += 1
        file.size += len(line)

    def _started(self, model: str) -> _Open:
        self._count[model] = self._count.get(model, 0) + 1
        path = self.folder / f"{self._stem(model)}-{self._count[model]:03}.jsonl"
        closing = ExitStack()
        return _Open(path, closing.enter_context(replacing(path)), closing)

    def _close(self, model: str) -> None:
        file = self._open.pop(model)
        file.closing.close()
        self.written.append(RequestFile(file.path, model, file.lines, file.size))

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

    Raises:
        InputError: where it is no folder, or holds something.
    """
    if folder.is_dir():
        first = next(iter(sorted(folder.iterdir())), None)
        if first is not None:
            hint = "name a new folder for each wave, such as `--out batch/wave-2`"
            raise InputError(f"{printable(str(folder))} is not empty: it holds {quoted(first.name)}", hint=hint)
    elif folder.exists() or folder.is_symlink():
        raise InputError(f"{printable(str(folder))} is no folder", hint="name a new folder")
