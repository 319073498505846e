"""An endpoint that restarts in the middle of a run: the run waits for it, and ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.world import Service
from reliability.served import Served, served
from support.run_contents import run_contents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SPEC = """\
schema: 1
name: restarts
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  small: {{provider: openai, model: "simulated?skill=0.6", base_url: "{url}", identity: served,
    limits: {{concurrency: 8}}}}
matrix: {{dataset: [letters], strategy: [direct, combined-10], evaluator: [{{judge: [small]}}]}}
score: {{resamples: 200}}
"""
ITEMS = 60
CALLS = 2 * ITEMS
"""Of two strategies."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def started(folder: Path, url: str, name: str) -> subprocess.Popen[str]:
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, ITEMS)))
    (folder / "spec.yaml").write_text(SPEC.format(url=url))
    places = ["--cache", str(folder / f"cache-{name}"), "--results", str(folder / f"results-{name}")]
    command = [sys.executable, "-m", "harness", "run", str(folder / "spec.yaml"), *places]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def until(server: Served, calls: int, running: subprocess.Popen[str]) -> None:
    """Wait until the server has got so many calls."""
    limit = time.monotonic() + 100
    while server.asked.total() < calls:
        assert running.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.002)


def only_run(folder: Path, name: str) -> Path:
    (run,) = (folder / f"results-{name}" / "restarts").iterdir()
    return run


@pytest.mark.parametrize("away_s", [0.0, 1.0])
def test_a_server_that_restarts_twice_costs_the_calls_in_flight_only(tmp_path, away_s):
    port, asked = free_port(), 0
    service = Service(latency_ms=20)
    with served(service, port=port) as server:
        running = started(tmp_path, server.url, "disturbed")
        until(server, CALLS // 4, running)
    asked += server.asked.total()
    time.sleep(away_s)  # no server is there for so long
    with served(service, port=port) as server:
        until(server, CALLS // 4, running)
    asked += server.asked.total()
    time.sleep(away_s)
    with served(service, port=port) as server:
        _, said = running.communicate(timeout=200)
        asked += server.asked.total()
        assert running.returncode == 0, said
        plain = started(tmp_path, server.url, "plain")
        _, said = plain.communicate(timeout=200)
        assert plain.returncode == 0, said
    assert CALLS <= asked <= CALLS + 2 * 8, "those in flight at each restart are made again"
    assert run_contents(only_run(tmp_path, "disturbed")) == run_contents(only_run(tmp_path, "plain"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_run_whose_server_is_away_can_be_interrupted_and_resumed(tmp_path):
    port = free_port()
    with ExitStack() as first:
        server = first.enter_context(served(Service(latency_ms=20), port=port))
        running = started(tmp_path, server.url, "disturbed")
        until(server, CALLS // 4, running)
        url = server.url
    before = server.asked.total()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=100)
    assert running.returncode == 130, said
    assert "to resume: harness run" in said
    with served(Service(latency_ms=20), port=port) as again_server:
        again = started(tmp_path, url, "disturbed")
        _, said = again.communicate(timeout=200)
        assert again.returncode == 0, said
        assert before + again_server.asked.total() <= CALLS + 8
