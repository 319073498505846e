"""How a run is stopped: by signals that end a process, or from another thread, which no signal reaches."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.providers.cancellation import Cancellation
    from harness.providers.provider import Connection
    from harness.runner.session import Connect


class EndingSignal:
    """A signal handler that interrupts once, and never while the process is ending already.

    Attributes:
        is_ending: whether a signal has been received, by this handler or by that of calls in flight.
    """

    def __init__(self) -> None:
        self.is_ending = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Receive a signal.

        Raises:
            KeyboardInterrupt: the first time.
        """
        was_ending, self.is_ending = self.is_ending, True
        if not was_ending and not isinstance(sys.exc_info()[1], KeyboardInterrupt | SystemExit):
            raise KeyboardInterrupt


class Interruption:
    """Stops a run from another thread, in order: no new call is sent, and calls in flight are waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Cancellation] = []
        self._asked = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait, outside of an event loop.

        Raises:
            KeyboardInterrupt: once the run is to stop.
        """
        if self._asked.wait(seconds):
            raise KeyboardInterrupt

    def reaching(self, connect: Connect) -> Connect:
        """The same function, which also makes the run that uses it known."""

        def connected(name: str, cancellation: Cancellation) -> Connection:
            cancellation.bind()
            with self._lock:
                self._running.append(cancellation)
                if self._asked.is_set():
                    cancellation.stop(KeyboardInterrupt())
            return connect(name, cancellation)

        return connected

    def ask(self) -> None:
        """Stop the run."""
        with self._lock:
            self._asked.set()
            running = list(self._running)
        for cancellation in running:
            cancellation.stop_from_outside(KeyboardInterrupt())
