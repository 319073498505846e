"""A generation that is interrupted, or killed, in its loops or in its comparisons, goes on to the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from harness.providers.simulation.world import Service
from reliability.served import served
from support.loops import SPEC, laid_out
from support.run_contents import run_contents

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def asked_of(url: str) -> str:
    """The spec with its models behind a real endpoint."""
    text = SPEC
    for skill in ("0.5", "0.4", "0.9"):
        place = f'base_url: "{url}", identity: served'
        entry = f'{{provider: openai, model: "simulated?skill={skill}", {place}, limits: {{concurrency: 4}}}}'
        text = text.replace(f"{{provider: simulated, skill: {skill}}}", entry)
    return text


def command(folder):
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    return [sys.executable, "-m", "harness", "run", str(folder / "spec.yaml"), *places]


def contents(folder):
    (run,) = (folder / "results" / "loops").iterdir()
    return run_contents(run)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_at_several_places_it_ends_with_the_same_bytes(tmp_path, how):
    with served() as server:
        laid_out(tmp_path / "whole", asked_of(server.url), prompts=12)
        subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True)
        needed = len(server.asked)
        assert set(server.asked.values()) == {1}
    with served(Service(latency_ms=50)) as server:
        folder = tmp_path / "stopped"
        laid_out(folder, asked_of(server.url), prompts=12)
        stops = 0
        for share in (0.1, 0.4, 0.7, 0.9):
            process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            ends = time.monotonic() + 60
            while len(server.asked) < share * needed and process.poll() is None:
                assert time.monotonic() < ends
                time.sleep(0.005)
            process.send_signal(how)
            stops += process.wait(timeout=40) in (130, -signal.SIGKILL)
        assert stops >= 2, "some may come too late, or before there is anything to stop"
        subprocess.run(command(folder), check=True, capture_output=True)
        assert contents(folder) == contents(tmp_path / "whole")
        in_flight = 3 * 4  # calls of three models, four at once each
        assert server.asked.total() <= needed + (0 if how == signal.SIGINT else stops * in_flight)
