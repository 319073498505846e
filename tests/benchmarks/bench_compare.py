"""How long it takes to compare two runs of many judgments, beside a bare read of their judgments.

python tests/benchmarks/bench_compare.py [--judgments 1000000] [--judges 10]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from harness.hashing import digest_of
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Outcome
from harness.runner.finished import JudgedChunk, columns_of
from harness.runner.run_folder import FORMAT, ITEMS, JUDGMENTS, LEADERBOARD, MANIFEST, SPEC, RunWriter
from harness.runner.tables import ITEM_COLUMNS
from harness.spec.cell_identity import COMPONENTS

VERDICTS = np.array(["a", "tie", "b"])


def write_run(results: Path, name: str, items: int, judges: int, skill: float, seed: int) -> Path:
    """A run folder of made-up judgments."""
    rng = np.random.default_rng(5)
    codes = rng.choice(3, items, p=[0.42, 0.16, 0.42])
    ids = [f"item-{k}" for k in range(items)]
    cells = [Cell("many", "direct", "judge", (f"judge-{k}",)) for k in range(judges)]
    with RunWriter(results, name) as writer:
        rng = np.random.default_rng(seed)
        for cell in cells:
            judged = np.where(rng.random(items) < skill, codes, rng.choice(3, items))
            outcomes = columns_of([Outcome(verdict) for verdict in VERDICTS[judged].tolist()])
            keys, tokens = [(f"{k:064x}",) for k in range(items)], ([700] * items, [20] * items)
            writer.add(cell, JudgedChunk(ids, outcomes, keys, *tokens, [0.0] * items, {}))
        writer.write_judgments()
        frame = {column: [None] * items for column in ITEM_COLUMNS} | {
            "dataset": ["many"] * items,
            "item": ids,
            "content": [f"{k:016x}" for k in range(items)],
            "reference": VERDICTS[codes].tolist(),
            "labels": [[verdict] for verdict in VERDICTS[codes].tolist()],
            "cluster": ids,
        }
        writer.write_frame(ITEMS, pl.DataFrame(frame, schema=ITEM_COLUMNS))
        score = ScoreSpec()
        writer.write_json(SPEC, {"name": name, "seed": 7, "score": {"metrics": list(score.metrics)}})
        rows = [
            {"cell": cell.id, "tokens": {"prompt": 0, "completion": 0}, "calls": 0, "cost_usd": None, "abstained": 0}
            for cell in cells
        ]
        writer.write_json(LEADERBOARD, {"rows": rows})
        told = [
            {
                "id": cell.id,
                **{slot: getattr(cell, slot) for slot in cell.__slots__},
                "meaning": {component: digest_of([component, *cell.models])[:16] for component in COMPONENTS},
            }
            for cell in cells
        ]
        datasets = {"many": {"items": items, "digest": "d", "annotators": ["one"], "clustered": False}}
        writer.write_json(
            MANIFEST, {"format": FORMAT, "run": f"{name}-run", "spec": name, "cells": told, "datasets": datasets}
        )
        return writer.publish(f"{name}-run")


def timed(*command: str) -> tuple[float, float]:
    """Seconds and peak megabytes of a process."""
    before = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Make two runs and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgments", type=int, default=1_000_000)
    parser.add_argument("--judges", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        runs = [
            write_run(Path(place), name, options.judgments // options.judges, options.judges, skill, seed)
            for name, skill, seed in (("one", 0.6, 1), ("two", 0.62, 2))
        ]
        read = "import polars, sys; [polars.read_parquet(path) for path in sys.argv[1:]]"
        bare, _ = timed(sys.executable, "-c", read, *(str(run / JUDGMENTS) for run in runs))
        seconds, megabytes = timed(sys.executable, "-m", "harness", "compare", *map(str, runs), "--json")
    print(f"compare two runs of {options.judgments:,} judgments: {seconds:.1f} s, {megabytes:,.0f} MB")
    print(f"a bare read of their judgments: {bare:.1f} s; ratio {seconds / bare:.1f}")


if __name__ == "__main__":
    main()
