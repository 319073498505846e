"""Bodies of responses that can be read up to a bound only, whatever length they announce and whatever they unpack to.

This module imports `httpx2`: import it where a connection is made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx2

from harness.providers.unpacking import MAX_BYTES, LongReplyError, Unpacker


class _Body:
    """A body and what bounds it.

    Args:
        body: as it arrives.
        encodings: the `content-encoding` header.
        limit: bytes that the body may have, packed and unpacked.
    """

    def __init__(self, body: httpx2.SyncByteStream | httpx2.AsyncByteStream, encodings: str, limit: int) -> None:
        self._body, self._limit, self._size = body, limit, 0
        self._encodings = encodings
        self._unpacker: Unpacker | None = None

    def _unpacked(self, packed: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            self._unpacker = Unpacker(self._encodings, self._limit)
        self._size += len(packed)
        if self._size > self._limit:
            raise LongReplyError(f"the body is longer than {self._limit:,} bytes")
        yield from self._unpacker.feed(packed)

    def _finish(self) -> None:
        if self._unpacker is not None:
            self._unpacker.finish()


class BoundedAsyncBody(_Body, httpx2.AsyncByteStream):
    """A body that ends with an error where it is too long, before more of it is in memory."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The unpacked body in pieces; raises LongReplyError or PackingError."""
        assert isinstance(self._body, httpx2.AsyncByteStream)
        async for packed in self._body:
            for piece in self._unpacked(packed):
                yield piece
        self._finish()

    async def aclose(self) -> None:
        """Let go of the connection."""
        assert isinstance(self._body, httpx2.AsyncByteStream)
        await self._body.aclose()


class BoundedSyncBody(_Body, httpx2.SyncByteStream):
    """As BoundedAsyncBody, for a client without an event loop."""

    def __iter__(self) -> Iterator[bytes]:
        """The unpacked body in pieces; raises LongReplyError or PackingError."""
        assert isinstance(self._body, httpx2.SyncByteStream)
        for packed in self._body:
            yield from self._unpacked(packed)
        self._finish()

    def close(self) -> None:
        """Let go of the connection."""
        assert isinstance(self._body, httpx2.SyncByteStream)
        self._body.close()


async def bound_async_body(response: httpx2.Response) -> None:
    """Bound the body of a response that has not been read; the client itself unpacks nothing any more."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedAsyncBody(response.stream, _encodings(response), MAX_BYTES)


def bound_sync_body(response: httpx2.Response, limit: int = MAX_BYTES) -> None:
    """As `bound_async_body`, up to `limit` bytes."""
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = BoundedSyncBody(response.stream, _encodings(response), limit)


def _encodings(response: httpx2.Response) -> str:
    """How the body is packed; taken out of the headers, by which the client would unpack it."""
    encodings = ",".join(response.headers.get_list("content-encoding"))
    response.headers.pop("content-encoding", None)
    return encodings
