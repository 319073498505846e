"""What whole processes take to replay judged pairs from the cache: statistics, run folder and leaderboard included.

Prints one JSON object a line, beside the floor loop, which does the least of the same work in one process. Run with
plain python: `python tests/benchmarks/bench_replay.py [--shapes ITEMSxJUDGES ...] [--workers N ...]`. The largest
default shapes are a million judgments; they need some GB of disk and many minutes to prepare, and are kept for another
run where `--folder` names a place. Memory is that of all processes together: `peak_mb` counts the pages of files that
are mapped, once for each process, and `peak_private_mb` does not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import orjson

import harness
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.cache.packing import unpack_reply
from harness.records.calls import Reply

WORDS = "the a of and to in notice village fair oven river path bread lantern market bell mill stone".split()  # noqa: SIM905
SPEC = """\
schema: 1
name: bench
datasets: {{pairs: {{path: pairs.jsonl}}}}
models: {{{models}}}
matrix: {{dataset: [pairs], strategy: [combined-10], evaluator: [{{judge: [{names}]}}]}}
score: {{metrics: [kappa, accuracy]}}
"""


def text(rng: random.Random, size: int) -> str:
    return " ".join(rng.choices(WORDS, k=size // 6))


def pairs_file(path: Path, pairs: int) -> None:
    """Labelled pairs whose prompts and responses come to 3 KB a question."""
    rng = random.Random(pairs)
    with path.open("w") as file:
        for number in range(pairs):
            row = {"id": str(number), "prompt": f"{number} {text(rng, 300)}", "label": rng.choice(["a", "b", "tie"])}
            file.write(json.dumps({**row, "response_a": text(rng, 1000), "response_b": text(rng, 1000)}) + "\n")


def prepare(folder: Path, pairs: int, judges: int) -> Path:
    """A spec with data, and a cache that holds every reply: 3 KB prompts, 1.3 KB replies."""
    pairs_file(folder / "pairs.jsonl", pairs)
    rng = random.Random(judges)
    names = [f"judge-{number}" for number in range(judges)]
    models = ", ".join(f"{name}: {{provider: openai, model: {name}}}" for name in names)
    spec = folder / "bench.yaml"
    spec.write_text(SPEC.format(models=models, names=", ".join(names)))
    plan = harness.make_plan(harness.load_spec(spec))
    remarks = [text(rng, 1280) for _ in range(64)]

    def entries() -> Iterator[Entry]:
        for chunk in plan.chunks():
            for _, conversation in plan.conversations(chunk):
                call = next(conversation)[0]
                reply = f"{rng.choice(remarks)}\n\nScore A: {rng.randint(0, 10)}/10\nScore B: {rng.randint(0, 10)}/10"
                yield Entry(call_key(call), call_bytes(call), Reply(reply, "stop", 800, 320, call.model.id))

    with Cache(folder / "cache") as cache:
        stream = entries()
        while batch := list(islice(stream, 10_000)):
            cache.put_many(batch)
    return spec


def prepared(folder: Path, pairs: int, judges: int) -> Path:
    """As `prepare`, in a process of its own: the peak memory of a child counts that of its parent when it starts."""
    code = "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from bench_replay import prepare; "
    code += "prepare(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))"
    arguments = [str(Path(__file__).parent), str(folder), str(pairs), str(judges)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    return folder / "bench.yaml"


class Taken(NamedTuple):
    """What a process took: seconds by the clock and of the processor, and its peak memory."""

    seconds: float
    processor_s: float
    peak_mb: float


def measured(command: list[str], folder: Path) -> Taken:
    """What a process takes."""
    started = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        sys.exit((folder / "err").read_text())
    return Taken(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Peak(NamedTuple):
    """The most memory of a process and its descendants at one time."""

    all_mb: float
    private_mb: float


class MemoryWatch(Thread):
    """Looks at the memory of a process and its descendants 20 times a second; Linux only."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self._ended = process, Event()
        self.peak = Peak(0.0, 0.0)

    def run(self) -> None:
        while not self._ended.wait(0.05):
            found = [memory_of(one) for one in family(self._process)]
            peaks = zip(self.peak, map(sum, zip(*found, strict=True)), strict=True) if found else ()
            self.peak = Peak(*(max(pair) for pair in peaks)) if found else self.peak

    def ended(self) -> Peak:
        self._ended.set()
        self.join()
        return self.peak


def family(process: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


def memory_of(process: int) -> tuple[float, float]:
    """Megabytes of memory of a process: all, and without files and shared memory."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {
        name: int(value.split()[0]) / 1024
        for name, _, value in (line.partition(":") for line in lines if "RSS" in line.upper()[:6])
    }
    return sizes.get("VmRSS", 0.0), sizes.get("RssAnon", 0.0)


def replayed(command: list[str], folder: Path) -> tuple[Taken, Peak]:
    """What a replay takes: CPU time and memory of all its processes."""
    started = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        watch = MemoryWatch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    peak = watch.ended()
    if status:
        sys.exit((folder / "err").read_text())
    taken = Taken(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return taken, peak


def floor_loop(folder: Path, judgments: int) -> None:
    """The least that a replay does of each judgment: hash 3 KB once an item, read a row, unpack and parse the reply."""
    connection = sqlite3.connect(folder / "cache" / "cache.db")
    with (folder / "pairs.jsonl").open("rb") as file:
        for line in file:
            orjson.loads(line)
            hashlib.sha256(line).hexdigest()
    for (value,) in connection.execute("SELECT value FROM Cache LIMIT ?", (judgments,)):
        line, _ = unpack_reply(value)
        hashlib.sha256(line).hexdigest()
        orjson.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="*", default=["1000x1", "10000x10", "100000x10", "1000000x1"])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many counts, of a million judgments one")
    parser.add_argument("--folder", type=Path, help="keeps what is prepared; a temporary folder by default")
    arguments = parser.parse_args()
    for shape in arguments.shapes:
        items, judges = map(int, shape.split("x"))
        kept = arguments.folder and arguments.folder / shape
        folder = kept or Path(tempfile.mkdtemp(prefix="bench-replay-"))
        try:
            if not (folder / "prepared").exists():
                folder.mkdir(parents=True, exist_ok=True)
                prepared(folder, items, judges)
                (folder / "prepared").touch()
            for workers in arguments.workers:
                repeats = arguments.repeats if items * judges < 1_000_000 else 1
                print(json.dumps(figures(folder, items, judges, workers, repeats)), flush=True)
        finally:
            if kept is None:
                shutil.rmtree(folder)


def figures(folder: Path, items: int, judges: int, workers: int, repeats: int) -> dict[str, object]:
    """What a replay takes, and beside it the floor loop."""
    command = [sys.executable, "-m", "harness", "run", str(folder / "bench.yaml"), "--offline"]
    command += ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    command += ["--workers", str(workers)] if workers > 1 else []
    taken, peak = min((replayed(command, folder) for _ in range(repeats)), key=lambda one: one[0].processor_s)
    started = time.process_time()
    floor_loop(folder, items * judges)
    floor_s = time.process_time() - started
    found: dict[str, object] = {"bench": "replay", "items": items, "judges": judges, "workers": workers}
    found |= {"seconds": round(taken.seconds, 2), "processor_s": round(taken.processor_s, 2)}
    found |= {"floor_loop_processor_s": round(floor_s, 2), "ratio": round(taken.processor_s / floor_s, 2)}
    return found | {"peak_mb": round(peak.all_mb), "peak_private_mb": round(peak.private_mb)}


if __name__ == "__main__":
    main()
