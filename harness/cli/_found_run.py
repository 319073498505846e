"""The run that a user names, with a remark where its spec or its data were edited since."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli._errors import RUN_FOLDERS
from harness.text import printable

MOST_CHANGES = 4
"""Changes that a remark lists."""


def found_run(run: str, results: Path, allow_paths: Sequence[Path] = ()) -> Path:
    """The folder of a run, as `find_run` finds it; an older version of the spec is reported on stderr."""
    from harness.runner.find_run import find_run

    folder = find_run(run, results, allow_paths=allow_paths)
    click.get_current_context().meta.setdefault(RUN_FOLDERS, []).append(folder)
    report_edits(run, folder, results, allow_paths)
    return folder


def report_edits(run: str, folder: Path, results: Path, allow_paths: Sequence[Path] = ()) -> None:
    """Report on stderr if the newest run of a spec is of an older version of the spec or of its data.

    A run that was selected by its folder or with `@` is meant as it is.
    """
    from harness.runner.find_run import spec_and_selector
    from harness.runner.run_folder import MANIFEST

    if (Path(run) / MANIFEST).is_file() or spec_and_selector(run)[1]:
        return
    from harness.api.edits import CurrentSpec, environment_of, spec_file_of

    file = Path(run) if Path(run).is_file() else spec_file_of(environment_of(folder), results)
    if file is None or not file.is_file():
        return
    edits = CurrentSpec(file, results, allow_paths).edits_since(folder)
    if edits.state == "current" or not edits.changes:
        return
    if edits.state == "unknown":
        _say(f"note: run {folder.name} may be of an older version of {edits.file}: {edits.changes[0]}")
        return
    shown = list(edits.changes[:MOST_CHANGES])
    if len(edits.changes) > MOST_CHANGES:
        shown.append(f"and {len(edits.changes) - MOST_CHANGES} more")
    _say(f"note: run {folder.name} is of an older version of {edits.file}; changed since: {', '.join(shown)}")
    _say(f"      `{shlex.join(['harness', 'run', str(edits.file)])}` makes a run of the current version")


def _say(text: str) -> None:
    indent = " " * (len(text) - len(text.lstrip(" ")))
    click.echo(indent + printable(text.lstrip(" ")), err=True)
