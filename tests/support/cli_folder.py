"""Folders in which commands run."""

from __future__ import annotations

import contextlib
from pathlib import Path

from click.testing import CliRunner

from harness.cli import main


def run_commands(folder: Path, *commands: list[str]) -> Path:
    """Run commands in a folder, each of which must succeed; returns the folder."""
    with contextlib.chdir(folder):
        for arguments in commands:
            done = CliRunner().invoke(main, arguments)
            assert done.exit_code == 0, done.output
    return folder


def folder_with_starter_run(folder: Path) -> Path:
    """A folder with the starter spec `mine` and a run of it."""
    return run_commands(folder, ["new", "mine"], ["run", "mine.yaml"])
