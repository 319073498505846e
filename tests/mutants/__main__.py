"""Change one place of the code after another, and see whether a test fails: `python -m mutants [AREA...]` in `tests`.

The mutants are a sample, drawn with a seed. Those that survive are printed with their line before and after; those that
`judged.yaml` lists as equivalent do not count. Exit code 1 where fewer than 96 % of the others are killed, or where
fewer mutants than asked for could be tried.
"""

from __future__ import annotations

import argparse
import math
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
from mutants.targets import AREAS, ROOT, targets
from mutants.tests_by_line import Recorded, recorded
from mutants.trial import Tried, open_checkout, try_mutant, unsound

LEAST = 0.96
JUDGED = Path(__file__).with_name("judged.yaml")
RECORDING = ROOT / "build" / "mutants" / "tests.json"


def tried(mutants: list[Mutant], tests: Recorded, workers: int, minutes: float) -> Iterator[Tried]:
    """Each mutant that is tried until the time is over; those that only an unsound test killed are left out."""
    deadline = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        context, arguments = get_context("spawn"), (folder, tests)
        with ProcessPoolExecutor(workers, mp_context=context, initializer=open_checkout, initargs=arguments) as pool:
            futures = [pool.submit(try_mutant, mutant) for mutant in mutants]
            found = []
            for future in futures:
                if time.monotonic() > deadline:
                    for each in futures:
                        each.cancel()
                if not future.cancelled():
                    found.append(future.result())
                    show(found[-1])
            killers = sorted({one.killer for one in found if "::" in one.killer})
            void = {name for part in pool.map(unsound, _parts(killers, workers)) for name in part}
            if void:
                print(f"these tests fail without a change as well: {', '.join(sorted(void))}")
            yield from (one for one in found if one.killer not in void)


def _parts(names: list[str], count: int) -> list[list[str]]:
    """Names in parts, those of a file in the same one."""
    files = sorted({name.partition("::")[0] for name in names})
    return [[name for name in names if name.partition("::")[0] in files[at::count]] for at in range(count)]


def show(one: Tried) -> None:
    """Print a trial in a line."""
    path, mutation = one.mutant.target.path, one.mutant.mutation
    by = f"  [{one.killer}]" if one.killer else ""
    change = f"{one.mutant.before} -> {one.mutant.after}"
    print(f"{one.outcome:10} {one.cpu_s:5.1f} s  {path}:{mutation.line}: {change}{by}", flush=True)


def equivalents() -> set[tuple[str, str, str]]:
    """Module, line before and line after of every mutant that was judged to change nothing."""
    return {(one["module"], one["before"], one["after"]) for one in yaml.safe_load(JUDGED.read_text(encoding="utf-8"))}


def interval(killed: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a rate, 95 %."""
    z, rate = 1.959964, killed / count
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    return middle - half, middle + half


def main() -> int:
    """Run the trials and print the survivors and the rate."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("areas", nargs="*", default=list(AREAS), metavar="AREA", help=", ".join(AREAS))
    parser.add_argument("--mutants", type=int, default=400, help="how many to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=28, help="start no trial after that time")
    parser.add_argument("--recording", type=Path, default=RECORDING, help="which tests run which line")
    parser.add_argument("--old-recording", action="store_true", help="use it although code or tests have changed")
    options = parser.parse_args()
    if unknown := set(options.areas) - set(AREAS):
        parser.error(f"there is no area {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    tests = recorded(
        options.recording, targets(list(AREAS)), workers=options.workers, is_old_fine=options.old_recording
    )
    known, survivors = equivalents(), list[Tried]()
    counts = {"killed": 0, "survived": 0, "timeout": 0, "equivalent": 0}
    for one in tried(sample(options.areas, options.mutants, options.seed), tests, options.workers, options.minutes):
        is_known = (one.mutant.target.path, one.mutant.before, one.mutant.after) in known
        outcome = "equivalent" if is_known and one.outcome == "survived" else one.outcome
        counts[outcome] += 1
        if outcome == "survived":
            survivors.append(one)
    print("\nSurvivors:" if survivors else "\nThere is no survivor.")
    for one in sorted(survivors, key=lambda one: (one.mutant.target.path, one.mutant.mutation.line)):
        show(one)
    caught, missed = counts["killed"] + counts["timeout"], counts["survived"]
    count = caught + missed
    if not count:
        return 1
    low, high = interval(caught, count)
    print(f"{caught} of {count} mutants killed, {caught / count:.1%} [{low:.1%}, {high:.1%}], {counts['timeout']} of "
          f"them by the time limit; {counts['equivalent']} equivalent")  # fmt: skip
    if count + counts["equivalent"] < options.mutants:
        print(f"only {count + counts['equivalent']} of {options.mutants} could be tried in {options.minutes:g} minutes")
        return 1
    return 0 if caught / count >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
