"""Caches on an overlay file system, as in a container, and in memory: kills lose nothing there either."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.cache.cache import Cache
from harness.providers.simulation.world import Service
from reliability.lives import Nursery
from reliability.served import served
from reliability.test_interruption import kept_in, killed_and_resumed, laid_out, results_of, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="file systems of Linux"),
]

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as process:
        yield process


@pytest.fixture(scope="module")
def server():
    with served(Service(latency_ms=10)) as running:
        yield running


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder of a file system in memory."""
    if not SHARED_MEMORY.is_dir():
        pytest.skip(f"there is no {SHARED_MEMORY}")
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


@contextmanager
def overlay(lower: Path, layers: Path) -> Iterator[Path]:
    """A folder that shows `lower`, and keeps what is changed in another layer."""
    upper, work, merged = (layers / name for name in ("upper", "work", "merged"))
    for folder in (upper, work, merged):
        folder.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    words = ["mount", "-t", "overlay", "overlay", "-o", options, str(merged)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no program `mount`")
    if done.returncode:
        pytest.skip(f"an overlay cannot be mounted here: {done.stderr.strip()}")
    try:
        yield merged
    finally:
        subprocess.run(["umount", "--lazy", str(merged)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_cache_in_memory_loses_nothing_to_kills(in_memory, nursery, server):
    server.asked.clear()
    folder = laid_out(in_memory / "world", server, items=30)
    assert killed_and_resumed(folder, nursery, server, kills=4, seed=2, seconds=0.6) > 0
    assert results_of(folder)


def test_a_cache_on_an_overlay_loses_nothing_to_kills(in_memory, nursery, server):
    server.asked.clear()
    (in_memory / "lower").mkdir()
    with overlay(in_memory / "lower", in_memory) as merged:
        folder = laid_out(merged / "world", server, items=30)
        assert killed_and_resumed(folder, nursery, server, kills=4, seed=3, seconds=0.6) > 0
        assert results_of(folder)


def test_a_cache_of_a_lower_layer_is_continued_and_not_changed(in_memory, nursery, server):
    """As that of an image: it was filled in part when the image was made, by a run that was killed."""
    server.asked.clear()
    lower = laid_out(in_memory / "lower", server, items=30)
    nursery.start(lower)
    wait_for(lower / "stored", 20)
    assert nursery.end(signal.SIGKILL)[0] == -signal.SIGKILL
    in_image, image = kept_in(lower), contents(lower)
    assert 20 <= len(in_image) < 120
    asked = server.asked.copy()
    with overlay(lower, in_memory) as merged:
        assert kept_in(merged) == in_image
        for _ in range(2):
            lines = len((merged / "stored").read_bytes().splitlines())
            nursery.start(merged)
            wait_for(merged / "stored", lines + 15)
            assert nursery.end(signal.SIGKILL)[0] == -signal.SIGKILL
            assert in_image <= kept_in(merged)
        nursery.start(merged)
        assert nursery.end() == (0, "")
        assert not (server.asked - asked).keys() & in_image, "a reply of the image was asked for again"
        found = results_of(merged)
    assert contents(lower) == image
    with Cache(shutil.copytree(lower / "cache", in_memory / "copy")) as cache:
        assert cache.verify().is_good
    nursery.start(lower)
    assert nursery.end() == (0, "")
    assert results_of(lower) == found


def test_two_runs_on_an_overlay_share_one_lock(in_memory, nursery, server):
    """The file of the lock is in the lower layer until it is opened for writing."""
    server.asked.clear()
    lower = laid_out(in_memory / "lower", server, items=30)
    with Cache(lower / "cache") as cache:
        cache.make_ready()
    with overlay(lower, in_memory) as merged, Nursery() as other:
        nursery.start(merged)
        other.start(merged, results=str(in_memory / "results"))
        assert nursery.end() == other.end() == (0, "")
        assert max(server.asked.values()) == 1, "a call that both need is made once"
        assert kept_in(merged) == set(server.asked)
