"""Kills, interrupts and a full disk at every step of verbs that write, and a second try of each."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from harness.cache.cache import Cache
from harness.cache.sqlite_file import DATABASE, JOBS
from reliability.verbs import Verbs
from support.batch_server import batch_server, run_batch
from support.batch_specs import result_files, spec_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs forks and files in memory"),
]

PLACES = ("--cache", "cache", "--results", "out")
RUN = ("run", "spec.yaml", "--batch", *PLACES)
WRITE = ("batch", "write", "spec.yaml", "--cache", "none", "--out", "wave")
READ = ("batch", "read", "spec.yaml", "one.out", "two.out", "--cache", "none")
REPORT = ("report", "modes", *PLACES, "--items", "1")
CLEAR = ("cache", "clear", "--yes", "--cache", "cache")
FULL = 0
ENDINGS = (signal.SIGKILL, signal.SIGINT, FULL)
CODES = {signal.SIGKILL: {-signal.SIGKILL}, signal.SIGINT: {130}, FULL: {0, 2}}
"""Exit codes: a verb continues without what it does not need, such as the reserve of a cache."""
ROOM = (1_000, 8_000, 30_000, 100_000)
"""Bytes of the largest file that can be written, where the disk is full."""


@pytest.fixture(scope="module")
def verbs() -> Iterator[Verbs]:
    with Verbs() as process:
        yield process


@pytest.fixture(scope="module")
def finished(tmp_path_factory, verbs) -> Iterator[Path]:
    """A folder with a spec, its cache, its finished run, and the results of its first wave as files."""
    folder = tmp_path_factory.mktemp("finished") / "world"
    with batch_server() as server:
        spec_in(folder, server.url)
        assert verbs.run(folder, *RUN).code == 0
        assert verbs.run(folder, *WRITE).code == 0
        for name, file in zip(("one", "two"), sorted((folder / "wave").iterdir()), strict=True):
            (folder / f"{name}.out").write_bytes(run_batch(file.read_bytes()))
        shutil.rmtree(folder / "wave")
        yield folder


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replies(folder: Path) -> dict[str, bytes]:
    """The replies of a cache by key, all of them sound; none where there is no cache."""
    with Cache(folder) as cache:
        assert cache.verify().is_good
        keys = [one.key for one in cache.stored()]
        return {entry.key: entry.call + repr(entry.reply).encode() for entry in cache.entries(keys)}


def copies(tmp_path: Path, folder: Path) -> Iterator[Path]:
    """A fresh copy of a folder for each turn."""
    number = 0
    while True:
        number += 1
        yield Path(shutil.copytree(folder, tmp_path / f"{number}" / "world"))


def endings(verbs: Verbs, folder: Path, words: Sequence[str], every: int = 1) -> Iterator[dict[str, int]]:
    """All ways to end a verb: at each step (or every second or third one) in each way, and with a full disk."""
    steps = verbs.run(folder, *words).steps
    assert steps > 3
    for by in ENDINGS:
        yield from ({"at": at, "by": by} for at in range(1 + by % every, steps + 1, every))
    yield from ({"most_bytes": most} for most in ROOM)


def check_code(ended: tuple[int, int, str, str], how: dict[str, int]) -> None:
    code, _, out, err = ended
    assert code in (CODES[how["by"]] if "by" in how else {0, 2}), (how, out, err)
    assert "Traceback" not in err
    assert "this is a bug" not in err


def test_batch_files_appear_together_or_not_at_all(tmp_path, verbs, finished):
    fresh = copies(tmp_path, finished)
    whole = next(fresh)
    for how in endings(verbs, whole, WRITE, every=2):
        folder = next(fresh)
        ended = verbs.run(folder, *WRITE, **how)
        check_code(ended, how)
        assert tree(folder / "wave") in ({}, tree(whole / "wave")), how
        if tree(folder / "wave"):
            continue
        assert verbs.run(folder, *WRITE).code == 0, how
        assert tree(folder / "wave") == tree(whole / "wave")


def test_results_that_were_read_are_kept_and_the_rest_is_read_again(tmp_path, verbs, finished):
    fresh = copies(tmp_path, finished)
    whole = next(fresh)
    for how in endings(verbs, whole, READ, every=4):
        folder = next(fresh)
        ended = verbs.run(folder, *READ, **how)
        check_code(ended, how)
        kept = replies(folder / "none")
        assert kept.items() <= replies(whole / "none").items()
        assert verbs.run(folder, *READ).code == 0
        assert replies(folder / "none") == replies(whole / "none"), how
        assert kept.items() <= replies(folder / "none").items()


@pytest.mark.parametrize("is_cut_off", [False, True], ids=["at rest", "as a killed run leaves it"])
def test_a_cache_is_cleared_or_whole_and_also_where_the_disk_is_full(tmp_path, verbs, finished, is_cut_off):
    started = Path(shutil.copytree(finished, tmp_path / "started"))
    if is_cut_off:
        with Cache(started / "cache") as cache:
            entry = next(cache.entries([one.key for one in cache.stored()]))
            cache.replace(*entry).result()
            shutil.copytree(started / "cache", started / "copy")  # with its log
        shutil.rmtree(started / "cache")
        (started / "copy").rename(started / "cache")
    before = replies(started / "cache")
    assert tree(started / "cache" / JOBS).keys() == {"lock"}
    assert before
    fresh = copies(tmp_path, started)
    for how in endings(verbs, next(fresh), CLEAR):
        folder = next(fresh)
        ended = verbs.run(folder, *CLEAR, **how)
        check_code(ended, how)
        assert ended.code == 0 or "most_bytes" not in how, "clearing needs no room"
        assert replies(folder / "cache") in (before, {})
        assert verbs.run(folder, *CLEAR).code == 0, how
        assert not (folder / "cache" / DATABASE).exists()
        assert not (folder / "cache").exists(), "a journal without jobs goes with the cache"


def test_a_report_is_whole_or_not_there(tmp_path, verbs, finished):
    fresh = copies(tmp_path, finished)
    whole = next(fresh)
    assert verbs.run(whole, *REPORT).code == 0
    html = (whole / "report.html").read_bytes()
    ways = [{"at": at, "by": by} for by, at in ((signal.SIGKILL, 3), (signal.SIGINT, 3), (FULL, 3))]
    for how in (*ways, {"most_bytes": 100_000}):
        folder = next(fresh)
        ended = verbs.run(folder, *REPORT, **how)
        check_code(ended, how)
        made = folder / "report.html"
        assert not made.exists() or made.read_bytes() == html
        assert verbs.run(folder, *REPORT).code == 0
        assert made.read_bytes() == html


def test_a_run_in_batches_pays_for_nothing_twice_and_ends_with_the_same_bytes(tmp_path, verbs):
    with batch_server() as server:
        whole = tmp_path / "whole"
        spec_in(whole, server.url)
        steps = verbs.run(whole, *RUN).steps
        expected, draw = result_files(whole / "out", "modes"), Random(7)
        ways = [{"at": at, "by": by} for by in ENDINGS for at in sorted(draw.sample(range(5, steps), 3))]
        for number, how in enumerate([*ways, {"most_bytes": 8_000}, {"most_bytes": 260_000}]):
            server.asked.clear()
            folder = tmp_path / f"{number}"
            spec_in(folder, server.url)
            ended = verbs.run(folder, *RUN, **how)
            check_code(ended, how)
            again = verbs.run(folder, *RUN)
            assert again.code == 0, again.err
            assert server.most_asked == 1, how
            assert [path.name for path in (folder / "cache" / JOBS).iterdir()] == ["lock"]
            assert result_files(folder / "out", "modes") == expected, how
