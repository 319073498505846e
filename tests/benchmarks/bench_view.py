"""How long the pages of the viewer take over a run of many judgments, and how much memory, beside a bare read of it.

python tests/benchmarks/bench_view.py [--judgments 1000000] [--judges 50]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from bench_compare import write_run

from harness.report.items.texts import Texts
from harness.runner.run_folder import ITEMS, JUDGMENTS, LEADERBOARD, MANIFEST, SPEC, read_json
from harness.viewer.app import Viewer

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.asgi import get  # found beside this folder

CATEGORIES = 12


def written(results: Path, judgments: int, judges: int) -> Path:
    """A run folder with categories and a leaderboard that the list of runs can read."""
    folder = write_run(results, "many", judgments // judges, judges, 0.8, 3)
    items = pl.read_parquet(folder / ITEMS)
    labels = [f"category {at % CATEGORIES}" for at in range(len(items))]
    items.with_columns(pl.Series("category", labels)).write_parquet(folder / ITEMS, statistics=False)
    manifest, board = read_json(folder, MANIFEST), read_json(folder, LEADERBOARD)
    manifest |= {"run": folder.name, "spec": "many", "kind": "evaluation", "judgments": judgments}
    for entry in manifest["cells"]:
        entry |= {"variant": "", "settings": {}}
    for row in board["rows"]:
        row |= {"simulated": False, "metrics": {"kappa": {"value": 0.5, "low": 0.4, "high": 0.6}}}
    board |= {"metric": "kappa"}
    spec = read_json(folder, SPEC) | {"kind": "evaluation"}
    for name, value in ((MANIFEST, manifest), (LEADERBOARD, board), (SPEC, spec)):
        (folder / name).write_text(json.dumps(value))
    return folder


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """The pages that are measured, each with its address; the first one opens the run."""
    base = f"/runs/many/{folder.name}/"
    manifest = read_json(folder, MANIFEST)
    ids = pl.read_parquet(folder / ITEMS, columns=["item"])["item"]
    item = ids[len(ids) // 2]
    cell = manifest["cells"][len(manifest["cells"]) // 2]["id"]
    yield "items, first request", f"{base}items"
    yield "items", f"{base}items"
    yield "items, last page", f"{base}items?page=99999999"
    yield "items, cells disagree, most telling first", f"{base}items?show=disagree&sort=telling"
    yield "items, one cell wrong, one category", f"{base}items?cell={cell}&show=wrong&category=category+3"
    yield "items, text in an id", f"{base}items?text={item}"
    yield "item", f"{base}item?dataset=many&item={item}"
    yield "item with a conversation", f"{base}item?dataset=many&item={item}&cell={cell}"
    yield "list of runs", "/"


def measure(folder: Path) -> None:
    """Print the best of five times of each page, and the memory of the process."""
    app = Viewer([folder.parent.parent], Texts()).application()
    before = _memory()
    for name, address in pages(folder):
        times = []
        for _ in range(1 if name.endswith("first request") else 5):
            start = time.perf_counter()
            answer = get(app, address)
            times.append(time.perf_counter() - start)
            assert answer.status == 200, answer.text
        print(f"{name:44} {1000 * min(times):7.0f} ms  {len(answer.text) / 1000:6.0f} kB")
    start = time.perf_counter()
    for path in (folder / JUDGMENTS, folder / ITEMS):
        pl.read_parquet(path)
    print(f"{'bare read of the judgments and items':44} {1000 * (time.perf_counter() - start):7.0f} ms")
    print(f"memory: {before:.0f} MB with the package imported, {_memory():.0f} MB at most")


def _memory() -> float:
    """The peak of this program; `getrusage` would count the process that started it as well."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Write the run, then measure in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, default=1_000_000)
    parser.add_argument("--judges", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="measure a run folder that is there")
    options = parser.parse_args()
    if options.folder:
        measure(options.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = written(Path(scratch), options.judgments, options.judges)
        print(f"{options.judgments:,} judgments of {options.judges} cells", flush=True)
        subprocess.run([sys.executable, __file__, "--folder", str(folder)], check=True)


if __name__ == "__main__":
    main()
