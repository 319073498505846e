"""How long `harness plan` takes before the first call, beside counting every judgment (`--exact`).

    python tests/benchmarks/bench_plan.py [--judgments 1000000] [--judges 10]

Prints one JSON object a line, with the processor time and the peak memory of each process, for a cache without any
reply and for one that holds them all. `reading` is the floor: the data are read and nothing is counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench_replay import measured, prepared

READ = "import sys; from harness.api import load_spec, make_plan; make_plan(load_spec(sys.argv[1]))"


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
        for name, command in cases.items():
            took = measured(command, folder)
            figures = {"bench": "plan", "case": name, "judgments": arguments.judgments, "judges": arguments.judges}
            figures |= {"seconds": round(took.seconds, 2), "processor_s": round(took.processor_s, 2)}
            print(json.dumps({**figures, "peak_mb": round(took.peak_mb)}), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
