"""Atomic writes of files.

A file is written under another name beside its place, `.NAME.HOST-PID.tmp`, and renamed when it is complete. A process
that is killed leaves that file; the next write to the same place on that machine removes it.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from harness.errors import StorageError

TEMPORARY = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a temporary file beside `path` and rename it at the end; remove it on failure.

    Raises:
        StorageError: if the file cannot be written, such as on a full disk or in a read-only folder.
    """
    mark = mark_of(path.name)
    beside = path.with_name(temporary(mark))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent, mark)
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
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether this machine has a process with that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it is there, and somebody else's
    return True


def mark_of(name: str) -> str:
    """How the name of what is written for a file or folder begins on this machine."""
    return f".{name}.{socket.gethostname()}-" if name else f".{socket.gethostname()}-"


def temporary(mark: str) -> str:
    """The name of what this process writes."""
    return f"{mark}{os.getpid()}{TEMPORARY}"


def remove_abandoned(folder: Path, mark: str) -> None:
    """Remove the files and folders of a mark whose processes were killed on this machine."""
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - names, of which there may be many
            pid = name.removeprefix(mark).removesuffix(TEMPORARY)
            if name == f"{mark}{pid}{TEMPORARY}" and pid.isdecimal() and not is_running(int(pid)):
                left = folder / name
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)
