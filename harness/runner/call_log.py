"""A log of calls as JSON lines: what was sent, how long it took and what came back.

`schemas/output/call-log.schema.json` describes a line.

A log holds no text of a prompt or a reply, and no key: keys are removed from endpoint messages. Lines are written
when a buffer is full, and at regular intervals. An existing log is appended to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from harness.errors import StorageError

if TYPE_CHECKING:
    from harness.runner.session import CallNote

FLUSH_AFTER_S = 1.0
"""Lines are on the disk after so long, at the latest when the next call ends."""
BUFFER_BYTES = 1 << 16


def entry_of(note: CallNote, now: datetime) -> dict[str, Any]:
    """A line of the log.

    Args:
        note: the call.
        now: when it ended.
    """
    reply = note.reply
    return {
        "time": now.isoformat(timespec="milliseconds"),
        "cell": note.place,
        "item": note.item,
        "step": note.call.step,
        "draw": note.call.draw,
        "key": note.key,
        "model": note.call.model.name,
        "latency_ms": round(1000 * note.seconds, 1),
        "attempts": note.attempts,
        "outcome": "unavailable" if reply is None else reply.finish,
        "reason": note.reason or None,
        "prompt_tokens": 0 if reply is None else reply.prompt_tokens,
        "completion_tokens": 0 if reply is None else reply.completion_tokens,
    }


def call_line(entry: dict[str, Any]) -> str:
    """A line of the log for people."""
    retries = f", {entry['attempts']} attempts" if entry["attempts"] > 1 else ""
    reason = f": {entry['reason']}" if entry["reason"] else ""
    tokens = f"{entry['prompt_tokens']} + {entry['completion_tokens']} tokens"
    head = f"{entry['model']} {entry['step']} of {entry['cell']}, item {entry['item']}"
    return f"{head}: {entry['outcome']}, {entry['latency_ms']:.0f} ms, {tokens}{retries}{reason}"


class CallLog:
    """Append lines to a file. Use it as a context manager.

    Args:
        path: the file; it may exist.
        clock: seconds on a monotonic clock.

    Raises:
        StorageError: from every method, where the file cannot be written.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._file: BinaryIO | None = None
        self._flushed_at = clock()

    def __enter__(self) -> CallLog:
        try:
            self._file = self._path.open("ab", buffering=BUFFER_BYTES)
        except OSError as error:
            raise self._cannot(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as problem:
                raise self._cannot(problem) from None

    def write(self, note: CallNote) -> None:
        """Add a line."""
        assert self._file is not None, "the log is open"
        try:
            self._file.write(orjson.dumps(entry_of(note, datetime.now(UTC)), option=orjson.OPT_APPEND_NEWLINE))
            if self._clock() - self._flushed_at > FLUSH_AFTER_S:
                self._file.flush()
                self._flushed_at = self._clock()
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error: OSError) -> StorageError:
        reason = (error.strerror or str(error)).lower()
        return StorageError(f"{self._path} cannot be written: {reason}", hint="name another file with --log-file")
