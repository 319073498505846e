"""A checksum of the bytes of an entry as they are stored, which shows damage without unpacking them.

It is a CRC-32 of the key and the packed value in diskcache's column `access_count`, which a cache has no other use for.
Entries of older versions have 0 there, and so has what diskcache itself writes: those are read in full, as is an entry
of which the checksum is not right. It protects against damage, as the SHA-256 in the value does; neither is a
signature, so whoever can write the file can write both.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from harness.cache.packing import MARK

FORM = 1 << 32
"""Added to a checksum: the form of the entries of this version. A version with another form adds another number, so
that no older one takes its entries for what it can read."""
NO_CHECKSUM = 0
"""What an entry of an older version has in place of a checksum."""
_KNOWN_STARTS = (MARK, b"{")
"""How the bytes of an entry begin that this version can read: packed, and plain."""


def row_checksum(key: str, value: bytes) -> int:
    """The checksum of an entry, which is never `NO_CHECKSUM`.

    Args:
        key: as it is stored.
        value: the bytes that are stored.
    """
    return FORM + crc32(value, crc32(key.encode()))


def is_as_stored(key: Any, value: Any, checksum: Any) -> bool:
    """Whether key and value are text and bytes that this version stored.

    Args:
        key: as it is stored, of any type, as the others are.
        value: as it is stored.
        checksum: as it is stored.
    """
    return (
        type(key) is str
        and type(value) is bytes
        and bool(checksum == FORM + crc32(value, crc32(key.encode())))
        and value.startswith(_KNOWN_STARTS)
    )
