"""A cache whose file was deleted while a run has it open: its entries are readable until it is closed, so they go back.

A deleted file lives on without a name. Storing into it succeeds, and everything is lost at the
end: so the writer looks before each group of entries, and before it closes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.cache.sqlite_file import DATABASE, RESTORED
from harness.errors import CacheError, Problem

MESSAGE = "the cache {folder} was deleted by another program; it is written again with all that it held"


class OpenedFile:
    """The file of a cache that a connection has open.

    Args:
        folder: the folder of the cache; the file is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._opened = self._path.stat()

    def is_deleted(self) -> bool:
        """Whether no file has its name now."""
        return self._found() is None

    def is_replaced(self) -> bool:
        """Whether another file has its name now."""
        found = self._found()
        return found is not None and not os.path.samestat(found, self._opened)

    def put_back(self, execute: Callable[..., Any], close: Callable[[], None]) -> None:
        """Write the whole database under its name again, and close the old one.

        Args:
            execute: runs SQL on the old database, outside a transaction.
            close: closes it; it must be closed before the new one is opened, as it deletes its log by name.

        Raises:
            CacheError: where another file has the name.
            OSError: where the new file cannot be written.
            sqlite3.Error: where the old one cannot be read, or the disk is full.
        """
        if self.is_replaced():
            message = "the cache was replaced by another file while it was in use; its new replies cannot be stored"
            hint = "let no two programs delete and make a cache at once"
            raise CacheError(Problem(file=str(self._folder), message=message, hint=hint))
        copy = self._folder / RESTORED
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy.unlink(missing_ok=True)
        execute("VACUUM INTO ?", (str(copy),))
        close()
        copy.replace(self._path)

    def _found(self) -> os.stat_result | None:
        try:
            return self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return self._opened  # a folder that may not be looked into tells nothing
