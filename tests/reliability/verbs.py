"""Verbs that are ended at a given step: a process that has imported everything forks one for each.

A step is an event of Python's audit hooks (PEP 578) that names a path below the folder of the test: opening, renaming,
removing or making a file or a folder, or opening a database. The run of a verb is ended just before a step, so every
step can be tried, and none is met by luck. Started by `Verbs`, never imported by what it forks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

STEPS = frozenset(
    ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "sqlite3.connect", "os.link", "os.chmod")
)


class Ended(NamedTuple):
    """How a verb ended.

    Attributes:
        code: its exit code, negative after a signal.
        steps: how many steps it began.
        out: what it printed.
        err: its messages.
    """

    code: int
    steps: int
    out: str
    err: str


class Verbs:
    """Runs verbs, each in a process of its own. Use it as a context."""

    def __enter__(self) -> Verbs:
        path = os.pathsep.join((str(Path(__file__).parents[2]), *sys.path))
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def run(
        self, folder: Path, *words: str | Path, at: int = 0, by: int = signal.SIGKILL, most_bytes: int = 0
    ) -> Ended:
        """Run a verb in a folder.

        Args:
            folder: the current folder, whose files are watched.
            words: the verb and its options.
            at: the number of the step before which it is ended, from 1; 0 to let it be.
            by: the signal that ends it; 0 for an error of the disk at this step.
            most_bytes: the largest file that it may write, as a full disk; 0 for no limit.
        """
        assert self._process.stdin
        assert self._process.stdout
        what = {"folder": str(folder), "words": [*map(str, words)], "at": at, "by": by, "most_bytes": most_bytes}
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))


def _watch(what: dict[str, Any], counted: int) -> None:
    """Count steps, and end the process at one of them."""
    folder, number = what["folder"] + os.sep, 0

    def seen(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal number
        if event not in STEPS or not arguments or isinstance(arguments[0], int) or arguments[0] is None:
            return
        path = os.fsdecode(arguments[0]).removeprefix("file://").partition("?")[0]
        if not os.path.abspath(path).startswith(folder):  # noqa: PTH100 - resolving a link opens files
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        number += 1
        os.pwrite(counted, str(number).encode(), 0)
        if number == what["at"]:
            if what["by"]:
                os.kill(os.getpid(), what["by"])
            else:
                raise OSError(28, os.strerror(28), path)

    sys.addaudithook(seen)


def _run(what: dict[str, Any], files: Sequence[int]) -> None:
    """Run a verb in this process, and end it."""
    out, err, counted = files
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(what["folder"])
    if what["most_bytes"]:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (what["most_bytes"], what["most_bytes"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _watch(what, counted)
    code = 70
    try:
        from harness.cli import main as harness

        harness(what["words"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def main() -> None:
    """Fork a process for each line."""
    import aiohttp  # noqa: F401 - imported here so that no verb has to
    import altair  # noqa: F401
    import diskcache  # noqa: F401
    import openai  # noqa: F401
    import polars  # noqa: F401

    import harness.api
    import harness.api.batch
    import harness.cli.batch
    import harness.cli.cache
    import harness.cli.report
    import harness.cli.run
    import harness.providers.openai_batches
    import harness.report.document
    import harness.runner.executor
    import harness.runner.run_folder  # noqa: F401
    from harness.runner.batches import coordinator, submission

    coordinator.FIRST_POLL_S = coordinator.MAX_POLL_S = submission.SETTLE_S = 0.0
    print("ready", flush=True)
    for line in sys.stdin:
        what = json.loads(line)
        files = [os.memfd_create(name) for name in ("out", "err", "steps")]
        pid = os.fork()
        if pid == 0:
            _run(what, files)
        _, status = os.waitpid(pid, 0)
        out, err, steps = (os.pread(file, 1 << 20, 0).decode() for file in files)
        for file in files:
            os.close(file)
        print(json.dumps([os.waitstatus_to_exitcode(status), int(steps or 0), out, err]), flush=True)


if __name__ == "__main__":
    main()
