"""The folders of runs that are being written: beside their final place, under the name of their process.

results/<spec name>/.unfinished-<host>-<process id>-<random>/
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from harness.atomic import is_running

MARK = ".unfinished-"


def new_folder(parent: Path) -> Path:
    """A new folder of this process, which only its user can read: prompts and replies are private until shared."""
    return Path(tempfile.mkdtemp(prefix=f"{MARK}{socket.gethostname()}-{os.getpid()}-", dir=parent))


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of processes that were killed on this machine."""
    mark = f"{MARK}{socket.gethostname()}-"
    for folder in parent.glob(f"{mark}*"):
        pid = folder.name.removeprefix(mark).partition("-")[0]
        if pid.isdecimal() and not is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
