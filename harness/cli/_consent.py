"""The cost of a run before its first call, and consent to it on a terminal."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from harness.cli._terminal import print_message
from harness.cli.plan import dollars, ends, usd
from harness.errors import InputError
from harness.providers.ledger import Ledger
from harness.runner.needs import Estimate
from harness.runner.progress import Display
from harness.text import quoted

CONFIRM_VARIABLE = "HARNESS_CONFIRM_ABOVE"
CONFIRM_ABOVE_USD = 5.0
"""The expected cost above which a run on a terminal asks, where the environment names no other."""
NOT_AGREED = 1


def confirm_cost(watch: Display, found: Estimate, *, is_agreed: bool, ledger: Path | None = None) -> None:
    """Print the number of calls and their cost before the first one; on a terminal, ask above a threshold.

    Args:
        watch: the line of progress, which makes room for the question, with the models at the prices of the run.
        found: the estimate.
        is_agreed: whether --yes or --max-cost answers the question.
        ledger: file in which runs share the limit, whose sums are printed too.
    """
    expected = found.expected_usd(watch.models)
    about = "" if found.sampled is None else "about "
    watch.say(f"making {about}{ends(found.calls)} calls, cost {dollars(found.cost_usd(watch.models), expected)}")
    if ledger is not None and ledger.exists():
        watch.say(Ledger(ledger).summary())
    if is_agreed or expected is None or expected <= confirm_above_usd(os.environ) or not _can_ask():
        return
    with watch.line.paused():
        if not click.confirm(f"spend about {usd(expected)}?", err=True):
            print_message("nothing was spent; --yes skips this question, --max-cost sets a limit")
            raise click.exceptions.Exit(NOT_AGREED)


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm_above_usd(environment: Mapping[str, str]) -> float:
    """The expected cost in USD above which a run asks; raises InputError where it is not a number."""
    text = environment.get(CONFIRM_VARIABLE, "")
    try:
        amount = float(text or CONFIRM_ABOVE_USD)
    except ValueError:
        amount = math.nan
    if math.isnan(amount):
        raise InputError(
            f"{CONFIRM_VARIABLE} is not an amount in dollars: {quoted(text)}", hint="write a number such as 5"
        )
    return amount
