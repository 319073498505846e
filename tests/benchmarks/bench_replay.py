"""What a whole process takes to replay judged pairs from the cache: statistics, run folder and leaderboard included.

Prints one JSON object a line. Run with plain python: `python tests/benchmarks/bench_replay.py [--judgments N ...]`.
The default sizes are 1,000, 100,000 and 1,000,000; the largest needs 6 GB of disk and some minutes to prepare.
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
from itertools import islice
from pathlib import Path
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
                yield Entry(call_key(call), call_bytes(call), Reply(reply, "stop", 800, 320, "bench"))

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--judges", type=int, default=0, help="1 for up to 1,000 judgments and else 10 by default")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    for judgments in arguments.judgments:
        judges = arguments.judges or (1 if judgments <= 1_000 else 10)
        folder = Path(tempfile.mkdtemp(prefix="bench-replay-"))
        try:
            spec = prepared(folder, judgments // judges, judges)
            command = [sys.executable, "-m", "harness", "run", str(spec), "--offline"]
            command += ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
            runs = [measured(command, folder) for _ in range(arguments.repeats if judgments < 1_000_000 else 1)]
            best = min(runs, key=lambda one: one.processor_s)
            started = time.process_time()
            floor_loop(folder, judgments)
            floor_s = time.process_time() - started
            figures = {"bench": "replay", "judgments": judgments, "judges": judges, "seconds": round(best.seconds, 3)}
            figures |= {"processor_s": round(best.processor_s, 3), "floor_loop_processor_s": round(floor_s, 3)}
            figures |= {"peak_mb": round(best.peak_mb), "judgments_per_s": round(judgments / best.seconds)}
            print(json.dumps(figures), flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
