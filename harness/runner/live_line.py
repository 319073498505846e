"""One line about work in progress: redrawn in place on a terminal, printed now and then elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

EVERY_S = 30.0
"""Seconds between lines where the stream is no terminal."""
AFTER_S = 0.5
"""Work that takes less shows no line on a terminal."""
PER_SECOND = 5
"""How often a terminal is redrawn."""
NARROWEST = 20
PIPE_WIDTH = 120


class LiveLine:
    """A line about work in progress. Use it as a context manager.

    On a terminal the line is erased at the end, and messages are printed above it. Elsewhere it is printed every
    `every_s` seconds, also while nothing happens.

    Args:
        stream: where it is shown.
        text: makes the line, of at most so many characters.
        every_s: seconds between lines where the stream is no terminal.
        after_s: seconds before a terminal shows the line.
    """

    def __init__(
        self, stream: TextIO, text: Callable[[int], str], *, every_s: float = EVERY_S, after_s: float = AFTER_S
    ) -> None:
        self._stream, self._text = stream, text
        self._every_s, self._after_s = every_s, after_s
        self._is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._ended = threading.Event()
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._console: Console | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the line is on the terminal now."""
        with self._lock:
            return self._live is not None

    def __enter__(self) -> LiveLine:
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._erase()

    def _show(self) -> None:
        if self._is_terminal:
            if not self._ended.wait(self._after_s):
                self._draw()
            return
        while not self._ended.wait(self._every_s):
            self.print_line()

    def print_line(self) -> None:
        """Print the line as it is now."""
        if text := printable(self._text(PIPE_WIDTH)):
            with self._lock:
                self._stream.write(f"{text}\n")
                self._stream.flush()

    def say(self, text: str) -> bool:
        """Print a message above the line; False where no line is shown, and nothing was printed."""
        with self._lock:
            if self._live is None:
                return False
            from rich.text import Text

            self._live.console.print(Text(printable(text)), soft_wrap=True)
            return True

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Erase the line for a while, such as for a question."""
        with self._lock:
            was_live = self._live is not None
            self._erase()
            try:
                yield
            finally:
                if was_live:
                    self._draw()

    def _draw(self) -> None:
        """Show the line on the terminal and keep it up to date."""
        from rich.console import Console
        from rich.live import Live

        with self._lock:
            if self._ended.is_set():
                return
            self._console = Console(file=self._stream, highlight=False)
            self._live = Live(
                get_renderable=self._renderable,
                console=self._console,
                transient=True,
                refresh_per_second=PER_SECOND,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)

    def _renderable(self) -> Text:
        from rich.text import Text

        assert self._console is not None, "the line is shown"
        width = max(NARROWEST, self._console.width - 1)
        return Text(printable(self._text(width)), no_wrap=True, overflow="ellipsis")

    def _erase(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()
