"""What workers make of a replay and of asking, beside one process on the same machine in the same run.

Prints one JSON object a line: for a replay, judgments a second of the whole process; for asking, calls a second against
a loopback server, which needs about a core of its own. `speedup` is the ratio to one process. With `--scheduler`, the
workers of a dask scheduler that is running are measured as well. Run with plain python:
`python tests/benchmarks/bench_workers.py [--judgments N ...] [--workers N ...]`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_cold import SPEC, server
from bench_replay import measured, pairs_file, prepare

CALLS = 4_000
DELAY_MS, IN_FLIGHT = 0, 64


@contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="bench-workers-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def replay(judgments: int, ways: dict[str, list[str]], repeats: int) -> None:
    """Seconds, CPU seconds of all processes and the peak memory of the largest one, for each way."""
    judges = 1 if judgments <= 1_000 else 10
    with folder() as at:
        spec = prepare(at, judgments // judges, judges)
        command = [sys.executable, "-m", "harness", "run", str(spec), "--offline"]
        command += ["--cache", str(at / "cache"), "--results", str(at / "results")]
        runs = {name: [measured(command + more, at) for _ in range(repeats)] for name, more in ways.items()}
        best = {name: min(run, key=lambda taken: taken.seconds) for name, run in runs.items()}
        for name, taken in best.items():
            figures = {"bench": "workers-replay", "judgments": judgments, "workers": name}
            figures |= {"seconds": round(taken.seconds, 2), "processor_s": round(taken.processor_s, 2)}
            figures |= {"peak_mb": round(taken.peak_mb), "speedup": round(best["1"].seconds / taken.seconds, 2)}
            print(json.dumps(figures), flush=True)


def asking(ways: dict[str, list[str]], calls: int, repeats: int) -> None:
    """Calls a second of whole cold runs for each way; the start of the workers counts."""
    rates: dict[str, float] = {}
    with server(DELAY_MS) as url, folder() as at:
        pairs_file(at / "pairs.jsonl", calls)
        (at / "cold.yaml").write_text(SPEC.format(url=url, in_flight=IN_FLIGHT))
        for name, more in ways.items():
            rates[name] = max(calls / cold(at, calls, more) for _ in range(repeats))
            figures = {"bench": "workers-asking", "delay_ms": DELAY_MS, "in_flight": IN_FLIGHT, "calls": calls}
            figures |= {"workers": name, "calls_per_s": round(rates[name])}
            print(json.dumps({**figures, "speedup": round(rates[name] / rates["1"], 2)}), flush=True)


def cold(at: Path, calls: int, more: list[str]) -> float:
    """Seconds of a cold run."""
    command = [sys.executable, "-m", "harness", "run", str(at / "cold.yaml"), *more]
    command += ["--cache", str(at / "cache"), "--results", str(at / "results")]
    try:
        subprocess.run(command, check=True, capture_output=True)
        (environment,) = at.glob("results/cold/*/environment.json")
        found = json.loads(environment.read_bytes())
        assert found["calls_made"] == calls
        return float(found["seconds"])
    finally:
        shutil.rmtree(at / "cache", ignore_errors=True)
        shutil.rmtree(at / "results", ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgments", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--workers", type=int, nargs="*", default=[2, 4], help="beside one process")
    parser.add_argument("--scheduler", help="address of a dask scheduler with workers")
    parser.add_argument("--repeats", type=int, default=2, help="the best of so many counts")
    arguments = parser.parse_args()
    ways: dict[str, list[str]] = {"1": []} | {str(count): ["--workers", str(count)] for count in arguments.workers}
    if arguments.scheduler:
        ways["cluster"] = ["--scheduler", arguments.scheduler]
    print(json.dumps({"bench": "workers", "cores": os.cpu_count()}), flush=True)
    if arguments.calls:
        asking(ways, arguments.calls, arguments.repeats)
    for judgments in arguments.judgments:
        few = {name: more for name, more in ways.items() if name in ("1", "2", "cluster")}
        replay(judgments, few, arguments.repeats if judgments < 1_000_000 else 1)


if __name__ == "__main__":
    main()
