"""The Zstandard frames of an entry by themselves, for bundles: taken out of its bytes, put together, or made plain."""

from __future__ import annotations

from typing import NamedTuple

from harness.cache.packing import MARK, is_packed, parts_of

_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK_BYTES = 2**17
"""The most that a block may hold."""
_HEAD_BYTES = {0x20: 9, 0x60: 10, 0xA0: 12}
"""Bytes before the content of a frame with one block, by the byte that says how long its size is written."""


class Frames(NamedTuple):
    """The parts of the bytes of an entry.

    Attributes:
        reply: frame of the reply line.
        call: frame of the call.
        checksum: of key and reply.
    """

    reply: bytes
    call: bytes
    checksum: bytes


def frames_of(value: bytes) -> Frames:
    """The frames of the bytes of an entry, which has a checksum; those of a plain one are not compressed."""
    if is_packed(value):
        return Frames(*parts_of(value))
    end = value.index(b"\n")
    return Frames(stored_frame(value[:end]), stored_frame(value[end + 1 : -33]), bytes.fromhex(value[-32:].decode()))


def packed_of(frames: Frames) -> bytes:
    """The bytes of an entry with these frames."""
    return b"".join((MARK, len(frames.reply).to_bytes(4, "big"), *frames))


def stored_frame(content: bytes) -> bytes:
    """A frame that holds some content as it is."""
    size = len(content)
    if size < 2**8:
        head = bytes((0x20, size))
    elif size < 2**16 + 2**8:
        head = b"\x60" + (size - 2**8).to_bytes(2, "little")
    else:
        head = b"\xa0" + size.to_bytes(4, "little")
    pieces = [_MAGIC, head]
    for start in range(0, size or 1, _BLOCK_BYTES):
        block = content[start : start + _BLOCK_BYTES]
        is_last = start + _BLOCK_BYTES >= size
        pieces += ((len(block) << 3 | is_last).to_bytes(3, "little"), block)
    return b"".join(pieces)


def stored_content(frame: bytes) -> bytes:
    """The content of a frame that `stored_frame` made of one block.

    Raises:
        ValueError: where it is another frame.
    """
    content = frame[_HEAD_BYTES.get(frame[4] if len(frame) > 4 else 0, 9) :]
    if stored_frame(content) != frame:
        raise ValueError("it is compressed, or damaged")
    return content
