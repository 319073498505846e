"""What `harness run` prints about failed calls and about replies without an answer."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli._terminal import print_message
from harness.text import printable

if TYPE_CHECKING:
    from harness.api.finished_run import FinishedRun
    from harness.runner.plan import Planned
    from harness.runner.progress import RunStats

MAX_NAMED = 5
"""Cells that a warning names."""


def print_failed_calls(watch: RunStats) -> None:
    """Print each distinct reason of failed calls, with its count and a first place."""
    for message in watch.failed_calls.messages():
        _print_line(message)


def print_unparsed(finished: FinishedRun, spec: Path) -> None:
    """Print the cells of which most replies hold no answer that can be read, and the commands that show one of them."""
    from harness.runner.failed_judgments import mostly_unparsed

    for cell, unparsed, judgments, item in mostly_unparsed(finished.judgments_frame())[:MAX_NAMED]:
        _print_line(f"warning: {unparsed:,} of {judgments:,} judgments of {cell} hold no answer that can be read")
        _print_command(f"  look: {shlex.join(['harness', 'explain', str(spec), cell, '--item', item])}")
        words = ["harness", "failures", str(finished.folder), "--kind", "unparsed", "--cell", cell]
        _print_command(f"  or: {shlex.join(words)}")
        _print_line("  a changed answer rule reads the stored replies anew, without a call")


def print_unanswered(plan: Planned, finished: FinishedRun, watch: RunStats) -> bool:
    """Print the models of which no call was answered; whether there are any."""
    from harness.runner.failed_judgments import unanswered_models

    models_of = {cell.id: cell.models for cell in plan.spec.cells}
    failed = [name for name in watch.models if watch.failed[name] and not watch.made[name]]
    unanswered = unanswered_models(finished.judgments_frame(), models_of, failed) if failed else []
    for name in unanswered:
        if name not in watch.stopped_models:
            _print_line(f"error: no call to {name} was answered")
    return bool(unanswered)


def _print_line(text: str) -> None:
    style = "red" if text.startswith("error:") else "yellow" if text.startswith("warning:") else ""
    print_message(text, style=style)


def _print_command(text: str) -> None:
    """Print a command to copy, which is not wrapped."""
    click.echo(printable(text), err=True)
