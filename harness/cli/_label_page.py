"""`harness label page`: label the drawn items of a run in the browser."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.cli._label_files import collected, folder_option, opened_run
from harness.cli._options import allow_path_option, results_option
from harness.errors import InputError
from harness.text import listed, printable, quoted

if TYPE_CHECKING:
    from harness.analysis.label.collect import Collected


@click.command(
    epilog="""\b
Examples:
  harness label page my-judges
  harness label page my-judges --annotator anna
  harness label page my-judges labels/my-judges/3f2a9c41/pairs.round-2.anna.csv --port 0 --no-browser

The page shows one item at a time, in the order of the file, and saves each label in the file at once. Keys: the number
or letter on a button labels, the arrows go to the previous and the next item. It resumes where labelling ended; several
annotators each run it with their own name.

Needs the extra `view`: pip install 'fellowship-harness[view]'. Ctrl-C ends it with exit code 0."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--annotator", metavar="NAME", help="Whose files to fill in; needed where several annotators have some.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8485, show_default=True, help="Port; 0 for a free one.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@folder_option
@results_option
@allow_path_option
def page(
    run: str,
    files: tuple[Path, ...],
    annotator: str | None,
    port: int,
    no_browser: bool,
    root: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
) -> None:
    """Serve a page on this machine on which the drawn items of RUN are labelled, and open a browser."""
    from harness.report.items.texts import Texts
    from harness.viewer.server import ViewRequest, check_installed, serve_application

    check_installed(charts=False)
    judged = opened_run(run, results, allow_paths)
    found = [one for one in collected(judged, root, files).values() if one.files]
    if len(found) > 1:
        names = listed(one.draw.dataset for one in found)
        raise InputError("items of several datasets were drawn", hint=f"name the files of one: {names}")
    if not found:
        raise InputError("there is no file to fill in", hint="write one: `harness label next RUN --again 1`")
    own = _own(found[0], annotator)
    from harness.viewer.labelling import LabelPages

    after = f"Next: harness label status {run}"
    pages = LabelPages(own, judged.label_set, secrets.token_urlsafe(16), after)
    request = ViewRequest([], Texts(), pages.start, port, not no_browser)
    serve_application(pages.application, request, _announce, os.environ)


def _own(found: Collected, annotator: str | None) -> list[Path]:
    """The files of one annotator, in the order of the rounds."""
    by = found.annotators_of
    names = sorted({name for names in by.values() for name in names})
    if annotator is not None and annotator not in names:
        raise InputError(f"no file is for {quoted(annotator)}", hint=f"files are for {listed(names)}")
    if annotator is None and len(names) > 1:
        raise InputError(f"files are for {listed(names)}", hint="name one with --annotator")
    own = [path for path, here in by.items() if annotator in (None, *here)]
    if mixed := [path for path in own if len(by[path]) > 1]:
        raise InputError(f"{mixed[0]} has rows of several annotators", hint="fill it in by hand")
    return own


def _announce(address: str) -> None:
    click.echo(printable(f"{address}  (Ctrl-C ends it)"))
