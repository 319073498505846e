"""The options of the verbs of `harness label`, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._found_run import found_run

if TYPE_CHECKING:
    from harness.analysis.label.collect import Collected
    from harness.report.items.texts import Texts
    from harness.runner.run_reader import Judged

F = TypeVar("F", bound=Callable[..., Any])

folder_option = click.option(
    "--dir",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    default=Path("labels"),
    show_default=True,
    help="Folder of label files; those of a run are in DIR/SPEC/RUN.",
)
"""`--dir DIR` as the parameter `root: Path`."""

data_option = click.option(
    "--data",
    "data",
    type=click.Path(file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Folder that the paths in the spec of the run are relative to. Repeatable.",
)
"""`--data DIR` as the parameter `data: tuple[Path, ...]`."""


def opened_run(run: str, results: Path, allow_paths: tuple[Path, ...]) -> Judged:
    """The run that a user names, read back."""
    from harness.runner.run_reader import read_judged

    return read_judged(found_run(run, results, allow_paths))


def texts_of(run: str, data: tuple[Path, ...], allow_paths: tuple[Path, ...]) -> Texts:
    """Where the data of a run may be: as `harness view` searches them."""
    from harness.report.items.texts import Texts

    own = [Path(run).parent] if Path(run).is_file() else []
    folders = tuple(dict.fromkeys(path.resolve() for path in (*own, *data, Path(), Path("specs"))))
    return Texts(folders, None, allow_paths)


def collected(judged: Judged, root: Path, files: tuple[Path, ...]) -> Mapping[str, Collected]:
    """The labels of some files, or of all files of a run.

    Raises:
        InputError: where nothing was drawn.
    """
    from harness.api.labelling import collected_labels

    return collected_labels(judged, root, files)
