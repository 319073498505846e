"""A long cold run: whether its memory and its open files stay flat.

One line: calls, seconds, processor seconds, and of the process of `harness run` the memory (RSS), the open files and
the threads when a fifth, a half and nine tenths of the calls are made, and the most of each. Run with plain python:
`python tests/benchmarks/bench_long.py`. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_cold import SPEC, server
from bench_replay import pairs_file

SHARES = (0.2, 0.5, 0.9)


def state(pid: int) -> dict[str, int]:
    """Memory in MB, open files and threads of a process."""
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
    return {"rss_mb": int(status["VmRSS"].split()[0]) // 1024, "files": files, "threads": int(status["Threads"])}


def stored(log: Path) -> int:
    """The calls that a run has logged."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--in-flight", type=int, default=64)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-long-"))
    try:
        pairs_file(folder / "pairs.jsonl", given.calls)
        with server(0) as url:
            (folder / "cold.yaml").write_text(SPEC.format(url=url, in_flight=given.in_flight))
            command = [sys.executable, "-m", "harness", "run", "cold.yaml", "--log-file", "log.jsonl"]
            command += ["--cache", "cache", "--results", "results"]
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            found: dict[str, dict[str, int]] = {}
            last: dict[str, int] = {}
            while process.poll() is None:
                for share in SHARES:
                    if f"{share:.0%}" not in found and stored(folder / "log.jsonl") >= share * given.calls:
                        found[f"{share:.0%}"] = state(process.pid)
                        break
                try:
                    last = {name: max(value, last.get(name, 0)) for name, value in state(process.pid).items()}
                except (OSError, KeyError):
                    pass  # it has just ended
                time.sleep(0.2)
        assert process.returncode == 0
        (environment,) = folder.glob("results/cold/*/environment.json")
        report = json.loads(environment.read_bytes())
        assert report["calls_made"] == given.calls
    finally:
        shutil.rmtree(folder)
    usage = os.times()
    figures = {
        "bench": "long",
        "calls": given.calls,
        "in_flight": given.in_flight,
        "seconds": round(report["seconds"], 1),
    }
    print(
        json.dumps({**figures, "cpu_s": round(usage.children_user + usage.children_system, 1), **found, "most": last})
    )


if __name__ == "__main__":
    main()
