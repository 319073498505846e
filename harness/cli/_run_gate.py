"""The gate of `harness run`: its options, and what it prints."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli._checks import Check
from harness.cli._github import add_to_summary, annotate, in_actions
from harness.leaderboard.run_gate import JUDGED_BY, RunRules, gate_line, parse_threshold, run_checks
from harness.text import minus_signs_within, printable

if TYPE_CHECKING:
    from harness.api.finished_run import FinishedRun

fail_below_option = click.option(
    "--fail-below",
    "thresholds",
    multiple=True,
    metavar="[CELL:]METRIC=VALUE",
    help="Exit with code 1 if METRIC of a cell is below VALUE or undefined; of every cell, of one, or of `best`, the "
    "leader of each dataset. Repeatable.",
)
"""`--fail-below` as the parameter `thresholds: tuple[str, ...]`."""

fail_above_option = click.option(
    "--fail-above",
    "largest",
    multiple=True,
    metavar="[CELL:]METRIC=VALUE",
    help="The same for metrics whose lower values are better, such as brier: exit with code 1 above VALUE. Repeatable.",
)
"""`--fail-above` as the parameter `largest: tuple[str, ...]`."""

fail_below_by_option = click.option(
    "--fail-below-by",
    "threshold_by",
    type=click.Choice(list(JUDGED_BY)),
    default="low",
    show_default=True,
    help="What --fail-below compares: the lower end of the interval, or the estimate. With --fail-above `low` is the "
    "upper end.",
)
"""`--fail-below-by` as the parameter `threshold_by: str`."""


def run_rules(ctx: click.Context, options: dict[str, Any]) -> RunRules:
    """The rules of the gate, taken out of the options.

    Raises:
        InputError: if a threshold cannot be read.
    """
    most_failures = options.pop("most_failures")
    if most_failures is not None and math.isnan(most_failures):
        raise click.BadParameter("not a number", ctx, param_hint="--fail-on-failures")
    thresholds = tuple(parse_threshold(text) for text in options.pop("thresholds"))
    thresholds += tuple(parse_threshold(text, "above") for text in options.pop("largest"))
    return RunRules(thresholds, options.pop("threshold_by"), most_failures)


def gate_checks(finished: FinishedRun, rules: RunRules) -> list[Check]:
    """The checks of a run. What failed is printed, and annotated in GitHub Actions, whose summary gets the board."""
    board = finished.leaderboard
    found = run_checks(board, rules)
    group = f"{finished.folder.parent.name} {finished.id}"
    names = [f"{check.cell}: {check.name}" if check.cell else check.name for check in found]
    checks = [
        Check(group, name, (check.problem,) if check.problem else ()) for name, check in zip(names, found, strict=True)
    ]
    if rules.thresholds or rules.most_failures is not None:
        _say(gate_line(found, rules))
        for one in found:
            if one.problem:
                _say(f"error: {one.cell}: {minus_signs_within(one.problem)}" if one.cell else f"error: {one.problem}")
    else:
        checks = [check if not check.problems else check._replace(problems=()) for check in checks]
    if in_actions(os.environ):
        annotate(checks, "harness run", os.environ)
        add_to_summary(_summary(board, group, checks), os.environ)
    return checks


def _summary(board: Mapping[str, Any], group: str, checks: list[Check]) -> str:
    from harness.cli._comparison_markdown import code, escaped
    from harness.cli.leaderboard import rendered

    failed = [f"- {code(check.name)}: {escaped(problem)}" for check in checks for problem in check.problems]
    result = [f"**Gate failed**: {len(failed)} of {len(checks)} checks", "", *failed, ""] if failed else []
    return "\n".join([f"### {code(group)}", "", *result, rendered(board, "markdown"), ""])


def _say(text: str) -> None:
    click.echo(printable(text), err=True)
