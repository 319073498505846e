"""Look at runs in a browser: leaderboards, cells, items and conversations."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, results_option
from harness.text import printable


@click.command(
    epilog="""\b
Examples:
  harness view                                  all runs in results/
  harness view quickstart                       the newest run of a spec, by its name
  harness view specs/quickstart.yaml            the same by its file, which leads to the data
  harness view results/quickstart/4e13d8c6daa0072b --data specs
  harness view other/results --port 0 --no-browser

The pages are on 127.0.0.1 only, read run folders below the folder of the runs only, and run no script. The texts of
items come from the data, the conversations from the cache; a page says what is missing. The paths in a spec are
searched in the folder of the spec, in each --data DIR, in the current folder and in specs/.

Needs the extra `view`: pip install 'fellowship-harness[view]'. Ctrl-C ends it with exit code 0."""
)
@click.argument("target", metavar="[RUN|SPEC|DIR]", required=False, shell_complete=_completion.runs)
@click.option("--port", type=click.IntRange(0, 65_535), default=8484, show_default=True, help="Port; 0 for a free one.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--data",
    "data",
    type=click.Path(file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Folder that the paths in the specs of the runs are relative to. Repeatable.",
)
@results_option
@cache_option
@allow_path_option
def view(
    target: str | None,
    port: int,
    no_browser: bool,
    data: tuple[Path, ...],
    results: Path,
    cache: Path,
    allow_paths: tuple[Path, ...],
) -> None:
    """Serve pages about runs on this machine and open a browser: of one run, or of all runs in a folder."""
    from harness.errors import RunFolderError
    from harness.report.items.texts import Texts
    from harness.viewer.addresses import HOME, run_address
    from harness.viewer.roots import RunKey, find_runs
    from harness.viewer.server import ViewRequest, check_installed, serve

    check_installed()
    root, run = _place(target, results, allow_paths)
    if not find_runs([root]):
        raise RunFolderError(f"there is no run in {root}", hint="make one with `harness run SPEC`")
    own = [Path(target).parent] if target is not None and Path(target).is_file() else []
    folders = tuple(dict.fromkeys(path.resolve() for path in (*own, *data, Path(), Path("specs"))))
    start = HOME if run is None else run_address(RunKey.of(run.resolve()))
    request = ViewRequest([root], Texts(folders, cache, allow_paths), start, port, not no_browser)
    serve(request, _announce, os.environ)


def _place(target: str | None, results: Path, allow_paths: tuple[Path, ...]) -> tuple[Path, Path | None]:
    """The folder below which runs are served, and the run to show first; None for the list."""
    if target is None:
        return results, None
    from harness.errors import InputError
    from harness.runner.find_run import find_run
    from harness.runner.run_folder import MANIFEST

    folder = Path(target)
    if folder.is_dir():
        return folder, folder if (folder / MANIFEST).is_file() else None
    if (folder.parent / MANIFEST).is_file():
        raise InputError(f"{target} is a file of a run folder", hint=f"use `harness view {folder.parent}`")
    run = find_run(target, results, allow_paths=allow_paths)
    return results, run


def _announce(address: str) -> None:
    click.echo(printable(f"{address}  (Ctrl-C ends it)"))
