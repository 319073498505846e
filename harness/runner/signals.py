"""Signals that stop a run which is making calls."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.providers.cancellation import Cancellation
from harness.runner.interruption import EndingSignal


@contextmanager
def handling_signals(cancellation: Cancellation, interrupt: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP stop the run in order; only the main thread receives signals.

    Args:
        cancellation: of the run; a second signal ends it without waiting.
        interrupt: stops the run.
    """

    def on_signal() -> None:
        if cancellation.cause is None:
            interrupt()
        else:
            cancellation.forced.set()

    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
            for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                handler = signal.getsignal(one)
                if handler not in (None, signal.SIG_IGN):  # ignored by the parent process, or not set from Python
                    loop.add_signal_handler(one, on_signal)
                    before[one] = handler
        yield
    finally:
        for one, handler in before.items():
            if isinstance(handler, EndingSignal) and isinstance(cancellation.cause, KeyboardInterrupt):
                handler.is_ending = True
            loop.remove_signal_handler(one)
            signal.signal(one, handler)
