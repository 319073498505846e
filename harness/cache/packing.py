r"""The bytes of an entry on the disk: its reply and its call, each compressed with Zstandard.

    \x01 | length of the reply's frame, 4 bytes | frame of the reply | frame of the call | checksum, 16 bytes

A replay unpacks the reply and never touches the call. Entries that an older version stored are plain
(`harness.cache.entry.value_of`) and stay so; so do those that are long, or that compress so well that unpacking them
would look like an attack: a cache may come from anywhere, and a small file must not fill the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache, partial

MARK = b"\x01"
"""Begins the bytes of a packed entry; a plain one begins with a brace."""
LEVEL = 1
"""Of compression. Higher levels take longer, and texts of this size come out no smaller."""
MOST_BYTES = 2**24
"""What a part of an entry may unpack to; longer ones stay plain."""
MOST_RATIO = 200
"""What a part may unpack to as a multiple of its frame, beyond `RATIO_FREE_BYTES`. Text compresses about 3 to 1."""
RATIO_FREE_BYTES = 2**14

_LENGTH = 4
_HEAD = len(MARK) + _LENGTH
_DIGITS = 32
"""Of a checksum in plain bytes."""
_CHECKSUM = _DIGITS // 2
_PLAIN_END = _DIGITS + 1
_CUT_SHORT = "the entry is cut short"


def is_packed(value: bytes) -> bool:
    """Whether the bytes of an entry are packed."""
    return value[:1] == MARK


def pack(plain: bytes) -> bytes:
    """The plain bytes of an entry as they are stored: packed where that is worth it and within the bounds.

    Args:
        plain: reply line, call and checksum, as `value_of` made them; bytes that are packed already are returned.
    """
    end = plain.find(b"\n")
    if is_packed(plain) or end < 0 or plain[-_PLAIN_END:-_DIGITS] != b"\n":
        return plain
    reply, call = plain[:end], plain[end + 1 : -_PLAIN_END]
    try:
        checksum = bytes.fromhex(plain[-_DIGITS:].decode("ascii"))
    except ValueError:
        return plain
    compress = _codec().compress
    first, second = compress(reply), compress(call)
    if not (_is_within(len(reply), len(first)) and _is_within(len(call), len(second))):
        return plain
    packed = b"".join((MARK, len(first).to_bytes(_LENGTH, "big"), first, second, checksum))
    return packed if len(packed) < len(plain) else plain


def unpack(value: bytes) -> bytes:
    """The plain bytes of an entry.

    Raises:
        ValueError: where they cannot be unpacked, or would be far more than those of an entry.
    """
    if not is_packed(value):
        return value
    return b"%s\n%s\n%s" % (unpack_reply(value)[0], unpack_call(value), value[-_CHECKSUM:].hex().encode())


def parts_of(value: bytes) -> tuple[bytes, bytes, bytes]:
    """The frames of reply and call of a packed entry, and its checksum, as they are."""
    middle = _HEAD + int.from_bytes(value[1:_HEAD], "big")
    return value[_HEAD:middle], value[middle:-_CHECKSUM], value[-_CHECKSUM:]


def unpack_alone(frame: bytes) -> bytes:
    """The content of a frame of which no byte is anything else.

    Raises:
        ValueError: as `unpack`, and where bytes follow that unpacking would not look at.
    """
    return _unpacked(frame, is_alone=True)


def unpack_reply(value: bytes) -> tuple[bytes, bytes]:
    """The reply line of a packed entry, and the bytes of its checksum.

    Raises:
        ValueError: as `unpack`.
    """
    middle = _HEAD + int.from_bytes(value[1:_HEAD], "big")  # spelt out, since every replayed reply comes by here
    if middle + _CHECKSUM > len(value):
        raise ValueError(_CUT_SHORT)
    return _unpacked(value[_HEAD:middle]), value[-_CHECKSUM:]


def unpack_replies(values: Sequence[bytes]) -> list[bytes] | None:
    """The reply lines of packed entries, as `unpack_reply`; None where one cannot be unpacked, or all are very long."""
    codec = _codec()
    size, decompress = codec.size, codec.decompress
    middles = [_HEAD + int.from_bytes(value[1:_HEAD], "big") for value in values]
    frames = [value[_HEAD:middle] for value, middle in zip(values, middles, strict=True)]
    total = 0
    try:
        for value, middle, frame in zip(values, middles, frames, strict=True):
            total += (unpacked := size(frame))
            if middle + _CHECKSUM > len(value) or not _is_within(unpacked, len(frame)) or total > MOST_BYTES:
                return None
        return [decompress(frame) for frame in frames]
    except codec.error:
        return None


def unpack_call(value: bytes) -> bytes:
    """The call of a packed entry.

    Raises:
        ValueError: as `unpack`.
    """
    middle = _HEAD + int.from_bytes(value[1:_HEAD], "big")
    if middle + _CHECKSUM > len(value):
        raise ValueError(_CUT_SHORT)
    return _unpacked(value[middle:-_CHECKSUM])


def _unpacked(frame: bytes, *, is_alone: bool = False) -> bytes:
    codec = _codec()
    try:
        if not _is_within(codec.size(frame), len(frame)):
            raise ValueError("the entry unpacks to far more than an entry does")
        return codec.decompress(frame) if not is_alone else codec.decompress_alone(frame)
    except codec.error as error:
        raise ValueError(f"the entry cannot be unpacked: {error}") from None


def _is_within(size: int, packed: int) -> bool:
    """Whether a part may unpack to a size; negative sizes are unknown ones."""
    return 0 <= size <= MOST_BYTES and (size <= RATIO_FREE_BYTES or size <= MOST_RATIO * packed)


class _Codec(threading.local):
    """A compressor and a decompressor for each thread: they may not be shared. The library is imported by the first."""

    def __init__(self) -> None:
        import zstandard

        self.compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=LEVEL).compress
        self.decompress: Callable[[bytes], bytes] = zstandard.ZstdDecompressor().decompress
        self.decompress_alone: Callable[[bytes], bytes] = partial(self.decompress, allow_extra_data=False)
        self.size: Callable[[bytes], int] = zstandard.frame_content_size
        self.error = zstandard.ZstdError


@cache
def _codec() -> _Codec:
    return _Codec()
