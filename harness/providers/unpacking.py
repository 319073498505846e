"""Unpack the bodies of responses within a bound on what they unpack to, at any status.

A response of a few kilobytes can unpack to gigabytes, the more so where it is packed twice. The HTTP client unpacks
each piece that arrives as a whole; here every layer gives its output in small pieces, each of them counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

ENCODINGS = "gzip, deflate"
"""What is asked for, so that only what can be unpacked in small pieces comes back."""
MAX_BYTES = 1 << 24
"""Of a response's body, packed and unpacked: far more than any model writes, and less than what fills a memory."""
MAX_LAYERS = 3
PIECE_BYTES = 1 << 16


class LongReplyError(OSError):
    """A body goes on beyond all that a reply can be."""


class PackingError(OSError):
    """A body cannot be unpacked."""


class Unpacker:
    """Unpacks a body piece by piece.

    Args:
        encodings: the `content-encoding` header.
        limit: bytes that the body, and each layer of its packing, may have.

    Raises:
        PackingError: where an encoding is unknown, or there are too many.
    """

    def __init__(self, encodings: str, limit: int) -> None:
        names = [name for part in encodings.lower().split(",") if (name := part.strip()) not in ("", "identity")]
        if len(names) > MAX_LAYERS:
            raise PackingError(f"the body is packed {len(names)} times")
        for name in names:
            if name not in ("gzip", "x-gzip", "deflate"):
                raise PackingError(f"the body is packed as {name[:20]!r}, which was not asked for")
        self._layers = [_Layer(name, limit) for name in reversed(names)]
        self._size, self._limit = 0, limit

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """The next pieces of the body.

        Raises:
            LongReplyError: where they pass the limit.
            PackingError: where they cannot be unpacked.
        """
        pieces: Iterable[bytes] = (packed,)
        for layer in self._layers:
            pieces = layer.unpacked(pieces)
        for piece in pieces:
            self._size += len(piece)
            if self._size > self._limit:
                raise LongReplyError(f"the body is longer than {self._limit:,} bytes")
            yield piece

    def finish(self) -> None:
        """Check that the body came to its end.

        Raises:
            PackingError: where something is missing.
        """
        for layer in self._layers:
            layer.finish()


class _Layer:
    """One layer of packing."""

    def __init__(self, name: str, limit: int) -> None:
        self._is_deflate = name == "deflate"
        self._limit, self._size = limit, 0
        self._is_first = True
        self._start()

    def _start(self) -> None:
        self._unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS if self._is_deflate else zlib.MAX_WBITS | 16)

    def unpacked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for packed in pieces:
            yield from self._piece(packed)

    def _piece(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            if self._unpacker.eof:
                if self._is_deflate or not packed.strip(b"\0"):
                    return  # padding
                self._start()  # gzip may have several members
            out = self._tried(packed)
            packed = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if out:
                self._size += len(out)
                if self._size > self._limit:
                    raise LongReplyError(f"the body unpacks to more than {self._limit:,} bytes")
                yield out

    def _tried(self, packed: bytes) -> bytes:
        is_first, self._is_first = self._is_first, False
        try:
            return self._unpacker.decompress(packed, PIECE_BYTES)
        except zlib.error as error:
            if not (is_first and self._is_deflate):
                raise PackingError(f"the body cannot be unpacked: {error}") from None
        self._unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)  # servers write deflate with and without its header
        return self._tried(packed)

    def finish(self) -> None:
        if not (self._unpacker.eof or self._is_first):
            raise PackingError("the body ends before its packing does")
