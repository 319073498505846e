"""How much of a run failed: what a user may set a limit to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.evaluators.mode import find_mode, is_asking

MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Failing:
    """The failures of a run, over the judgments that were asked for; those that are counted from others are left out.

    Attributes:
        failed: judgments without a verdict.
        judged: all judgments.
        kinds: how many failed of each kind, most first.
        cells: share of each cell that has any, worst first.
    """

    failed: int
    judged: int
    kinds: Mapping[str, int]
    cells: Mapping[str, float]

    @property
    def share(self) -> float:
        """How much failed, 0 where nothing was judged."""
        return self.failed / self.judged if self.judged else 0.0

    def told(self, limit: float) -> str:
        """That it was more than a limit, by kind and by cell."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.items())
        named = [f"{cell} {100 * share:.3g} %" for cell, share in list(self.cells.items())[:MAX_NAMED]]
        more = f", and {len(self.cells) - MAX_NAMED} more" if len(self.cells) > MAX_NAMED else ""
        return (
            f"{self.failed:,} of {self.judged:,} judgments failed ({100 * self.share:.3g} %), more than the "
            f"{100 * limit:.3g} % that --fail-on-failures allows: {kinds}; worst first: {', '.join(named)}{more}"
        )


def failing(board: Mapping[str, Any]) -> Failing:
    """What failed, by the rows of a leaderboard."""
    kinds: Counter[str] = Counter()
    cells: dict[str, float] = {}
    judged = 0
    for cell, items, failures in _asked(board):
        judged += items
        kinds.update(failures)
        if failed := sum(failures.values()):
            cells[cell] = failed / items
    worst = dict(sorted(cells.items(), key=lambda entry: (-entry[1], entry[0])))
    found = {kind: count for kind, count in kinds.most_common() if count}
    return Failing(sum(found.values()), judged, found, worst)


def _asked(board: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, int]]]:
    """All that somebody was asked for: the id, of how many, and how many failed by kind."""
    if board.get("kind") == "generation":
        for system in board["systems"]:
            yield f"{system['prompts']}/{system['system']}", system["n"], system["generator_failures"]
        for one in board["boards"]:
            for row in one["rows"] if _asks(one["evaluator"].partition(":")[0]) else ():
                yield row["cell"], row["n"], row["failures"]
        return
    for row in board["rows"]:
        if _asks(row["mode"]):
            yield row["cell"], row["items"], row["failures"]


def _asks(mode: str) -> bool:
    """Whether a mode makes calls; others count the judgments of other cells."""
    return is_asking(find_mode(mode))
