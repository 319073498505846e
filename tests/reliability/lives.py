"""Runs that are born ready: a process that has imported everything forks one for each run, so that killing fifty of
them costs seconds. Started by `Nursery`, never imported by what it forks.

Each line on stdin is the JSON of a life, the next one that of how it is to end: a signal, or 0 to wait for it. Then its
exit code is answered. A process that has ended is kept until then, so that no signal can go astray.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any


class Nursery:
    """Starts runs, each in a process of its own. Use it as a context."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._told() == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def start(self, folder: Path, **life: Any) -> None:
        """Start a run of `spec.yaml` in a folder.

        Args:
            folder: where spec, cache and results are; `stored` in it gets the key of every reply, once it is kept, and
                `stopping` is there once the run has heard that it is to stop.
            life: `most_bytes`, the largest file that it may write; `results`, `cache`, other folders; `year`, what
                its clock says.
        """
        self._tell({"folder": str(folder), **life})

    def signal(self, signal: int) -> None:
        """Send a signal to the run, and leave it running."""
        self._tell({"signal": signal, "and": "go on"})

    def end(self, signal: int = 0) -> tuple[int, str]:
        """How the run ended, by a signal or by itself: its exit code, negative after a signal, and what it said."""
        self._tell({"signal": signal})
        said: list[Any] = json.loads(self._told())
        return said[0], said[1]

    def _tell(self, what: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _told(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def live(life: dict[str, Any]) -> int:
    """Run the spec as a life says it; the exit code."""
    import signal
    import time

    from harness import api
    from harness.cache.key import call_key
    from harness.cli._errors import messages_of
    from harness.runner.progress import RunStats

    folder = Path(life["folder"])
    spec = api.load_spec(folder / "spec.yaml")
    stored = os.open(folder / "stored", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    class ProgressListener(RunStats):
        def called(self, call: Any, reply: Any) -> None:
            super().called(call, reply)
            if reply.finish != "unavailable":
                os.write(stored, call_key(call).encode() + b"\n")

        def stopping(self, in_flight: int) -> None:
            super().stopping(in_flight)
            (folder / "stopping").touch()

    if most := life.get("most_bytes"):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if year := life.get("year"):
        from datetime import datetime as real

        import diskcache.core

        shift = (year - 2026) * 365.25 * 86400
        diskcache.core.time.time = time.time = lambda now=time.time: now() + shift

        class Then(real):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return real.now(tz).replace(year=year)

        api.datetime = Then  # type: ignore[attr-defined]
    try:
        api.run_spec(
            spec,
            cache=life.get("cache", folder / "cache"),
            results=life.get("results", folder / "results"),
            watch=ProgressListener(spec.models),
        )
    except BaseException as error:
        messages, code = messages_of(error)
        (folder / "said").write_text("\n".join(messages))
        return code
    (folder / "said").write_text("")
    return 0


def main() -> None:
    """Fork a process for each line."""
    import aiohttp  # noqa: F401 - imported here so that no life has to
    import diskcache  # noqa: F401
    import polars  # noqa: F401

    import harness.cli.run
    import harness.providers.backends.openai
    import harness.providers.chat_client
    import harness.runner.executor
    import harness.runner.run_folder  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        life = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = live(life)
            finally:
                os._exit(code)
        is_going_on = True
        while is_going_on:
            told = json.loads(sys.stdin.readline())
            is_going_on = "and" in told
            if told["signal"]:
                os.kill(pid, told["signal"])
        _, status = os.waitpid(pid, 0)
        said = Path(life["folder"]) / "said"
        print(json.dumps([os.waitstatus_to_exitcode(status), said.read_text() if said.exists() else ""]), flush=True)


if __name__ == "__main__":
    main()
