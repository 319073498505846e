"""The options that write curves to a file, of `threshold` and `calibrate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.text import printable

if TYPE_CHECKING:
    from harness.report.pages.curves import CurvePage

F = TypeVar("F", bound=Callable[..., Any])


def curve_options(command: F) -> F:
    """Add `--out` and `--force` to a command."""
    for option in (
        click.option("--force", is_flag=True, help="Overwrite the FILE of --out."),
        click.option(
            "--out",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Write the curves: .html for all cells with tables, .svg for the picture of one (extra `report`).",
        ),
    ):
        command = option(command)
    return command


def check_out(out: Path | None, *, force: bool) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        click.UsageError: where there is no file to overwrite.
        InputError: where the file cannot be written.
    """
    if out is None:
        if force:
            raise click.UsageError("--force needs --out FILE")
        return
    from harness.report.curve_file import check_curve_file

    check_curve_file(out, force=force)


def write_out(page: CurvePage, out: Path, found: Mapping[str, Any]) -> None:
    """Write the curves of a document, and say so on standard error.

    Args:
        page: of the cells.
        out: the file.
        found: the document.
    """
    from harness.report.curve_file import write_curves

    write_curves(page, out, f"{page.title} of {found['spec']}", f"run {found['run']}")
    click.echo(printable(f"{page.title} written to {out}"), err=True)
