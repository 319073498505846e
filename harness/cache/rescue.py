"""Write replies that the cache could not store to a bundle, which `harness cache import` takes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.cache.bundle import export_bundle
from harness.cache.entry import Entry, value_of
from harness.cache.packing import pack
from harness.errors import HarnessError

NAME = "rescued-{}.bundle"
"""The name of the bundle, with the first digits of the digest of its keys."""


class _InMemory:
    """The part of a store that an export reads."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        """The entries of some keys, sorted by key."""
        return (self._entries[key] for key in sorted(set(keys)))

    def values_of(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The keys and packed bytes of these entries."""
        return ((entry.key, pack(value_of(*entry))) for entry in self.entries(keys))


def rescue(entries: Sequence[Entry], folders: Sequence[Path]) -> Path | None:
    """Write entries to a bundle in the first folder that takes it.

    Args:
        entries: calls and their replies.
        folders: where to try; after them, a new folder among the temporary files of the system that nobody else reads.

    Returns:
        The bundle, None where it could be written nowhere.
    """
    held = {entry.key: entry for entry in entries}
    name = NAME.format(hashlib.sha256("".join(sorted(held)).encode()).hexdigest()[:12])
    for folder in [*(folder.absolute() for folder in folders), None]:
        try:
            file = (folder or Path(tempfile.mkdtemp(prefix="harness-"))) / name
            export_bundle(_InMemory(held), held, file, spec="", force=True)
        except (HarnessError, OSError):
            continue  # the next folder may be on another disk
        file.chmod(0o600)  # replies are private
        return file
    return None
