"""How a run is stopped from another thread than its own, which a signal does not reach."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harness.runner.session import Connect

if TYPE_CHECKING:
    from harness.providers.cancellation import Cancellation
    from harness.providers.provider import Connection


class Interruption:
    """Stops a run from another thread, in order: no new call is sent, and calls in flight are waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Cancellation] = []
        self._is_asked = False

    def reaching(self, connect: Connect) -> Connect:
        """The same function, which also makes the run that uses it known."""

        def connected(name: str, cancellation: Cancellation) -> Connection:
            cancellation.bind()
            with self._lock:
                self._running.append(cancellation)
                if self._is_asked:
                    cancellation.stop(KeyboardInterrupt())
            return connect(name, cancellation)

        return connected

    def ask(self) -> None:
        """Stop the run."""
        with self._lock:
            self._is_asked = True
            running = list(self._running)
        for cancellation in running:
            cancellation.stop_from_outside(KeyboardInterrupt())
