"""The runs of a spec in the results folder: their order, their numbers, and how a user selects one of them.

SPEC@previous    the run before the newest
SPEC@2           the run with the number 2, as `harness runs` lists it
SPEC@3f2a9c41    the run whose id begins with these characters
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RunFolderError
from harness.runner.run_folder import ENVIRONMENT, MANIFEST, read_json
from harness.text import quoted, suggestion

NEWEST, PREVIOUS = "newest", "previous"
SHORTEST_ID = 4
"""Characters of a run id that can select a run; fewer are always a number."""
MAX_LISTED = 5
_SELECTOR = re.compile(r"[0-9]+|[0-9a-f]{4,}|newest|previous")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run folder and its place among the runs of its spec.

    Attributes:
        folder: the run folder.
        number: of the run among those of its spec, 0 where it is unknown.
        finished: when the run finished, in ISO 8601, "" where it is unknown.
    """

    folder: Path
    number: int
    finished: str

    @property
    def id(self) -> str:
        """The run id, which is the name of the folder."""
        return self.folder.name

    @property
    def label(self) -> str:
        """The number and the id, as messages show a run."""
        return f"@{self.number} ({self.id})" if self.number else f"@{self.id}"


def stored_runs(spec_name: str, results: Path) -> list[StoredRun]:
    """The runs of a spec, oldest first.

    Runs are numbered, since a clock can be set back; the time sorts runs from other machines. A run without a readable
    environment file counts as the oldest.
    """
    parent = results / spec_name
    if not _is_plain(spec_name) or not parent.is_dir():
        return []
    folders = [folder for folder in parent.iterdir() if (folder / MANIFEST).is_file()]
    return sorted(map(_stored, folders), key=lambda run: (run.number, run.finished, run.id))


def next_number(spec_name: str, results: Path) -> int:
    """The number of the next run of a spec, from 1."""
    return 1 + max((run.number for run in stored_runs(spec_name, results)), default=0)


def is_selector(text: str) -> bool:
    """Whether the text after `@` can select a run."""
    return _SELECTOR.fullmatch(text) is not None


def selected_run(runs: Sequence[StoredRun], selector: str, spec: str) -> StoredRun:
    """The run that a selector stands for.

    Args:
        runs: of the spec, oldest first; at least one.
        selector: `newest`, `previous`, a number or the beginning of a run id.
        spec: the spec as the user named it.

    Raises:
        RunFolderError: if it stands for no run or for several; the message lists the runs.
    """
    if selector == NEWEST:
        return runs[-1]
    if selector == PREVIOUS:
        if len(runs) > 1:
            return runs[-2]
        raise RunFolderError(f"{spec} has one run only, {runs[-1].label}; there is no previous one")
    if not is_selector(selector):
        hint = suggestion(selector, (NEWEST, PREVIOUS)) or "use a number, the start of a run id, `previous` or `newest`"
        raise RunFolderError(f"{quoted(selector)} selects no run of {spec}", hint=hint)
    numbered = [run for run in runs if selector.isdecimal() and run.number and run.number == int(selector)]
    found = numbered or [run for run in runs if len(selector) >= SHORTEST_ID and run.id.startswith(selector)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(run.id for run in found[:MAX_LISTED])
        raise RunFolderError(f"{spec}@{selector} stands for {len(found)} runs: {ids}", hint="give more of the run id")
    rest = len(runs) - MAX_LISTED
    known = ", ".join(run.label for run in runs[: -MAX_LISTED - 1 : -1]) + (f" and {rest} older" if rest > 0 else "")
    raise RunFolderError(f"there is no run {selector} of {spec}; it has {known}", hint="`harness runs` lists all")


def _stored(folder: Path) -> StoredRun:
    try:
        environment = read_json(folder, ENVIRONMENT)
    except RunFolderError:
        return StoredRun(folder, 0, "")
    number = environment.get("number")
    return StoredRun(folder, number if type(number) is int else 0, str(environment.get("finished", "")))


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..") and Path(name).name == name
