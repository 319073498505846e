"""Claims of calls in flight: processes that share a cache make a call that several of them need once.

A claim is a lock of one byte of a file, at a place that the key of the call determines. The system releases it when the
process ends, however it ends, so no claim outlives its process. One more byte is locked, and shared, by every run that
makes calls, so that each knows of the others between their calls too. Claims save money and promise nothing: where they
cannot be had (a system without such locks, a read-only folder), every process makes its calls.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

CLAIMS = "cache.claims"
"""The file whose bytes are locked; it stays empty."""
_LOCK = "hhqqi"
"""`struct flock` of Linux: type, whence, start, length, process."""
_DIGITS = 15
"""Hexadecimal digits of a key that determine its byte: places of a file have 63 bits."""
_PRESENT = 2**62
"""The byte that all runs share; the keys' bytes have smaller places."""
_HAS_LOCKS = sys.platform == "linux" and sys.maxsize > 2**32


class CallClaims:
    """The claims of one run. Locks of open files: another run in the same process is another one.

    Args:
        folder: of the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / CLAIMS
        self._descriptor: int | None = None
        self._is_usable = _HAS_LOCKS
        self._met_others = False

    def take(self, key: str) -> bool:
        """Claim a call; False where another run has claimed it."""
        return self._locked(key, is_claimed=True)

    def release(self, key: str) -> None:
        """Give up a claim."""
        self._locked(key, is_claimed=False)

    def has_others(self) -> bool:
        """Whether other runs make calls, or did while this one did."""
        if self._met_others or not self._opened():
            return self._met_others
        import fcntl

        asked = struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        try:
            found = fcntl.fcntl(self._descriptor or 0, fcntl.F_OFD_GETLK, asked)
        except OSError:
            self._give_up()
            return False
        self._met_others = struct.unpack(_LOCK, found)[0] != fcntl.F_UNLCK
        return self._met_others

    def close(self) -> None:
        """Give up all claims; the next one opens the file again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _locked(self, key: str, *, is_claimed: bool) -> bool:
        if not self._opened():
            return True
        import fcntl

        kind = fcntl.F_WRLCK if is_claimed else fcntl.F_UNLCK
        wanted = struct.pack(_LOCK, kind, os.SEEK_SET, int(key[:_DIGITS], 16), 1, 0)
        try:
            fcntl.fcntl(self._descriptor or 0, fcntl.F_OFD_SETLK, wanted)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            self._give_up()
        return True

    def _opened(self) -> bool:
        if self._is_usable and self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            try:
                # As the lock of the cache does, which the first reply makes.
                self._path.parent.parent.mkdir(parents=True, exist_ok=True)
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
                self._descriptor = os.open(self._path, flags, 0o666)
                self._say_present(self._descriptor)
            except OSError:
                self._is_usable = False
        return self._is_usable

    @staticmethod
    def _say_present(descriptor: int) -> None:
        """Share the lock that tells other runs of this one; where it cannot be had, they see its claims alone."""
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_LOCK, fcntl.F_RDLCK, os.SEEK_SET, _PRESENT, 1, 0))

    def _give_up(self) -> None:
        self._is_usable = False
        self.close()
