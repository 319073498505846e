"""Compare runs that may have ended early, by `stop`: at which level, and what that cannot make right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.runner.run_reader import Judged

LOOKED = (
    "ended by looks at the data: {names}; intervals and tests have the level of the look, {level}, at which they hold, "
    "and rest on the items that both runs judged"
)
ALONE = "each of these runs ended at a look of its own: no interval of their differences holds for both decisions"


def at_one_level(runs: Sequence[Judged]) -> tuple[list[Judged], list[str]]:
    """The runs at the highest of their levels, and what readers have to know of those that looked before they ended.

    The level of such a run is that of the look at which it ended, at which its intervals hold. A difference to a run of
    all items is a figure of the same looks.

    Args:
        runs: at least two, as they were read.
    """
    looked = [run for run in runs if "stop" in run.spec]
    if not looked:
        return list(runs), []
    level = max(run.score.level for run in runs)
    names = ", ".join(f"{run.spec_name} {run.id}" for run in looked)
    percent = f"{100 * level:.4g} %"
    notes = [LOOKED.format(names=names, level=percent)]
    if len(looked) > 1:
        notes.append(ALONE)
    return [replace(run, score=replace(run.score, level=level)) for run in runs], notes
