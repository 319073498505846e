"""Kills and a full disk with many calls in flight."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.providers.simulation.world import Service
from harness.runner.executor import UNSTORED_WINDOW
from reliability.lives import Nursery
from reliability.served import served
from reliability.test_interruption import kept_in, laid_out, results_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as process:
        yield process


@pytest.mark.parametrize("wide", [64, 256])
def test_a_kill_costs_at_most_the_calls_in_flight_and_not_stored_yet(tmp_path, nursery, wide):
    with served(Service(latency_ms=50)) as server:
        folder = laid_out(tmp_path / "world", server, items=wide, wide=wide)
        for _ in range(2):
            before, kept_before = server.asked.total(), kept_in(folder)
            asked_before = Counter(server.asked)
            nursery.start(folder)
            deadline_s = time.monotonic() + 60
            while server.asked.total() < before + wide and time.monotonic() < deadline_s:
                time.sleep(0.002)
            code, _ = nursery.end(signal.SIGKILL)
            assert code == -signal.SIGKILL
            kept = kept_in(folder)
            asked = server.asked - asked_before
            assert kept_before <= kept
            assert not asked.keys() & kept_before
            assert len(asked.keys() - kept) <= 2 * UNSTORED_WINDOW * wide
        nursery.start(folder)
        assert nursery.end() == (0, "")
        assert results_of(folder)


@pytest.mark.parametrize("wide", [64, 256])
def test_a_full_disk_loses_nothing(tmp_path, nursery, wide):
    with served(Service(latency_ms=20)) as server:
        folder = laid_out(tmp_path / "world", server, items=wide, wide=wide)
        nursery.start(folder, most_bytes=200_000)
        code, said = nursery.end()
        assert code == 2
        assert "the cache cannot be used" in said
        rescued = re.findall(r"^(.*rescued-.*\.bundle): holds \d+ repl", said, re.MULTILINE)
        assert bool(server.asked.keys() - kept_in(folder)) == bool(rescued)
        with Cache(folder / "cache") as cache:
            for file in rescued:
                import_bundle(Path(file), cache)
        assert server.asked.keys() == kept_in(folder)
        nursery.start(folder)
        assert nursery.end() == (0, "")
        assert max(server.asked.values()) == 1, "nothing is asked again"
