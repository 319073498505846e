"""GitHub Actions: annotations, the job summary, and a log in which text from elsewhere is no command.

The runner takes a line that begins with `::` for a command. While a verb runs, commands are therefore stopped with a
random token; only the annotations written here are commands.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from harness.cli._checks import Check
from harness.text import printable

MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step."""
MOST_BYTES = 1_000_000
"""Of a job summary; GitHub refuses one that is larger than 1 MiB."""
_TOKEN = "harness.actions"  # noqa: S105 - a key, not a secret


def in_actions(environment: Mapping[str, str]) -> bool:
    """Whether the program runs in a step of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def commands_stopped(context: click.Context, environment: Mapping[str, str]) -> Iterator[None]:
    """Stop the commands of the log in GitHub Actions, so that no text that is printed can be one."""
    if not in_actions(environment):
        yield
        return
    import secrets

    token = secrets.token_hex(16)
    context.meta[_TOKEN] = token
    click.echo(f"::stop-commands::{token}", err=True)
    try:
        yield
    finally:
        _flush()
        click.echo(f"::{token}::", err=True)


def annotate(checks: Sequence[Check], title: str, environment: Mapping[str, str], *, level: str = "error") -> None:
    """Write an annotation for each problem, in GitHub Actions only.

    Args:
        checks: the checks; those that passed are left out.
        title: of all annotations.
        environment: the environment variables.
        level: `error` or `warning`.
    """
    lines = [f"{check.name}: {problem}" for check in checks for problem in check.problems]
    if not lines or not in_actions(environment):
        return
    shown = lines[:MOST_ANNOTATIONS]
    if len(lines) > MOST_ANNOTATIONS:
        shown[-1] = f"and {len(lines) - MOST_ANNOTATIONS + 1} more; the log lists all"
    token = click.get_current_context().meta.get(_TOKEN)
    _flush()
    if token:
        click.echo(f"::{token}::", err=True)
    for line in shown:
        click.echo(f"::{level} title={_property(title)}::{_data(line)}", err=True)
    if token:
        click.echo(f"::stop-commands::{token}", err=True)


def add_to_summary(text: str, environment: Mapping[str, str]) -> None:
    """Append Markdown to the summary of the job, in GitHub Actions only; a text that is too long is cut at a line."""
    file = environment.get("GITHUB_STEP_SUMMARY")
    if not file or not in_actions(environment):
        return
    try:
        path = Path(file)
        left = MOST_BYTES - (path.stat().st_size if path.exists() else 0)
        data = text.encode()
        if len(data) > left:
            data = data[: max(left - 100, 0)].rpartition(b"\n")[0] + b"\n\nThe summary was cut here.\n"
        if left > 0:
            with path.open("ab") as handle:
                handle.write(data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        click.echo(printable(f"warning: the job summary {file} cannot be written: {reason}"), err=True)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _data(text: str) -> str:
    """Text as the message of a command."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Text as a property of a command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
