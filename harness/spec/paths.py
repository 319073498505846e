"""Path confinement: the paths of a spec lead into its own folder, or into folders that the user allows.

A spec is untrusted input, and what it reads can end up in prompts, error messages and results. So every file that it
names must be inside its folder after symbolic links are resolved, unless the user allows another folder. Paths on the
command line, such as those of the cache and the results, are not limited.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from harness.data.files import WILDCARDS, shards
from harness.data.hub.address import fault_of_address, is_hub_address, is_web_address
from harness.errors import DatasetError
from harness.text import quoted, suggestion


class Folders(NamedTuple):
    """The folders that the paths of a file may lead into.

    Attributes:
        own: the folder of the file, which its paths are relative to.
        allowed: other folders that the user allows.
        in_memory: what stands in place of a path where a program gives the data.
    """

    own: Path
    allowed: tuple[Path, ...] = ()
    in_memory: frozenset[str] = frozenset()

    def way_out(self, path: str) -> Path | None:
        """The target of a path that leads out of the folders; None if it stays inside.

        Raises:
            ValueError: if no system has such a path.
        """
        target = _resolved(self.own / path)
        return None if _is_inside(target, (self.own, *self.allowed)) else target


def file_fault(path: str, folders: Folders) -> tuple[str, str] | None:
    """Message and hint for a path of a spec that leads to no file, or out of its folders; None for a good path.

    The message does not reveal whether a file outside exists.
    """
    whole = folders.own / path
    try:
        if outside := folders.way_out(path):
            return _leads_out(path, outside)
        if whole.is_file():
            return None
        if whole.is_dir():
            return f"{quoted(path)} is a folder, not a file", ""
        if whole.exists():
            return f"{quoted(path)} is not a regular file", "copy what it delivers into a file"
        if whole.is_symlink():
            return f"{quoted(path)} is a link that leads nowhere", ""
        siblings = [entry.name for entry in whole.parent.iterdir()] if whole.parent.is_dir() else []
    except (OSError, ValueError) as error:
        return f"{quoted(path)} cannot be read: {getattr(error, 'strerror', None) or error}", ""
    near = suggestion(whole.name, siblings, most=0)
    return f"there is no file {quoted(path)}", near or "a path is relative to the file that holds it"


def data_fault(path: str, folders: Folders) -> tuple[str, str] | None:
    """As `file_fault`, for a path that may also be a folder, or a pattern in the last part of the path."""
    if path in folders.in_memory:
        return None
    if is_hub_address(path) or is_web_address(path):
        return fault_of_address(path)
    whole = folders.own / path
    try:
        several = whole.is_dir() or (not whole.exists() and any(mark in whole.name for mark in WILDCARDS))
        if not several:
            return file_fault(path, folders)
        parent = whole if whole.is_dir() else whole.parent
        if outside := folders.way_out(os.path.relpath(parent, folders.own)):
            return _leads_out(path, outside)
        for file in shards(whole):
            if outside := folders.way_out(os.path.relpath(file, folders.own)):
                return _leads_out(path, outside)
    except DatasetError as error:
        problem = error.problems[0]
        return f"{quoted(path)}: {problem.message}", problem.hint
    except (OSError, ValueError) as error:
        return f"{quoted(path)} cannot be read: {getattr(error, 'strerror', None) or error}", ""
    return None


def _leads_out(path: str, target: Path) -> tuple[str, str]:
    where = "" if str(target) == path else f", to {quoted(str(target))}"
    option = f"--allow-path {shlex.quote(str(target.parent))}"
    return f"{quoted(path)} leads out of the folder of this file{where}", f"`{option}` allows it, if that is meant"


def _resolved(path: Path) -> Path:
    # Not `Path.resolve`, which raises RuntimeError where symbolic links run in a circle.
    return Path(os.path.realpath(path))


def _is_inside(target: Path, folders: Iterable[Path]) -> bool:
    return any(target.is_relative_to(_resolved(folder)) for folder in folders)
