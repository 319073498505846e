"""How long `harness plan` takes before the first call, beside counting every judgment (`--exact`), and floor loops.

    python tests/benchmarks/bench_plan.py [--judgments 1000000] [--judges 10]

Prints one JSON object a line, with the processor time and the peak memory of each process, for a cache without any
reply and for one that holds them all. `reading` reads the data and counts nothing; its floor loop hashes and parses
each line and no more. The cache also serves `cache stats` and `cache verify`, each beside its own floor loop.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import orjson
from bench_cache import floor_stats, floor_verify
from bench_replay import measured, prepared

READ = "import sys; from harness.api import load_spec, make_plan; make_plan(load_spec(sys.argv[1]))"


def floor_reading(path: Path) -> None:
    """Hash a file and parse its lines."""
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
        file.seek(0)
        for line in file:
            orjson.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgments", type=int, default=1_000_000)
    parser.add_argument("--judges", type=int, default=10)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-plan-"))
    try:
        spec = prepared(folder, arguments.judgments // arguments.judges, arguments.judges)
        plan = [sys.executable, "-m", "harness", "plan", str(spec), "--results", str(folder / "results"), "--cache"]
        cases = {
            "reading": [sys.executable, "-c", READ, str(spec)],
            "nothing cached": [*plan, str(folder / "none")],
            "all cached": [*plan, str(folder / "cache")],
            "nothing cached, --exact": [*plan, str(folder / "none"), "--exact"],
            "all cached, --exact": [*plan, str(folder / "cache"), "--exact"],
        }
        for verb in ("stats", "verify"):
            cases[f"cache {verb}"] = [sys.executable, "-m", "harness", "cache", verb, "--cache", str(folder / "cache")]
        floors = {"reading": lambda: floor_reading(folder / "pairs.jsonl")}
        floors["cache stats"] = lambda: floor_stats(folder / "cache")
        floors["cache verify"] = lambda: floor_verify(folder / "cache")
        for name, command in cases.items():
            took = measured(command, folder)
            figures = {"bench": "plan", "case": name, "judgments": arguments.judgments, "judges": arguments.judges}
            figures |= {"seconds": round(took.seconds, 2), "processor_s": round(took.processor_s, 2)}
            if name in floors:
                started = time.process_time()
                floors[name]()
                figures |= {"floor_loop_processor_s": round(time.process_time() - started, 2)}
            print(json.dumps({**figures, "peak_mb": round(took.peak_mb)}), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
