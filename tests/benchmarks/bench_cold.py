"""What a whole cold run makes of a loopback server, beside the bare `openai` client on the same transport.

Each line is one delay and one number of calls in flight: calls a second of the bare client, calls a second of
`harness run` from the first look at the plan to the published run folder (every reply stored on the way), and their
ratio. `process_s` is the whole process, imports included. Run with plain python:
`python tests/benchmarks/bench_cold.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_replay import pairs_file

HERE = Path(__file__).parent
CASES = ((0, 64, 4000), (50, 256, 4000), (500, 64, 1000))
"""Delay in ms, calls in flight, calls."""
SPEC = """\
schema: 1
name: cold
datasets: {{pairs: {{path: pairs.jsonl}}}}
models: {{bench: {{provider: openai, base_url: "{url}", limits: {{concurrency: {in_flight}}}}}}}
matrix: {{dataset: [pairs], strategy: [combined-10], evaluator: [{{judge: [bench]}}]}}
"""


@contextmanager
def server(delay_ms: int) -> Iterator[str]:
    """A server in a process of its own; gives its base URL."""
    command = [sys.executable, str(HERE / "server.py"), "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
        finally:
            process.terminate()


def bare(url: str, in_flight: int, calls: int) -> float:
    """Calls a second of the bare client."""
    command = [sys.executable, str(HERE / "bare_client.py"), "--base-url", url, "--calls", str(calls)]
    command += ["--in-flight", str(in_flight), "--client", "bare"]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["calls_per_s"])


def whole_run(url: str, in_flight: int, calls: int) -> tuple[float, float]:
    """Seconds of a cold run, and of its process."""
    folder = Path(tempfile.mkdtemp(prefix="bench-cold-"))
    try:
        pairs_file(folder / "pairs.jsonl", calls)
        (folder / "cold.yaml").write_text(SPEC.format(url=url, in_flight=in_flight))
        command = [sys.executable, "-m", "harness", "run", str(folder / "cold.yaml")]
        command += ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - started
        (environment,) = folder.glob("results/cold/*/environment.json")
        told = json.loads(environment.read_bytes())
        assert told["calls_made"] == calls
        return told["seconds"], seconds
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2, help="the best of so many is told")
    repeats = parser.parse_args().repeats
    for delay_ms, in_flight, calls in CASES:
        with server(delay_ms) as url:
            rates = [bare(url, in_flight, calls) for _ in range(repeats)]
            runs = [whole_run(url, in_flight, calls) for _ in range(repeats)]
        seconds, process_s = min(runs)
        figures = {"bench": "cold", "delay_ms": delay_ms, "in_flight": in_flight, "calls": calls}
        figures |= {"bare_calls_per_s": round(max(rates)), "harness_calls_per_s": round(calls / seconds)}
        figures |= {"ratio": round(calls / seconds / max(rates), 2), "run_s": round(seconds, 2)}
        print(json.dumps({**figures, "process_s": round(process_s, 2)}), flush=True)


if __name__ == "__main__":
    main()
