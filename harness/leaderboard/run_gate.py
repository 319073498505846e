"""A gate on a single run: thresholds of its metrics, and its failure rate. What could not be checked fails."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.errors import InputError, Problem
from harness.leaderboard.failure_rate import failure_rate
from harness.leaderboard.numbers import with_interval
from harness.leaderboard.view import datasets
from harness.text import listed, quoted, suggestion

if TYPE_CHECKING:
    from harness.records.experiment import Spec

BEST = "best"
WAYS: Mapping[str, Literal["below", "above"]] = {"higher": "below", "lower": "above"}
"""The side on which values fail, by the direction of the metric; one of no direction may fail on either."""
"""In place of a cell: the leader of each dataset."""
By = Literal["low", "estimate"]
Way = Literal["below", "above"]
JUDGED_BY: Mapping[By, str] = {"low": "the lower end of the interval", "estimate": "the estimate"}
JUDGED_ABOVE_BY: Mapping[By, str] = {**JUDGED_BY, "low": "the upper end of the interval"}
_THRESHOLD = re.compile(r"(?:(?P<cell>.+):)?(?P<metric>[^:=]+)=(?P<least>[^=]+)")


class Threshold(NamedTuple):
    """The smallest accepted value of a metric, or the largest one.

    Attributes:
        cell: id of a cell, with or without the dataset; `best` for the leader of each dataset, "" for every cell.
        metric: the metric.
        least: the smallest accepted value, or the largest one.
        way: the side of it on which a value fails.
    """

    cell: str
    metric: str
    least: float
    way: Way = "below"

    @property
    def option(self) -> str:
        """The option that gives it."""
        return f"--fail-{self.way}"

    def by(self, by: By) -> str:
        """What is compared with it."""
        return (JUDGED_BY if self.way == "below" else JUDGED_ABOVE_BY)[by]

    @property
    def text(self) -> str:
        """The threshold for people; a largest value with its option."""
        return f"{self}" if self.way == "below" else f"at most {self}"

    def __str__(self) -> str:
        return f"{self.cell}:{self.metric}={self.least:g}" if self.cell else f"{self.metric}={self.least:g}"


@dataclass(frozen=True, slots=True)
class RunRules:
    """What the gate of a run accepts.

    Attributes:
        thresholds: of metrics.
        by: what is compared with a threshold.
        most_failures: the largest accepted failure rate, None to accept any.
    """

    thresholds: tuple[Threshold, ...] = ()
    by: By = "low"
    most_failures: float | None = None


class RunCheck(NamedTuple):
    """One check of a run.

    Attributes:
        cell: id of the cell or the system, "" for the whole run.
        name: what was checked.
        problem: why it failed, "" if it passed.
    """

    cell: str
    name: str
    problem: str


def parse_threshold(text: str, way: Way = "below") -> Threshold:
    """`[CELL:]METRIC=VALUE` as a threshold.

    Raises:
        InputError: if it is anything else.
    """
    found = _THRESHOLD.fullmatch(text)
    try:
        least = float(found["least"]) if found else math.nan
    except ValueError:
        least = math.nan
    if found is None or not math.isfinite(least):
        hint = "write METRIC=VALUE, best:METRIC=VALUE or CELL:METRIC=VALUE, such as kappa=0.6"
        raise InputError(f"{quoted(text)} is no threshold", hint=hint)
    return Threshold(found["cell"] or "", found["metric"].strip(), least, way)


def check_thresholds(spec: Spec, thresholds: Sequence[Threshold]) -> None:
    """Refuse thresholds of metrics or cells that a run of the spec will not have.

    Raises:
        InputError: with every problem.
    """
    # Both import numpy, which the help of a command need not load.
    from harness.scoring.soft_metric import direction_of
    from harness.statistics.win_rate import TIES

    metrics = [f"win-rate-{ties}" for ties in TIES] if spec.kind == "generation" else list(spec.score.metrics)
    ids = {cell.id for cell in spec.cells}
    names = [BEST, *ids, *(each.partition("/")[2] for each in ids)]
    faults = []
    for one in thresholds:
        if one.metric not in metrics:
            hint = suggestion(one.metric, metrics) or f"it has {listed(metrics)}"
            faults.append(f"{one.option} {one}: {spec.name} has no metric {quoted(one.metric)}; {hint}")
        elif spec.kind == "evaluation" and (instead := WAYS.get(direction_of(one.metric), one.way)) != one.way:
            better = "lower" if instead == "above" else "higher"
            faults.append(f"{one.option} {one}: {better} values of {one.metric} are better; use --fail-{instead}")
        if spec.kind == "generation" and one.cell not in ("", BEST):
            faults.append(f"{one.option} {one}: of a generation, thresholds are of every system, or of the `best`")
        elif one.cell and one.cell not in names:
            hint = suggestion(one.cell, names)
            faults.append(
                f"{one.option} {one}: {spec.name} has no cell {quoted(one.cell)}{f'; {hint}' if hint else ''}"
            )
    if faults:
        raise InputError(Problem(message=fault) for fault in faults)


def run_checks(board: Mapping[str, Any], rules: RunRules) -> list[RunCheck]:
    """Every check of a run. A cell without any verdict always fails.

    Args:
        board: the leaderboard.
        rules: what is accepted.
    """
    checks = list(_failures(board, rules))
    for threshold in rules.thresholds:
        found = [_below(cell, figure, threshold, rules.by) for cell, figure in _figures(board, threshold)]
        checks += found or [RunCheck("", threshold.text, "no cell has this metric, so nothing was checked")]
    return checks


def gate_line(checks: Sequence[RunCheck], rules: RunRules) -> str:
    """What was checked, in one line."""
    cells = len({check.cell for check in checks if check.cell})
    parts = [f"{cells} {'cell' if cells == 1 else 'cells'} checked"]
    if rules.most_failures is not None:
        parts.append(f"at most {100 * rules.most_failures:.3g} % failures")
    parts += [f"{threshold.text} by {threshold.by(rules.by)}" for threshold in rules.thresholds]
    failed = sum(bool(check.problem) for check in checks)
    return f"gate: {', '.join(parts)}: {'passed' if not failed else f'{failed} failed'}"


def _failures(board: Mapping[str, Any], rules: RunRules) -> Iterator[RunCheck]:
    failed = failure_rate(board)
    for cell in _cells(board):
        problem = "no judgment of it succeeded" if failed.cells.get(cell, 0.0) >= 1 else ""
        yield RunCheck(cell, "has verdicts", problem)
    if rules.most_failures is None:
        return
    problem = "" if failed.share <= rules.most_failures else failed.message(rules.most_failures)
    if not failed.judged:
        problem = "nothing was judged, so that no failure rate is known (--fail-on-failures)"
    yield RunCheck("", "failure rate", problem)


def _cells(board: Mapping[str, Any]) -> list[str]:
    if board.get("kind") == "generation":
        return list(dict.fromkeys(row["cell"] for one in board["boards"] for row in one["rows"]))
    return [row["cell"] for row in board["rows"]]


def _figures(board: Mapping[str, Any], threshold: Threshold) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The cells that a threshold is about, with their figures."""
    if board.get("kind") == "generation":
        ties = threshold.metric.removeprefix("win-rate-")
        for one in board["boards"]:
            for row in one["rows"][: 1 if threshold.cell == BEST else None]:
                yield row["cell"], row["win_rates"][ties]
        return
    for _, rows in datasets(board):
        for row in rows[: 1 if threshold.cell == BEST else None]:
            name = row["cell"]
            if threshold.cell in ("", BEST, name, name.partition("/")[2]) and threshold.metric in row["metrics"]:
                yield name, row["metrics"][threshold.metric]


def _below(cell: str, figure: Mapping[str, Any], threshold: Threshold, by: By) -> RunCheck:
    metric, value = threshold.metric, figure["value"]
    is_above = threshold.way == "above"
    name = f"{metric} at {'most' if is_above else 'least'} {threshold.least:g}"
    if value is None:
        return RunCheck(cell, name, f"{metric} is undefined: {figure['reason']}")
    shown = f"{metric} {with_interval(value, figure['low'], figure['high'])}"
    if by == "low" and figure["low"] is None:
        return RunCheck(cell, name, f"{shown} has no interval: {figure['reason']}")
    judged = value if by == "estimate" else figure["high" if is_above else "low"]
    passed = judged <= threshold.least if is_above else judged >= threshold.least
    return RunCheck(cell, name, "" if passed else f"{shown}: {threshold.by(by)} is {threshold.way} {threshold.least:g}")
