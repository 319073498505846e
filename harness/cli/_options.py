"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path

import click

from harness import registry

cache_option = click.option(
    "--cache",
    "cache",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    envvar="HARNESS_CACHE",
    default=Path(".harness-cache"),
    show_default=True,
    show_envvar=True,
    help="Where replies are kept.",
)
"""`--cache DIR` as the parameter `cache: Path`."""

results_option = click.option(
    "--results",
    "results",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path("results"),
    show_default=True,
    help="Where runs are written and looked up.",
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
    help="Let the paths in a spec lead into DIR too, not only into the spec's own folder. May be repeated.",
)
"""`--allow-path DIR` as the parameter `allow_paths: tuple[Path, ...]`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
"""`--json` as the parameter `as_json: bool`."""

report_option = click.option(
    "--format",
    "report",
    type=click.Choice(registry.names("leaderboard_formats")),
    default="table",
    show_default=True,
    help="How to write the leaderboard.",
)
"""`--format NAME` as the parameter `report: str`: a file in `harness/reports/`."""
