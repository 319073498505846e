"""Room on the disk that a cache reserves while it is written, and releases where the disk is full.

Calls are in flight when a disk fills up. Their replies are paid for and need a little room to be stored.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

HEADROOM = "cache.headroom"
"""The file that holds the room; it is deleted at the end of a run."""
SIZE_BYTES = 2**23
"""Room for the replies of hundreds of calls in flight; they have a few kB each."""


class Headroom:
    """The file that holds room in the folder of a cache.

    Args:
        folder: the folder of the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / HEADROOM
        self._is_held = self._is_spent = False

    def reserve(self) -> None:
        """Take the room, once, where the file system can.

        Raises:
            OSError: where the disk has no such room.
        """
        if self._is_held or self._is_spent or not hasattr(os, "posix_fallocate"):
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            self._is_held = True  # of another run, or left by one that was killed
            return
        try:
            os.posix_fallocate(descriptor, 0, SIZE_BYTES)
            self._is_held = True
        except OSError as error:
            self._path.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._is_spent = True  # a file system or a limit on file sizes that knows no such thing
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Release the room; whether there was any."""
        was_held, self._is_held, self._is_spent = self._is_held, False, True
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False
        return was_held
