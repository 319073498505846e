"""Change one place of the code after another, and see whether a test fails: `python -m mutants [AREA...]` in `tests`.

The mutants are a sample, drawn with a seed. Those that survive are printed with their line before and after; those that
`judged.yaml` lists as equivalent do not count. Exit code 1 where fewer than 96 % of the others are killed, or where
fewer mutants than asked for could be tried.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import yaml

from mutants.sample import Mutant, sample
from mutants.targets import AREAS
from mutants.trial import Outcome, open_checkout, try_mutant

LEAST = 0.96
JUDGED = Path(__file__).with_name("judged.yaml")


def tried(mutants: list[Mutant], workers: int, minutes: float) -> Iterator[tuple[Mutant, Outcome, float]]:
    """Each mutant with its outcome, until the time is over."""
    deadline = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        context = get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=open_checkout, initargs=(folder,)) as pool:
            futures = [pool.submit(try_mutant, mutant) for mutant in mutants]
            for future in futures:
                if time.monotonic() > deadline:
                    pool.shutdown(wait=True, cancel_futures=True)
                if not future.cancelled():
                    yield future.result()


def equivalents() -> set[tuple[str, str, str]]:
    """Module, line before and line after of every mutant that was judged to change nothing."""
    return {(one["module"], one["before"], one["after"]) for one in yaml.safe_load(JUDGED.read_text(encoding="utf-8"))}


def main() -> int:
    """Run the trials and print the survivors and the rate."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("areas", nargs="*", default=list(AREAS), metavar="AREA", help=", ".join(AREAS))
    parser.add_argument("--mutants", type=int, default=400, help="how many to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=28, help="start no trial after that time")
    options = parser.parse_args()
    if unknown := set(options.areas) - set(AREAS):
        parser.error(f"there is no area {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    known = equivalents()
    counts = {"killed": 0, "survived": 0, "timeout": 0, "equivalent": 0}
    for mutant, found, seconds in tried(
        sample(options.areas, options.mutants, options.seed), options.workers, options.minutes
    ):
        path, line = mutant.target.path, mutant.mutation.line
        is_known = found == "survived" and (path, mutant.before, mutant.after) in known
        outcome = "equivalent" if is_known else found
        counts[outcome] += 1
        print(f"{outcome:10} {seconds:5.1f} s  {path}:{line}: {mutant.before} -> {mutant.after}", flush=True)
    caught, missed = counts["killed"] + counts["timeout"], counts["survived"]
    count = caught + missed
    rate = caught / count if count else 0.0
    print(f"{caught} of {count} mutants killed ({rate:.1%}), {counts['timeout']} of them by the time limit; "
          f"{counts['equivalent']} equivalent")  # fmt: skip
    if count + counts["equivalent"] < options.mutants:
        print(f"only {count + counts['equivalent']} of {options.mutants} could be tried in {options.minutes:g} minutes")
        return 1
    return 0 if rate >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
