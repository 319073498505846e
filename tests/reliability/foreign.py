"""Servers of other projects, each in a process of its own on a free port of the loopback interface."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def foreign(command: Sequence[str | Path], health: str, *, starts_in_s: float = 60) -> Iterator[str]:
    """Start a server; its address, once it answers.

    Args:
        command: what starts it; the words `--host` and `--port` with their values are added.
        health: the path that answers 200 once it is there.
        starts_in_s: seconds that it may take.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ["--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, *place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + starts_in_s
        while not _is_up(url + health):
            assert process.poll() is None, "it ended"
            assert time.monotonic() < ends, "it never started"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return response.status == 200
    except OSError:
        return False
