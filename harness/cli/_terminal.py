"""Size and colours of the terminal that a command prints to."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import NamedTuple, TextIO

import click

from harness.text import printable


class Screen(NamedTuple):
    """What a command may print.

    Attributes:
        width: characters of a line, None where stdout is no terminal.
        height: lines, None where stdout is no terminal.
        colours: whether to print colours.
    """

    width: int | None
    height: int | None
    colours: bool


def screen() -> Screen:
    """Size and colours of stdout."""
    if not sys.stdout.isatty():
        return Screen(None, None, has_colours(sys.stdout))
    size = shutil.get_terminal_size()
    return Screen(size.columns, size.lines, has_colours(sys.stdout))


def has_colours(stream: TextIO) -> bool:
    """Whether a stream gets colours: as --color says, otherwise a terminal unless NO_COLOR is set or TERM is `dumb`."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_message(text: str, *, style: str = "") -> None:
    """Print a message on stderr, wrapped at words on a terminal.

    Args:
        text: the message; what a terminal might obey is removed, indentation is kept.
        style: a colour, where stderr shows any.
    """
    words = text.lstrip(" ")
    indent = " " * (len(text) - len(words))
    line = indent + printable(words)
    if sys.stderr.isatty():
        line = wrapped(line, shutil.get_terminal_size().columns, indent)
    click.echo(click.style(line, fg=style) if style and has_colours(sys.stderr) else line, err=True)


def print_text(text: str) -> None:
    """Print a line on stdout, wrapped at words on a terminal; what a terminal might obey is removed."""
    words = text.lstrip(" ")
    indent = " " * (len(text) - len(words))
    line, width = indent + printable(words), screen().width
    click.echo(line if width is None else wrapped(line, width, f"{indent}  "))


def wrapped(line: str, width: int, indent: str = "") -> str:
    """A line broken at words; words longer than a line, such as paths, stay whole."""
    broken = textwrap.wrap(
        line,
        max(width, 20),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    return "\n".join(broken) or line
