"""The options that name a file of labels, of `correct` and `calibrate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from harness.analysis.correct.given_labels import LabelSource

F = TypeVar("F", bound=Callable[..., Any])


def label_options(command: F) -> F:
    """Add `--labels`, `--column`, `--value` and `--skip-unknown` to a command."""
    for option in reversed(
        (
            click.option(
                "--labels",
                "labels",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="File of labels; default: the labels of the dataset.",
            ),
            click.option(
                "--column",
                "columns",
                multiple=True,
                metavar="COLUMN=NAME",
                help="Name of a column in FILE; repeatable.",
            ),
            click.option(
                "--value",
                "values",
                multiple=True,
                metavar="WORD=LABEL",
                help="Label that a word in FILE means; repeatable.",
            ),
            click.option("--skip-unknown", is_flag=True, help="Ignore rows whose id is not in the run."),
        )
    ):
        command = option(command)
    return command


def label_source(
    labels: Path | None, columns: tuple[str, ...], values: tuple[str, ...], *, skip_unknown: bool
) -> LabelSource | None:
    """Where labels are and how to read them; None for those of the run.

    Raises:
        click.UsageError: where the options do not fit together or cannot be read.
    """
    if labels is None and (columns or values or skip_unknown):
        raise click.UsageError("--column, --value and --skip-unknown need --labels FILE")
    if labels is None:
        return None
    from harness.analysis.correct.given_labels import LabelSource

    return LabelSource(labels, _columns(columns), _values(values), skip_unknown)


def _columns(given: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """`id=question_id` as a mapping; `labels=anna,ben` names one column per annotator."""
    from harness.analysis.correct.label_file import COLUMNS

    columns: dict[str, str | tuple[str, ...]] = {}
    for each in given:
        column, _, name = each.partition("=")
        if column not in COLUMNS or not name:
            raise click.UsageError(f"--column takes COLUMN=NAME with one of {', '.join(COLUMNS)}, not `{each}`")
        columns[column] = tuple(name.split(",")) if column == "labels" and "," in name else name
    return columns


def _values(given: tuple[str, ...]) -> dict[str, Any]:
    """`1=a` as a mapping."""
    values = {}
    for each in given:
        word, _, verdict = each.rpartition("=")
        if not word or not verdict:
            raise click.UsageError(f"--value takes WORD=LABEL, such as `1=a` or `yes=pass`, not `{each}`")
        values[word] = verdict
    return values
