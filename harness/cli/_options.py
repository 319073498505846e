"""Options shared by several verbs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness import registry

F = TypeVar("F", bound=Callable[..., Any])


class FiniteRange(click.FloatRange):
    """A number in a range. No comparison refuses `nan`, which `click.FloatRange` takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; `nan` and infinite ones are usage errors."""
        number: float = super().convert(value, param, ctx)
        if not self.allows(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return number

    def allows(self, number: float) -> bool:
        """Whether a number of the range is taken."""
        return math.isfinite(number)


class LimitRange(FiniteRange):
    """A limit in a range; `inf` is none."""

    def allows(self, number: float) -> bool:
        """Whether a number of the range is taken."""
        return not math.isnan(number)


cache_option = click.option(
    "--cache",
    "cache",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    envvar="HARNESS_CACHE",
    default=Path(".harness-cache"),
    show_default=True,
    show_envvar=True,
    help="Folder of the response cache.",
)
"""`--cache DIR` as the parameter `cache: Path`."""


class _OneFolder(click.Path):
    """A folder; a variable of the environment names one also where the option is repeatable."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """The value as it is: a folder may have a colon in its name."""
        return [rv]


caches_option = click.option(
    "--cache",
    "caches",
    type=_OneFolder(file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    envvar="HARNESS_CACHE",
    default=(Path(".harness-cache"),),
    show_default=True,
    show_envvar=True,
    help="Folder of the response cache. Repeatable: all are read together, the first is written.",
)
"""`--cache DIR` as the parameter `caches: tuple[Path, ...]`."""

results_option = click.option(
    "--results",
    "results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path("results"),
    show_default=True,
    help="Folder of the runs.",
)
"""`--results DIR` as the parameter `results: Path`."""

allow_path_option = click.option(
    "--allow-path",
    "allow_paths",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    envvar="HARNESS_ALLOW_PATH",
    show_envvar=True,
    help="Also allow the paths in a spec to point into DIR, outside the folder of the spec. Repeatable.",
)
"""`--allow-path DIR` as the parameter `allow_paths: tuple[Path, ...]`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""`--json` as the parameter `as_json: bool`."""

batch_option = click.option(
    "--batch",
    "batch",
    is_flag=True,
    help="Make the calls through the Batch APIs of the providers, at the prices of batches.",
)
"""`--batch` as the parameter `batch: bool`."""

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    default=1,
    show_default=True,
    help="Processes of this machine that share the work; the results are the same for any N.",
)
"""`--workers N` as the parameter `workers: int`."""

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Share the work with the workers of a dask scheduler at ADDRESS, or of a scheduler file (extra `cluster`).",
)
"""`--scheduler ADDRESS` as the parameter `scheduler: str | None`."""


def report_option(command: F) -> F:
    """`--format NAME` as the parameter `report: str`, one of `harness list leaderboard-formats`.

    Its names are those of installed plug-ins too, which take time to find, so only a verb that has the option does.
    """
    option: Callable[[F], F] = click.option(
        "--format",
        "report",
        type=click.Choice(registry.names("leaderboard_formats")),
        default="table",
        show_default=True,
        help="Output format of the leaderboard.",
    )
    return option(command)


junit_option = click.option(
    "--junit",
    "junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the checks to FILE in the JUnit format.",
)
"""`--junit FILE` as the parameter `junit: Path | None`."""

wide_option = click.option("--wide", is_flag=True, help="Show every table and column, as wide as needed.")
"""`--wide` as the parameter `wide: bool`."""

notes_option = click.option("--notes", is_flag=True, help="Show the legend and every note.")
"""`--notes` as the parameter `notes: bool`."""


def _set_colours(context: click.Context, parameter: click.Parameter, value: str) -> None:
    context.color = {"always": True, "never": False}.get(value)


color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    expose_value=False,
    callback=_set_colours,
    help="Colours; auto: on a terminal, unless NO_COLOR is set.",
)
"""`--color WHEN`; `harness.cli._terminal.has_colours` reads it."""
