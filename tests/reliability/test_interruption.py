"""Runs that are cut off: nothing that was paid for is lost, and the results come out as if nothing had happened."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.cache.sqlite_file import open_for_reading
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.world import Service
from harness.runner.executor import UNSTORED_WINDOW
from harness.runner.find_run import newest_run
from harness.runner.run_folder import DETERMINISTIC
from reliability.lives import Nursery
from reliability.served import Served, identity, served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")

CONCURRENCY = 6
SPEC = """\
schema: 1
name: cut-off
datasets:
  letters: {{path: letters.jsonl}}
models:
  small: {{provider: openai, model: "simulated?skill=0.6", base_url: "{url}", identity: served,
    limits: {{concurrency: {wide}}}}}
  large: {{provider: openai, model: "simulated?malformed_rate=0.2", base_url: "{url}", identity: served,
    limits: {{concurrency: {wide}}}}}
matrix:
  dataset: [letters]
  strategy: [direct, combined-10]
  evaluator: [{{judge: [small, large]}}, {{jury: {{of: [small, large], sizes: [2]}}}}]
score: {{resamples: 200}}
"""
UNDER_WAY = 2 * UNSTORED_WINDOW * CONCURRENCY
"""Calls of both models together that are in flight or not on the disk yet, and so the most that a kill can cost."""


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as process:
        yield process


@pytest.fixture(scope="module")
def server():
    with served(Service(latency_ms=10)) as running:
        yield running


def laid_out(folder: Path, server: Served, items: int = 60, wide: int = CONCURRENCY) -> Path:
    """A folder with the spec and its data; `wide` is the number of calls in flight of each model."""
    folder.mkdir()
    rows = make_pairs(3, items)
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "spec.yaml").write_text(SPEC.format(url=server.url, wide=wide))
    return folder


def results_of(folder: Path) -> dict[str, bytes]:
    """The files of the only run of a folder, by name."""
    run = newest_run("cut-off", folder / "results")
    assert run is not None
    assert [run] == list((folder / "results" / "cut-off").iterdir()), "one run, and nothing beside it"
    return {name: (run / name).read_bytes() for name in DETERMINISTIC}


def kept_in(folder: Path) -> set[str]:
    """The identities of all calls whose replies are in the cache, every entry of which is sound."""
    with Cache(folder / "cache") as cache:
        assert cache.verify().is_good
    acknowledged = (folder / "stored").read_text().split() if (folder / "stored").exists() else []
    connection = open_for_reading(folder / "cache")
    every = [key for (key,) in connection.execute("SELECT key FROM Cache")] if connection else []
    if connection:
        connection.close()
    assert set(acknowledged) <= set(every), "an acknowledged reply was lost"
    with Cache(folder / "cache") as cache:
        calls = [json.loads(entry.call) for entry in cache.entries(every)]
    return {identity({"model": call["model"], "messages": call["messages"]}) for call in calls}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, nursery, server):
    """The results of a run that nothing happened to, how often it asked, and how long it took."""
    folder = laid_out(tmp_path_factory.mktemp("undisturbed") / "world", server)
    server.asked.clear()
    started = time.monotonic()
    nursery.start(folder)
    assert nursery.end() == (0, "")
    return results_of(folder), dict(server.asked), time.monotonic() - started


def killed_and_resumed(folder: Path, nursery: Nursery, server: Served, kills: int, seed: int, seconds: float) -> int:
    """Kill a run again and again at random moments, then let it end; how many kills met a run under way."""
    moments = Random(seed)
    lost: Counter[str] = Counter()
    met = 0
    for _ in range(kills):
        before, asked_before = kept_in(folder), Counter(server.asked)
        nursery.start(folder)
        time.sleep(moments.uniform(0, seconds))  # the moment of the kill: any will do, none is waited for
        code, _ = nursery.end(signal.SIGKILL)
        met += code == -signal.SIGKILL
        kept = kept_in(folder)
        asked = server.asked - asked_before
        assert before <= kept, "a reply that was kept is gone"
        assert not asked.keys() & before, "a reply that was there was asked for again"
        gone = Counter(asked.keys() - kept)
        assert len(gone) <= UNDER_WAY
        lost += gone
        for run in (folder / "results" / "cut-off").glob("[!.]*"):
            assert {file.name for file in run.iterdir()} >= set(DETERMINISTIC), "a run folder is whole or not there"
    nursery.start(folder)
    assert nursery.end() == (0, "")
    assert server.asked == Counter(dict.fromkeys(kept_in(folder), 1)) + lost, "each call once, and each lost one again"
    return met


def test_a_run_that_is_killed_anywhere_goes_on_as_if_nothing_had_happened(tmp_path, nursery, server, undisturbed):
    expected, needed, seconds = undisturbed
    server.asked.clear()
    folder = laid_out(tmp_path / "world", server)
    assert killed_and_resumed(folder, nursery, server, 3, 1, seconds / 3) > 0
    assert set(server.asked) == set(needed)
    assert results_of(folder) == expected


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_fifty_kills_lose_nothing(tmp_path, nursery, server, undisturbed):
    expected, needed, seconds = undisturbed
    met = series = 0
    while met < 50:
        server.asked.clear()
        folder = laid_out(tmp_path / f"world-{series}", server)
        # Early series are killed while they ask, later ones also while they score and write.
        met += killed_and_resumed(folder, nursery, server, 7, series, seconds * (0.3 + 0.2 * (series % 5)))
        assert set(server.asked) == set(needed)
        assert results_of(folder) == expected
        series += 1


@pytest.mark.parametrize("most_bytes", [4096, 65_536, 300_000])
def test_a_full_disk_ends_a_run_kindly_and_room_lets_it_go_on(tmp_path, nursery, server, undisturbed, most_bytes):
    expected, needed, _ = undisturbed
    server.asked.clear()
    folder = laid_out(tmp_path / "world", server)
    nursery.start(folder, most_bytes=most_bytes)
    code, said = nursery.end()
    assert code == 2
    assert "the cache cannot be used" in said
    assert "free some space" in said
    lost = server.asked.keys() - kept_in(folder)
    rescued = [Path(path) for path in re.findall(r"^(.*rescued-.*\.bundle): holds \d+ repl", said, re.MULTILINE)]
    if most_bytes > 4096:
        assert bool(lost) == bool(rescued)
        with Cache(folder / "cache") as cache:
            for file in rescued:
                import_bundle(file, cache)
        assert server.asked.keys() == kept_in(folder), "nothing that was paid for is lost"
        lost = set()
    nursery.start(folder)
    assert nursery.end() == (0, "")
    assert server.asked == Counter(needed) + Counter(lost)
    assert results_of(folder) == expected


def test_results_that_do_not_fit_on_the_disk_cost_no_call_again(tmp_path, nursery, server, undisturbed):
    expected, needed, _ = undisturbed
    server.asked.clear()
    folder = laid_out(tmp_path / "world", server)
    nursery.start(folder)
    assert nursery.end() == (0, "")
    nursery.start(folder, results=str(folder / "elsewhere"), most_bytes=1024)
    code, said = nursery.end()
    assert code == 2
    assert "replies already made are safe in the cache" in said
    assert not list((folder / "elsewhere").rglob("*")), "nothing half written or empty is left"
    assert server.asked == needed
    assert results_of(folder) == expected


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no file system here that nobody may write")
@pytest.mark.parametrize("place", ["cache", "results"])
def test_a_folder_that_cannot_be_written_is_found_before_any_call(tmp_path, nursery, server, place):
    server.asked.clear()
    folder = laid_out(tmp_path / "world", server)
    nursery.start(folder, **{place: "/sys/kernel/not-here"})
    code, said = nursery.end()
    assert code == 2
    assert "/sys/kernel/not-here" in said
    assert not server.asked


def test_a_clock_that_is_set_back_in_the_middle_changes_nothing(tmp_path, nursery, server, undisturbed):
    expected, needed, seconds = undisturbed
    server.asked.clear()
    folder = laid_out(tmp_path / "world", server)
    nursery.start(folder)
    time.sleep(seconds / 3)
    nursery.end(signal.SIGKILL)
    nursery.start(folder, year=1999)
    assert nursery.end() == (0, "")
    assert results_of(folder) == expected
    nursery.start(folder)
    assert nursery.end() == (0, "")
    assert results_of(folder) == expected
    assert set(server.asked) == set(needed)


@pytest.mark.parametrize("deleted", ["cache.db-wal", "cache.db", ""])
def test_files_of_the_cache_that_are_deleted_under_a_run_lose_nothing_silently(
    tmp_path, nursery, server, undisturbed, deleted
):
    """The run ends well and every reply that it says it stored is there, or it says what it could not store."""
    expected, _, _ = undisturbed
    folder = laid_out(tmp_path / "world", server)
    nursery.start(folder)
    wait_for(folder / "stored", 60)
    if deleted:
        (folder / "cache" / deleted).unlink(missing_ok=True)
    else:
        shutil.rmtree(folder / "cache", ignore_errors=True)  # the run may write it again before the folder is empty
    code, said = nursery.end()
    if code == 0:
        assert results_of(folder) == expected
        kept_in(folder)
    else:
        assert "cache" in said
    server.asked.clear()
    nursery.start(folder)
    assert nursery.end() == (0, "")
    assert results_of(folder) == expected
    if code == 0:
        assert not server.asked, "a reply that a finished run stored was asked for again"


def wait_for(file: Path, lines: int) -> None:
    """Wait until a run has stored so many replies."""
    ends = time.monotonic() + 60
    while not file.exists() or len(file.read_text().split()) < lines:
        assert time.monotonic() < ends, "the run stored nothing"
        time.sleep(0.01)
