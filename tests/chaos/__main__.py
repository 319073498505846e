"""Random sequences of everything that can happen to a cache and its runs, in a simulation; each has a seed.

In `tests`: `python -m chaos --seeds 200`, and `python -m chaos --seed 17` to see one again, step by step. Exit code 1
if an invariant does not hold in one of them. `chaos.world` and `chaos.steps` hold the invariants.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from chaos.planted import PLANTED
from chaos.scenario import Ended, run_some

SEEDS = 10_000
AT_ONCE = 25
"""Seeds that one process takes at a time."""
WITHIN, FOUND = 100, "found by seed"
"""Seeds that find each planted defect."""
SHARED_MEMORY = Path("/dev/shm")
"""A file system in memory, on which syncing takes no time."""


def report(ended: Ended, *, with_steps: bool) -> None:
    """Print a seed that failed, or one that was asked for."""
    if ended.failure:
        print(f"seed {ended.seed} FAILED; to see it again: tox -e chaos -- --seed {ended.seed}")
    if ended.failure or with_steps:
        for number, step in enumerate(ended.steps, 1):
            print(f"  {number:2} {step}")
        print(ended.failure, flush=True)


def ended_groups(run: Callable[[range], list[Ended]], groups: list[range], processes: int) -> Iterator[list[Ended]]:
    """Run groups of seeds, in this process if it is to be the only one: another one would import everything again."""
    if processes == 1:
        yield from map(run, groups)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(run, groups)
        finally:
            pool.shutdown(cancel_futures=True)


def find_plants(folder: Path | None) -> int:
    """Plant every defect, each in a process of its own, and print which seed finds it; 1 if one is not found.

    The remembered seed is tried first, then those from 0. Only a violated invariant counts, no other error.
    """
    missed = 0
    for name, plant in PLANTED.items():
        receiver, sender = get_context("fork").Pipe(duplex=False)
        process = get_context("fork").Process(target=_find, args=(name, plant.seed, folder, sender))
        process.start()
        sender.close()
        try:
            found = receiver.recv()
        except EOFError:
            found = "the process ended"
        process.join()
        missed += not found.startswith(FOUND)
        print(f"{name}: {found}", flush=True)
    return bool(missed)


def _find(name: str, seed: int, folder: Path | None, sender: Connection) -> None:
    for at in (range(seed, seed + 1), range(WITHIN)):
        last = run_some(at, folder, name)[-1]
        if last.failure:
            error = last.failure.strip().splitlines()[-1]
            is_invariant = error.startswith("AssertionError: ")
            sender.send(f"{FOUND} {last.seed}: {error}" if is_invariant else f"seed {last.seed} ended in {error}")
            return
    sender.send(f"not found by {WITHIN} seeds")


def main() -> int:
    """Run the seeds; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"how many; default {SEEDS:,}")
    parser.add_argument("--seed", type=int, metavar="K", help="run this seed alone and print its steps")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="the first seed; default 0")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), metavar="N", help="default: all cores")
    parser.add_argument("--plant", choices=list(PLANTED), default="", help="plant a defect, which must be found")
    parser.add_argument("--plants", action="store_true", help=f"plant every defect; {WITHIN} seeds must find each")
    given = parser.parse_args()
    folder = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    if given.plants:
        return find_plants(folder)
    if given.seed is not None:
        (ended,) = run_some(range(given.seed, given.seed + 1), folder, given.plant)
        report(ended, with_steps=True)
        return bool(ended.failure)
    last, started = given.first + given.seeds, time.monotonic()
    groups = [range(at, min(at + AT_ONCE, last)) for at in range(given.first, last, AT_ONCE)]
    counts, failed = Counter[str](), 0
    for group in ended_groups(partial(run_some, folder=folder, planted=given.plant), groups, given.processes):
        for ended in group:
            report(ended, with_steps=False)
            counts += ended.counts
            failed += bool(ended.failure)
        if given.plant and failed:
            break
    print(f"{given.seeds:,} seeds, {failed:,} failed, {time.monotonic() - started:.0f} s")
    print(", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
