"""Run every simulation and write the results as a page.

In `tests`: `python -m simulations ../docs/validation/simulations.md`. `0.2` after the file makes a fifth of the worlds,
and `1 power=0.2` of one part alone.

Exit code 1 where a claim does not hold, up to the simulation's own error.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType

from simulations.row import TOLERANCE, Row

PARTS = sorted(
    path.stem
    for path in Path(__file__).parent.glob("[a-z]*.py")
    if "\ndef simulate(" in path.read_text(encoding="utf-8")
)

NO_SCALES: Mapping[str, float] = MappingProxyType({})

HEAD = """\
<!-- written by `tox -e simulate`: run it to write it anew -->

# Simulations

What the statistics claim, measured in worlds whose truth is known. Targets that a rate must reach are held up to
{tolerance:g} standard errors of the simulation itself; what is shown beside is no claim, but what the method is there
to do better than. Seeds are fixed: the same versions of the packages give the same page.
"""


def run(part: str, scale: float) -> list[Row]:
    """The rows of a part."""
    return list(importlib.import_module(f"simulations.{part}").simulate(scale))


def page(found: dict[str, list[Row]], scales: Mapping[str, float] = NO_SCALES) -> str:
    """All rows as a Markdown page.

    Args:
        found: the rows of each part.
        scales: the share of the worlds of the full run that a part made, 1 where it is not given.
    """
    lines = [HEAD.format(tolerance=TOLERANCE)]
    for part, rows in found.items():
        summary = (importlib.import_module(f"simulations.{part}").__doc__ or "").splitlines()[0]
        lines += [f"## {part.replace('_', ' ')}", "", summary, ""]
        if (scale := scales.get(part, 1.0)) != 1:
            lines += [f"Reduced: {scale:g} of the worlds of the full simulation, at least 40 each.", ""]
        lines += ["| measured | world | n | found | target | worlds |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [_line(row) for row in rows]
        lines.append("")
    return "\n".join(lines)


def _line(row: Row) -> str:
    target = row.side if row.side == "shown beside" else f"{row.side} {row.target:g}"
    mark = "" if row.is_as_claimed else " **not met**"
    return f"| {row.claim} | {row.world} | {row.n} | {row.found:.3f} | {target}{mark} | {row.repeats or ''} |"


def main(file: str, scale: str = "1", *of_parts: str) -> int:
    """Run all parts on two processors and write the page.

    Args:
        file: to write.
        scale: share of the worlds of the full simulation.
        of_parts: other shares of some parts, such as `power=0.2`.
    """
    started = time.monotonic()
    others = {part: float(share) for part, _, share in (one.partition("=") for one in of_parts)}
    scales = {part: others.get(part, float(scale)) for part in PARTS}
    with ProcessPoolExecutor(2) as pool:
        rows = dict(zip(PARTS, pool.map(run, PARTS, scales.values()), strict=True))
    Path(file).write_text(page(rows, scales), encoding="utf-8")
    missed = [(part, row) for part, found in rows.items() for row in found if not row.is_as_claimed]
    print(f"{sum(map(len, rows.values()))} rows in {time.monotonic() - started:.0f} s, {len(missed)} not met")
    for part, row in missed:
        print(f"not met: {part}: {row}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
