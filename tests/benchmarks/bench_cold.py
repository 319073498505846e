"""What a whole cold run makes of a loopback server, beside three baselines on the same transport.

`create` is the `openai` client as its documentation uses it (`chat.completions.create`), `post` the least that this
client and transport can do (`client.post`), and `aiohttp` the transport alone: the floor. Each line is one delay and
one number of calls in flight: calls a second of the baselines, calls a second of `harness run` from the first look at
the plan to the published run folder (every reply stored on the way), and the ratios, by the clock and by processor
time. `process_s` is the whole process, imports included.
Run with plain python:
`python tests/benchmarks/bench_cold.py`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_replay import Taken, measured, pairs_file

HERE = Path(__file__).parent
CASES = ((0, 64, 10_000), (50, 256, 4000), (500, 64, 1000))
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


def baseline(client: str, url: str, in_flight: int, calls: int) -> tuple[float, float]:
    """Calls a second of a baseline, by the clock and by processor time."""
    command = [sys.executable, str(HERE / "bare_client.py"), "--base-url", url, "--calls", str(calls)]
    command += ["--in-flight", str(in_flight), "--client", client]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return float(found["calls_per_s"]), 1e6 / float(found["processor_us_per_call"])


def whole_run(url: str, in_flight: int, calls: int) -> tuple[float, Taken]:
    """Seconds of a cold run, and what its process took."""
    folder = Path(tempfile.mkdtemp(prefix="bench-cold-"))
    try:
        pairs_file(folder / "pairs.jsonl", calls)
        (folder / "cold.yaml").write_text(SPEC.format(url=url, in_flight=in_flight))
        command = [sys.executable, "-m", "harness", "run", str(folder / "cold.yaml")]
        command += ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
        taken = measured(command, folder)
        (environment,) = folder.glob("results/cold/*/environment.json")
        found = json.loads(environment.read_bytes())
        assert found["calls_made"] == calls
        return found["seconds"], taken
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2, help="the best of so many counts")
    parser.add_argument("--calls", type=int, help="of each case, in place of its own number")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    for delay_ms, in_flight, own_calls in CASES:
        calls = arguments.calls or own_calls
        with server(delay_ms) as url:
            rates = {
                name: max(baseline(client, url, in_flight, calls) for _ in range(repeats))
                for name, client in (("create", "bare"), ("post", "post"), ("aiohttp", "aiohttp"))
            }
            seconds, taken = min(whole_run(url, in_flight, calls) for _ in range(repeats))
        figures: dict[str, object] = {"bench": "cold", "delay_ms": delay_ms, "in_flight": in_flight, "calls": calls}
        figures |= {"harness_calls_per_s": round(calls / seconds), "run_s": round(seconds, 2)}
        figures |= {"process_s": round(taken.seconds, 2), "process_processor_s": round(taken.processor_s, 2)}
        for name, (by_clock, by_processor) in rates.items():
            figures[f"{name}_calls_per_s"] = round(by_clock)
            figures[f"ratio_to_{name}"] = round(calls / seconds / by_clock, 2)
            figures[f"processor_ratio_to_{name}"] = round(calls / taken.processor_s / by_processor, 2)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
