"""Errors of the command line: a message on stderr and an exit code; a traceback only with --debug."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from harness.cli._terminal import print_message
from harness.errors import HarnessError, Problem
from harness.providers.redaction import secrets_in
from harness.text import printable

INPUT_IS_WRONG = 2
DEFECT = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
"""The exit code that a shell reports for a process killed by SIGPIPE."""

RUN_FOLDERS = f"{__name__}.runs"
"""Where a command keeps the folders of the runs that it reads, in the `meta` of its context."""

DISK_FULL = "free some space, or choose another folder with --cache or --results; stored replies are kept"
HINTS = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EACCES: "check its permissions, or choose another folder",
    errno.EROFS: "choose a writable folder with --cache or --results",
}


@contextmanager
def reported(*, show_traceback: bool) -> Iterator[None]:
    """Turn every exception into messages on stderr and its exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise  # click handles its own exceptions
    except BrokenPipeError:
        raise click.exceptions.Exit(BROKEN_PIPE) from None
    except BaseException as error:
        messages, code = messages_of(error)
        if show_traceback:
            messages = [*"".join(traceback.format_exception(error)).splitlines(), *messages]
        # No message should contain an API key; this is the last line of defence.
        secrets = secrets_in(os.environ)
        if isinstance(error, KeyboardInterrupt) and sys.stderr.isatty():
            click.echo(err=True)  # behind the ^C that the terminal shows
        for message in messages:
            for secret in secrets:
                message = secret.redacted(message)
            if show_traceback:
                click.echo(printable_line(message), err=True)
            else:
                print_message(message, style="" if code == INTERRUPTED else "red")
        raise click.exceptions.Exit(code) from None


def printable_line(message: str) -> str:
    """A line of a message or a traceback, safe for a terminal, with its indentation."""
    text = message.lstrip(" ")
    return " " * (len(message) - len(text)) + printable(text)


def messages_of(error: BaseException) -> tuple[list[str], int]:
    """The lines of an error message, and the exit code."""
    match error:
        case HarnessError():
            return [problem_line(problem) for problem in error.problems], error.exit_code
        case KeyboardInterrupt():
            return ["interrupted; stored replies are kept: run the same command to resume"], INTERRUPTED
        case SystemExit():
            raise error
        case OSError():
            problem = Problem(
                file=os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "",
                message=(error.strerror or str(error) or type(error).__name__).lower(),
                hint=HINTS.get(error.errno or 0, ""),
            )
            return [problem_line(problem)], INPUT_IS_WRONG
        case _:
            message = f"error: {type(error).__name__}: {error}"
            return [message, "this is a bug in the harness; HARNESS_DEBUG=1 shows the traceback"], DEFECT


def problem_line(problem: Problem) -> str:
    """A problem as one line, marked as an error where it names no file."""
    return str(problem) if problem.file else f"error: {problem}"


@contextmanager
def diagnosing_runs(ctx: click.Context) -> Iterator[None]:
    """Name the run folder that an unexpected error comes from, where it comes from one."""
    try:
        yield
    except (HarnessError, OSError, click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt):
        raise
    except BaseException:  # a panic of polars is no Exception
        folders = ctx.meta.get(RUN_FOLDERS)
        if not folders:
            raise
        from harness.runner.corruption import diagnose_corruption

        with diagnose_corruption(*folders):
            raise


@contextmanager
def closing_output() -> Iterator[None]:
    """Flush stdout at the end, so that a full disk or a closed pipe is reported."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        # The interpreter would flush the rest of the buffer at exit and fail again.
        _discard_stdout()
        raise


def _discard_stdout() -> None:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # stdout is not a file, as in tests
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)
