"""The run folders that the viewer may read: those below the folders that the user names, and nothing else.

An address never becomes a path: it is looked up among the folders that were found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.runner.run_folder import MANIFEST

DEPTH = 2
"""Folders between a root and its runs: `results/SPEC/RUN` is two below `results`."""
MOST_RUNS = 5_000
"""Runs of a list."""


class RunKey(NamedTuple):
    """What an address calls a run: the names of its folder and of the folder around it."""

    spec: str
    run: str

    @classmethod
    def of(cls, folder: Path) -> RunKey:
        """The key of a run folder."""
        return cls(folder.parent.name or "-", folder.name)

    @property
    def text(self) -> str:
        """As one text, in the field of a form."""
        return f"{self.spec}/{self.run}"


def find_runs(roots: Sequence[Path]) -> Mapping[RunKey, Path]:
    """The run folders below some folders, sorted by key; of two with one key, the first.

    A folder or a file of a run that leads out of its root through a symbolic link is left out.

    Args:
        roots: folders of results, of a spec, or of one run.
    """
    found: dict[RunKey, Path] = {}
    for root in roots:
        real = root.resolve()
        for folder in _run_folders(real, DEPTH):
            if len(found) < MOST_RUNS and _stays_inside(folder, real):
                found.setdefault(RunKey.of(folder), folder)
    return dict(sorted(found.items()))


def _run_folders(folder: Path, depth: int) -> Iterator[Path]:
    try:
        if (folder / MANIFEST).is_file():
            yield folder
        elif depth and folder.is_dir():
            for entry in sorted(folder.iterdir()):
                if entry.is_dir() and not entry.name.startswith("."):
                    yield from _run_folders(entry, depth - 1)
    except OSError:  # a folder that this user cannot read holds no run to show
        return


def _stays_inside(folder: Path, root: Path) -> bool:
    try:
        return all(entry.resolve().is_relative_to(root) for entry in (folder, *folder.iterdir()))
    except (OSError, RuntimeError):  # RuntimeError: symbolic links that run in a circle
        return False
