"""The failure rate of a run, for `--fail-on-failures`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class FailureRate:
    """The failures of a run, without judgments counted from other cells (juries).

    Attributes:
        failed: judgments without a verdict.
        judged: all judgments.
        kinds: failures by kind, most frequent first.
        cells: failure rate of each cell with failures, highest first.
    """

    failed: int
    judged: int
    kinds: Mapping[str, int]
    cells: Mapping[str, float]

    @property
    def share(self) -> float:
        """The failure rate, 0 without judgments."""
        return self.failed / self.judged if self.judged else 0.0

    def message(self, limit: float) -> str:
        """The error for a failure rate above a limit, by kind and by cell."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.items())
        named = [f"{cell} {100 * share:.3g} %" for cell, share in list(self.cells.items())[:MAX_NAMED]]
        more = f", and {len(self.cells) - MAX_NAMED} more" if len(self.cells) > MAX_NAMED else ""
        return (
            f"{self.failed:,} of {self.judged:,} judgments failed ({100 * self.share:.3g} %), above the limit of "
            f"{100 * limit:.3g} % (--fail-on-failures): {kinds}; by cell: {', '.join(named)}{more}"
        )


def failure_rate(board: Mapping[str, Any]) -> FailureRate:
    """The failure rate from the rows of a leaderboard."""
    kinds: Counter[str] = Counter()
    cells: dict[str, float] = {}
    judged = 0
    for cell, items, failures in _conversations(board):
        judged += items
        kinds.update(failures)
        if failed := sum(failures.values()):
            cells[cell] = failed / items
    worst = dict(sorted(cells.items(), key=lambda entry: (-entry[1], entry[0])))
    found = {kind: count for kind, count in kinds.most_common() if count}
    return FailureRate(sum(found.values()), judged, found, worst)


def _conversations(board: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, int]]]:
    """Each cell or system with conversations of its own: id, number of judgments, failures by kind."""
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
    from harness.evaluators.mode import find_mode, is_asking  # templates and parsers, which a help text need not load

    return is_asking(find_mode(mode))
