"""How fast a generation replays from the cache, and how much memory it takes, beside a bare read of its replies.

The cache is filled by simulated models that are called directly. Then the run and its export are timed as whole
processes: `python tests/benchmarks/bench_generation.py --prompts 10000`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from harness.cache.packing import unpack

SPEC = """\
schema: 1
name: pairs
kind: generation
seed: 7
prompts: {tasks: {path: tasks.jsonl}}
models:
  small: {provider: simulated, skill: 0.5}
  middle: {provider: simulated, skill: 0.7}
  large: {provider: simulated, skill: 0.9}
matrix:
  prompts: [tasks]
  generator: [small, middle]
  reviewer: [small, middle, large]
  rounds: 3
selection: {by: score}
compare: {opponents: [large], strategy: [combined-10], evaluator: [{judge: [large]}]}
"""
FILL = """
import sys
from pathlib import Path
import harness
from harness import registry
from harness.records.calls import Reply
from harness.providers.simulation.judge import answer
from harness.providers.simulation.world import Knobs

class Direct:
    def __init__(self, model):
        self.knobs = Knobs.from_model_id(model.id)
    async def send(self, call):
        said = answer(self.knobs, call.messages, call.draw)
        return Reply(said.text, prompt_tokens=300, completion_tokens=60)
    async def close(self):
        pass

registry.find("providers", "simulated").connect = lambda model, context: Direct(model)
spec = harness.load_spec(sys.argv[1])
run = harness.run_spec(spec, cache=sys.argv[2], results=sys.argv[3], concurrency=64)
print(run.environment["calls_made"], run.environment["calls_made"] + run.environment["calls_from_cache"])
"""


def timed(*words: Any) -> tuple[float, float]:
    """Seconds of a process, and the most memory that any child took so far, in MB."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "harness", *map(str, words)], check=True, capture_output=True)
    seconds = time.monotonic() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def bare_read(folder: Path) -> None:
    """Read, unpack and parse every reply in the cache."""
    with closing(sqlite3.connect(folder / "cache" / "cache.db")) as connection:
        for (value,) in connection.execute("SELECT value FROM Cache"):
            orjson.loads(unpack(value).partition(b"\n")[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=10_000, help="prompts of each of the six pairs")
    prompts = parser.parse_args().prompts
    folder = Path(tempfile.mkdtemp(prefix="bench-generation-"))
    try:
        from harness.providers.simulation.dataset import make_prompts

        rows = [
            {**row, "prompt": f"{row['prompt']} ({at})"}
            for at, row in enumerate(make_prompts(3, 2000) * (1 + prompts // 2000))
        ]
        for at, row in enumerate(rows):
            row["id"] = f"{at}"
        (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:prompts]))
        (folder / "spec.yaml").write_text(SPEC)
        places = [str(folder / "spec.yaml"), str(folder / "cache"), str(folder / "results")]
        started = time.monotonic()
        filled = subprocess.run([sys.executable, "-c", FILL, *places], check=True, capture_output=True, text=True)
        made, calls = map(int, filled.stdout.split())
        seconds = time.monotonic() - started
        print(f"{prompts:,} prompts, 7 systems: {made:,} calls made in {seconds:.0f} s, {calls:,} in all")
        shutil.rmtree(folder / "results")
        where = ["--cache", places[1], "--results", places[2]]
        seconds, megabytes = timed("run", places[0], "--offline", *where)
        print(f"replay: {seconds:.1f} s, {calls / seconds:,.0f} calls/s, {megabytes:,.0f} MB")
        started = time.monotonic()
        bare_read(folder)
        print(f"a bare read of its replies: {time.monotonic() - started:.1f} s")
        for view in ("single", "workflow"):
            out = folder / f"{view}.jsonl"
            seconds, _ = timed(
                "export", "pairs", "--format", "dpo", "--view", view, "--out", out, "--results", places[2]
            )
            print(f"export {view}: {seconds:.1f} s, {out.stat().st_size / 1e6:,.0f} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
