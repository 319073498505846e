"""Signals that end a run: the first one interrupts it, and no later one cuts off the report of what was spent."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

import click

from harness.runner.interruption import EndingSignal


def end_in_order(ctx: click.Context) -> None:
    """Let SIGTERM interrupt a command as Ctrl-C does, and ignore later signals while it reports how it ended.

    While calls are in flight, the executor has handlers of its own, and a second signal stops at once. What the process
    ignored before, it still ignores.

    Args:
        ctx: of the command; at its end, the handlers of before are restored, or signals are ignored if one came.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        return
    handler = EndingSignal()
    before: dict[signal.Signals, Any] = {}
    for one in (signal.SIGINT, signal.SIGTERM):
        if (found := signal.getsignal(one)) in (signal.SIG_DFL, signal.default_int_handler):
            before[one] = found
            signal.signal(one, handler)

    def restore() -> None:
        for one, found in before.items():
            signal.signal(one, signal.SIG_IGN if handler.is_ending else found)

    ctx.find_root().call_on_close(restore)
