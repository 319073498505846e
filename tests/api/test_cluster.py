"""Whole runs with a dask scheduler and worker processes: one killed, one stopped for a while, one late, all gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import harness
from harness._version import __version__
from harness.api import FinishedRun
from harness.records.experiment import Spec
from harness.runner import plan as plans
from harness.runner.progress import RunStats
from harness.runner.run_folder import ENVIRONMENT
from harness.runner.workers import cluster
from harness.runner.workers.lanes import WorkersError
from support.chat_server import chat_server
from support.paths import ROOT

pytestmark = pytest.mark.slow

SPEC = """\
schema: 1
name: asked
datasets: {{quickstart: {{path: quickstart.jsonl, subset: {{limit: 40}}}}}}
models:
  judge: {{provider: openai, base_url: "{url}", api_key_env: CLUSTER_KEY, limits: {{concurrency: 8, attempts: 1}}}}
matrix: {{dataset: [quickstart], strategy: [direct, combined-10], evaluator: [{{judge: judge}}], order: [both]}}
score: {{resamples: 100}}
"""


class Processes:
    """A scheduler and its workers; each worker is one process with one thread, and has the key."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.file = folder / "scheduler.json"
        self.scheduler = self._started("scheduler", "--scheduler-file", str(self.file), "--port", "0")
        while not self.file.exists():
            time.sleep(0.01)
        self.workers = [self.worker() for _ in range(3)]

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        only = ["--scheduler-file", str(self.file), "--nthreads", "1", "--no-nanny"]
        return self._started("worker", *only, CLUSTER_KEY="sk-of-workers")

    def _started(self, kind: str, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", "--host", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=self._folder,
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@contextmanager
def world(folder: Path) -> Iterator[tuple[Processes, Spec, list[dict[str, Any]]]]:
    """A cluster, a spec whose judge is a loopback endpoint, and the requests that come there."""

    def answer(request: dict[str, Any], number: int) -> dict[str, Any]:
        score = len(request["messages"][-1]["content"]) % 10
        text = f"Verdict: {'AB'[score % 2]}\nScore A: {score}/10\nScore B: 5/10"
        return {
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 10, "total_tokens": 210},
        }

    (folder / "quickstart.jsonl").write_bytes((ROOT / "specs/data/quickstart.jsonl").read_bytes())
    with ExitStack() as stack, chat_server(answer) as (url, requests):
        (folder / "asked.yaml").write_text(SPEC.format(url=url))
        yield Processes(folder, stack), harness.load_spec(folder / "asked.yaml"), requests


class At(RunStats):
    """Does things once so many calls have been made."""

    def __init__(self, models: Any, **events: Callable[[], object]) -> None:
        super().__init__(models)
        self.events = {int(name.removeprefix("call_")): event for name, event in events.items()}
        self.said: list[str] = []
        self.say = self.said.append

    def called(self, call: object, reply: object) -> None:
        super().called(call, reply)  # type: ignore[arg-type]
        event = self.events.pop(self.calls, None)
        if event is not None:
            event()


def content(run: FinishedRun) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name != ENVIRONMENT}


def test_cluster_gives_the_same_bytes_whatever_happens_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "CHUNK", 8)
    monkeypatch.setattr(cluster, "WATCH_S", 0.05)
    monkeypatch.delenv("CLUSTER_KEY", raising=False)
    with world(tmp_path) as (processes, spec, requests):
        first, second, _ = processes.workers

        def paused() -> None:
            second.send_signal(signal.SIGSTOP)
            threading.Timer(0.5, second.send_signal, (signal.SIGCONT,)).start()

        watch = At(spec.models, call_40=first.kill, call_80=processes.worker, call_100=paused)
        address = str(processes.file)
        shared = harness.run_spec(spec, cache=tmp_path / "c", results=tmp_path / "r", scheduler=address, watch=watch)
        calls = len(requests)
        with monkeypatch.context() as replay:
            replay.setattr(harness.runner.run.Run, "_run_here", None)  # the coordinator runs no chunk
            again = harness.run_spec(
                spec, cache=tmp_path / "c", results=tmp_path / "a", scheduler=address, offline=True
            )
        monkeypatch.setenv("CLUSTER_KEY", "sk-here")
        alone = harness.run_spec(spec, cache=tmp_path / "one", results=tmp_path / "one")
        necessary = len(requests) - calls
        assert content(shared) == content(alone) == content(again)
        assert (watch.calls, watch.failed, watch.events) == (necessary, {}, {})
        assert necessary <= calls <= necessary + 2 * 8
        assert sum("was lost; what it had in flight is done again" in line for line in watch.said) == 1


def test_scheduler_that_goes_away_is_an_error_and_the_run_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as (processes, spec, requests):
        address = str(processes.file)
        with monkeypatch.context() as other:
            other.setattr(cluster, "__version__", "0.0.1")
            with pytest.raises(WorkersError, match=f"has version {__version__} of the harness, and this process has"):
                harness.run_spec(spec, cache=tmp_path / "c", results=tmp_path / "r", scheduler=address)
        assert requests == []
        watch = At(spec.models, call_50=processes.scheduler.kill)
        with pytest.raises(WorkersError, match="is gone; replies that were received are stored"):
            harness.run_spec(spec, cache=tmp_path / "c", results=tmp_path / "r", scheduler=address, watch=watch)
        assert watch.calls >= 50
        monkeypatch.setenv("CLUSTER_KEY", "sk-here")
        run = harness.run_spec(spec, cache=tmp_path / "c", results=tmp_path / "r")
        assert run.environment["calls_from_cache"] == watch.calls
        assert run.environment["calls_made"] + watch.calls <= len(requests) <= 160 + 3 * 8
