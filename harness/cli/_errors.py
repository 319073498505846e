"""How errors end: a message on stderr, an exit code, and no traceback unless it is asked for."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from harness.errors import HarnessError, Problem
from harness.providers.redaction import secrets_in
from harness.text import printable

INPUT_IS_WRONG = 2
DEFECT = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell reports of a process that wrote to a closed pipe."""

HINTS = {
    errno.ENOSPC: "free some space, or name another place with --cache or --results; what was stored is kept",
    errno.EDQUOT: "free some space, or name another place with --cache or --results; what was stored is kept",
    errno.EACCES: "check who may use it, or name another place",
    errno.EROFS: "name a place that can be written, with --cache or --results",
}


@contextmanager
def reported(*, show_traceback: bool) -> Iterator[None]:
    """Turn whatever is raised inside into messages and the exit code that belongs to it."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise  # click's own: it knows how to end them
    except BrokenPipeError:
        raise click.exceptions.Exit(BROKEN_PIPE) from None
    except BaseException as error:
        messages, code = explained(error)
        if show_traceback:
            messages = [*"".join(traceback.format_exception(error)).splitlines(), *messages]
        # Nothing that is raised should hold a key. This is for what nobody thought of.
        secrets = secrets_in(os.environ)
        for message in messages:
            for secret in secrets:
                message = secret.redacted(message)
            click.echo(shown(message), err=True)
        raise click.exceptions.Exit(code) from None


def shown(message: str) -> str:
    """A line of a message or of a traceback, fit for a terminal; its indentation stays."""
    text = message.lstrip(" ")
    return " " * (len(message) - len(text)) + printable(text)


def explained(error: BaseException) -> tuple[list[str], int]:
    """What to tell the user of an error, line by line, and the exit code."""
    match error:
        case HarnessError():
            return [told(problem) for problem in error.problems], error.exit_code
        case KeyboardInterrupt():
            return ["interrupted; what was stored is kept, and the same command goes on from there"], INTERRUPTED
        case SystemExit():
            raise error
        case OSError():
            problem = Problem(
                file=os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "",
                message=(error.strerror or str(error) or type(error).__name__).lower(),
                hint=HINTS.get(error.errno or 0, ""),
            )
            return [told(problem)], INPUT_IS_WRONG
        case _:
            what = f"error: {type(error).__name__}: {error}"
            return [what, "this is a defect of the harness; HARNESS_DEBUG=1 shows where it happened"], DEFECT


def told(problem: Problem) -> str:
    """A problem as one line; one that names no file is marked as an error."""
    return str(problem) if problem.file else f"error: {problem}"


@contextmanager
def closing_output() -> Iterator[None]:
    """Flush stdout at the end, while a full disk or a closed pipe can still be reported."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        # What is still buffered has nowhere to go; the interpreter would try again as it exits, and complain.
        _discard_stdout()
        raise


def _discard_stdout() -> None:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # a stdout that is no file, as in tests
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
