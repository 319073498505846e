"""A line about work that takes long: on a terminal while it lasts, in a pipe every 30 s."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from harness.runner.live_line import LiveLine
from harness.runner.progress_line import duration_text

AFTER_S = 1.0
"""Work that takes less shows no line."""


@contextmanager
def working(
    what: str | Callable[[], str],
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
    every_s: float = 30.0,
    after_s: float = AFTER_S,
) -> Iterator[None]:
    """Show what is done and for how long, as long as the context lasts. Print nothing on the terminal meanwhile.

    Args:
        what: the work, such as `reading the data`, or what says how far it is.
        stream: where it is shown; stderr by default.
        clock: the time in seconds.
        every_s: seconds between lines where the stream is no terminal.
        after_s: seconds before a terminal shows the line.
    """
    started = clock()

    def text(width: int) -> str:
        return f"{what if isinstance(what, str) else what()}, {duration_text(clock() - started)}"[:width]

    with LiveLine(stream or sys.stderr, text, every_s=every_s, after_s=after_s):
        yield
