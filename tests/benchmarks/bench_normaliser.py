"""What the normaliser of replies takes of a replay: microseconds a reply, beside what a replayed judgment takes in all.

Prints one JSON object a line. Run with plain python: `python tests/benchmarks/bench_normaliser.py [--judgments N]`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import timeit
from pathlib import Path

from bench_replay import measured, prepare, text

from harness.records.calls import Reply
from harness.records.reasoning import separated

REPLIES = {
    "scores": "\n\nScore A: 7/10\nScore B: 4/10",
    "brackets": "\n\nMy final verdict is: [[A>>B]]",
    "tags": "\n\n<verdict>A</verdict>",
}
"""How a reply of 1.3 KB ends; a replay of the other benchmark holds the first alone."""


def microseconds(reply: Reply) -> float:
    """The least that one reply took, over rounds of many."""
    rounds = timeit.repeat(lambda: separated(reply), number=2_000, repeat=15)
    return 1e6 * min(rounds) / 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-normaliser-"))
    try:
        spec = prepare(folder, arguments.judgments, 1)
        command = [sys.executable, "-m", "harness", "run", str(spec), "--offline"]
        command += ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
        seconds, *_ = min(measured(command, folder) for _ in range(arguments.repeats))
    finally:
        shutil.rmtree(folder)
    of_all = 1e6 * seconds / arguments.judgments
    remark = text(random.Random(1), 1280)
    kinds = {name: Reply(remark + end) for name, end in REPLIES.items()}
    kinds["reasoning"] = Reply(f"<think>\n{remark}\n</think>\n\n{remark}{REPLIES['scores']}")
    for name, reply in kinds.items():
        cost = microseconds(reply)
        figures = {"bench": "normaliser", "reply": name, "us": round(cost, 2), "judgment_us": round(of_all, 1)}
        print(json.dumps({**figures, "percent": round(100 * cost / of_all, 2)}), flush=True)


if __name__ == "__main__":
    main()
