"""What the guards of a run cost: cold runs with and without `--max-cost`, one after the other, and a replay of each.

Each line is one delay and one number of calls in flight: medians of the calls a second of `harness run` without and
with a limit, the median of the ratios of neighbours, and the same for replays from the cache. Run with plain python:
`python tests/benchmarks/bench_guards.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench_cold import SPEC, server
from bench_replay import pairs_file

CASES = ((0, 64, 3000), (50, 256, 3000))
"""Delay in ms, calls in flight, calls."""
LIMIT = ["--max-cost", "1000000"]


def seconds(folder: Path, url: str, in_flight: int, limit: list[str]) -> tuple[float, float]:
    """Seconds of a cold run and of its replay."""
    priced = SPEC.replace("limits:", "price: {{input: 1, output: 2}}, limits:")
    (folder / "cold.yaml").write_text(priced.format(url=url, in_flight=in_flight))
    command = [sys.executable, "-m", "harness", "run", str(folder / "cold.yaml")]
    command += ["--cache", str(folder / "cache"), "--results", str(folder / "results"), *limit]
    told = []
    try:
        for _ in ("cold", "replay"):
            subprocess.run(command, check=True, capture_output=True)
            (environment,) = folder.glob("results/cold/*/environment.json")
            told.append(json.loads(environment.read_bytes()))
            shutil.rmtree(folder / "results")
        assert (told[0]["calls_from_cache"], told[1]["calls_made"]) == (0, 0)
        return told[0]["seconds"], told[1]["seconds"]
    finally:
        shutil.rmtree(folder / "cache")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="pairs of runs")
    repeats = parser.parse_args().repeats
    for delay_ms, in_flight, calls in CASES:
        folder = Path(tempfile.mkdtemp(prefix="bench-guards-"))
        try:
            pairs_file(folder / "pairs.jsonl", calls)
            with server(delay_ms) as url:
                pairs = [
                    [seconds(folder, url, in_flight, limit) for limit in (([], LIMIT) if at % 2 else (LIMIT, []))][
                        :: 1 if at % 2 else -1
                    ]
                    for at in range(repeats)
                ]
        finally:
            shutil.rmtree(folder)
        figures = {"bench": "guards", "delay_ms": delay_ms, "in_flight": in_flight, "calls": calls}
        figures |= {"calls_per_s": round(calls / median(plain[0] for plain, _ in pairs))}
        figures |= {"with_limit_calls_per_s": round(calls / median(limited[0] for _, limited in pairs))}
        for at, name in enumerate(("cold", "replay")):
            figures[f"{name}_ratio"] = round(median(limited[at] / plain[at] for plain, limited in pairs), 3)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
