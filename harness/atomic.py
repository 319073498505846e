"""Atomic writes of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from harness.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a temporary file beside `path` and rename it at the end; remove it on failure.

    Raises:
        StorageError: if the file cannot be written, such as on a full disk or in a read-only folder.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"cannot write {path}: {reason}", hint="free some space or choose another folder") from error
    finally:
        # Renamed already on success; a file that cannot be removed could not be created either.
        try:
            beside.unlink(missing_ok=True)
        except OSError:
            pass
