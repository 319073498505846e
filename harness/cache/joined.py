"""Several caches that are read together: the first one is written, the others are only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from harness.cache.cache import Cache
from harness.errors import CacheError, InputError, Problem


class JoinedCache(Cache):
    """A cache that also finds the replies of others, which are not changed and not copied.

    A reply in an earlier cache comes before one with the same key in a later cache.

    Args:
        folder: the folder of the cache that is written.
        others: folders of the caches that are read too.
        report: receives a message where another process keeps the cache locked.
        replaces_damaged: as of `Cache`; a new reply for a damaged entry of any of them is stored in the first one.

    Raises:
        InputError: where one of the others holds no cache.
    """

    def __init__(
        self,
        folder: Path,
        others: Sequence[Path],
        report: Callable[[str], None] = lambda _: None,
        *,
        replaces_damaged: bool = False,
    ) -> None:
        super().__init__(folder, report, replaces_damaged=replaces_damaged)
        self._elsewhere: dict[str, Cache] = {}
        """Where the keys of the last look-up were, if not in the first cache."""
        self._others = [Cache(other) for other in others]
        missing = [str(other.folder) for other in self._others if not other.exists()]
        if missing:
            self.close()
            hint = "only the first --cache is made where it does not exist"
            raise InputError(Problem(file=name, message="holds no cache", hint=hint) for name in missing)

    def close(self) -> None:
        """Write what waits to be written, and close the files of all caches."""
        super().close()
        for other in self._others:
            other.close()

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        self._elsewhere = {}
        left = dict.fromkeys(keys)
        for key, value in super()._rows(keys):
            del left[key]
            yield key, value
        for other in self._others:
            for key, value in other._rows(list(left)) if left else ():
                del left[key]
                self._elsewhere[key] = other
                yield key, value

    def _bad(self, key: str, error: ValueError) -> CacheError:
        """The error of an entry, with the folder that it is in."""
        other = self._elsewhere.get(key)
        return super()._bad(key, error) if other is None else other._bad(key, error)


CacheFolders: TypeAlias = str | Path | Sequence[str | Path]
"""The folder of a cache, or the folders of several that are read together; the first one is written."""


def cache_folders(given: CacheFolders) -> tuple[Path, ...]:
    """The folders of some caches.

    Raises:
        InputError: where there is none.
    """
    folders = (Path(given),) if isinstance(given, str | Path) else tuple(map(Path, given))
    if not folders:
        raise InputError("a run needs a cache, and an empty list was given", hint="name the folder of one")
    return folders


def opened_cache(
    folders: Sequence[Path], report: Callable[[str], None] = lambda _: None, *, replaces_damaged: bool = False
) -> Cache:
    """The cache in one folder, or the caches in several that are read together; the first one is written.

    Raises:
        InputError: where a folder but the first holds no cache.
    """
    first, *others = folders
    if not others:
        return Cache(first, report, replaces_damaged=replaces_damaged)
    return JoinedCache(first, others, report, replaces_damaged=replaces_damaged)
