"""`harness run --repeat-of RUN`: its options, and the plan that asks the same again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.text import printable, quoted

if TYPE_CHECKING:
    from harness.cli._several import LaterPlan

NEW = "new"
LONGEST_NUMBER = 6
"""Digits of the number of a draw."""


def draw_number(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """The number of a draw; None for a new one."""
    if value is None or value == NEW:
        return None
    if value.isascii() and value.isdecimal() and len(value) <= LONGEST_NUMBER:
        return int(value)
    raise click.BadParameter(f"{quoted(value)} is neither `new` nor a number", ctx, param)


repeat_of_option = click.option(
    "--repeat-of",
    "repeat_of",
    metavar="RUN",
    shell_complete=_completion.runs,
    help="Ask everything that RUN asked again, without its stored replies; SPEC defaults to the spec of RUN.",
)
"""`--repeat-of RUN` as the parameter `repeat_of: str | None`."""

draw_option = click.option(
    "--draw",
    metavar="new|N",
    callback=draw_number,
    help="With --repeat-of: number of the draw. `new`, the default, is one that no run has used; a number replays it.",
)
"""`--draw` as the parameter `draw: int | None`, None for a new one."""


def check_repeat(ctx: click.Context, specs: tuple[Path, ...], repeat_of: str | None, draw: int | None) -> None:
    """Refuse options that do not go together."""
    if repeat_of is None and not specs:
        raise click.UsageError("Missing argument 'SPEC...'.", ctx)
    if repeat_of is None and draw is not None:
        raise click.UsageError("--draw needs --repeat-of", ctx)
    if repeat_of is not None and len(specs) > 1:
        raise click.UsageError("--repeat-of takes one SPEC at most", ctx)


def repeated(
    specs: tuple[Path, ...], run: str, draw: int | None, results: Path, allow_paths: tuple[Path, ...]
) -> tuple[tuple[Path, ...], list[LaterPlan]]:
    """The spec and the plan of a run that is repeated."""
    from harness.api.repeat import repeat_plan

    spec, plan = repeat_plan(run, results, spec=specs[0] if specs else None, draw=draw, allow_paths=allow_paths)
    again = f"harness run --repeat-of {run} --draw {plan.first_draw} --offline"
    click.echo(printable(f"asking again with draw {plan.first_draw}; `{again}` replays it"), err=True)
    return (spec,), [lambda: plan]
