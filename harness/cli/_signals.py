"""Signals that end a run: the first one interrupts it, and no later one cuts off the report of what was spent."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

import click

ENDING = (KeyboardInterrupt, SystemExit, click.exceptions.Exit)
"""While one of these is handled, the command is ending already."""


def end_in_order(ctx: click.Context) -> None:
    """Let SIGTERM interrupt a command as Ctrl-C does, and ignore signals while it reports how it ended.

    Calls in flight have handlers of their own, which see the signals before these do. What the process ignored before,
    it goes on to ignore.

    Args:
        ctx: of the command; at its end, the handlers of before are restored, or the signals are ignored if more
            than one came.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        return
    received: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        is_first = not received
        received.append(number)
        if is_first and not isinstance(sys.exc_info()[1], ENDING):
            raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    for one in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(one)
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            before[one] = handler
            signal.signal(one, on_signal)

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_IGN if received else handler)

    ctx.find_root().call_on_close(restore)
