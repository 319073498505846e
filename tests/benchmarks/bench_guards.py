"""What the guards of a run cost: cold runs and replays as usual, with further guards, and without usual ones, in turn.

Each line is one delay and one number of calls in flight: medians of the calls a second of `harness run` in each way,
and the medians of the ratios of the processor time to that of the usual run beside it, cold and as a replay. A ratio
above 1 is what a guard costs; one below 1 is what the usual run loses by the guard that this one lacks. Processor time
includes the start of Python, about half a second, and does not depend on other load. Run with plain python:
`python tests/benchmarks/bench_guards.py`.
"""

from __future__ import annotations

import argparse
import json
import os
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
GUARDS = {
    "plain": [],
    "max-cost": ["--max-cost", "1000000"],
    "ledger": ["--max-cost", "1000000", "--ledger", "ledger.jsonl"],
    "log-file": ["--log-file", "calls.jsonl"],
    "no window": [],
    "no checksums": [],
    "no claims": [],
}
WITHOUT = {
    "no window": "import harness.runner.executor as m; m.UNSTORED_WINDOW = 10**6",
    "no checksums": (
        "import types, harness.cache.entry as m\n"
        "none = types.SimpleNamespace(digest=lambda: bytes(32), hexdigest=lambda: '0' * 64)\n"
        "m.hashlib = types.SimpleNamespace(sha256=lambda _: none)"
    ),
    "no claims": "import harness.cache.claims as m; m._HAS_LOCKS = False",
}
"""Python that takes a usual guard away: the limit on replies that are not stored yet, the checksums of replies, and the
claims of calls that several processes need."""


def processor_s() -> float:
    """Processor seconds of all processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def seconds(folder: Path, url: str, in_flight: int, guard: str) -> tuple[float, float, float]:
    """Seconds of a cold run, and processor seconds of it and of its replay."""
    priced = SPEC.replace("limits:", "price: {{input: 1, output: 2}}, limits:")
    (folder / "cold.yaml").write_text(priced.format(url=url, in_flight=in_flight))
    before = WITHOUT.get(guard, "pass")
    command = [
        sys.executable,
        "-c",
        f"{before}\nfrom harness.cli import main; main()",
        "run",
        str(folder / "cold.yaml"),
    ]
    command += ["--cache", str(folder / "cache"), "--results", str(folder / "results"), *GUARDS[guard]]
    reports, spent = [], []
    try:
        for _ in ("cold", "replay"):
            before_s = processor_s()
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            spent.append(processor_s() - before_s)
            (environment,) = folder.glob("results/cold/*/environment.json")
            reports.append(json.loads(environment.read_bytes()))
            shutil.rmtree(folder / "results")
        assert (reports[0]["calls_from_cache"], reports[1]["calls_made"]) == (0, 0)
        return reports[0]["seconds"], spent[0], spent[1]
    finally:
        shutil.rmtree(folder / "cache")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="pairs of runs")
    parser.add_argument("--calls", type=int, help="of each run")
    given = parser.parse_args()
    repeats = given.repeats
    for delay_ms, in_flight, calls in CASES:
        calls = given.calls or calls
        folder = Path(tempfile.mkdtemp(prefix="bench-guards-"))
        try:
            pairs_file(folder / "pairs.jsonl", calls)
            with server(delay_ms) as url:
                rounds = []
                for at in range(repeats):
                    names = list(GUARDS)
                    names = names[at % len(names) :] + names[: at % len(names)]  # no guard always runs first
                    rounds.append({name: seconds(folder, url, in_flight, name) for name in names})
        finally:
            shutil.rmtree(folder)
        figures: dict[str, object] = {"bench": "guards", "delay_ms": delay_ms, "in_flight": in_flight, "calls": calls}
        for name in GUARDS:
            figures[f"{name} calls/s"] = round(calls / median(one[name][0] for one in rounds))
        for at, how in ((1, "cold"), (2, "replay")):
            figures[f"plain {how} cpu_s"] = round(median(one["plain"][at] for one in rounds), 2)
        for name in list(GUARDS)[1:]:
            for at, how in ((1, "cold"), (2, "replay")):
                ratio = median(one[name][at] / one["plain"][at] for one in rounds)
                figures[f"{name} {how} cpu ratio"] = round(ratio, 3)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
