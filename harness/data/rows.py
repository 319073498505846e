"""What a dataset format hands over: the columns of a file, before anyone asks what they mean.

The contract of every file in `harness/datasets/`:

* `SUMMARY`: one line for lists.
* `ENDINGS`: the file name endings, lower case with dot, by which the format is guessed.
* `read(path, wanted)`: `Rows`. Only the columns `wanted` need to be read, and a wanted column that the file lacks
  is no error here. What cannot be read at all raises DatasetError; a single bad row is noted in `problems`, so
  that all of them are told at once. OSError passes through.

A format imports what is heavy inside `read`, for listing formats must cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars as pl


class RowProblem(NamedTuple):
    """A row that could not be read: its number as the format counts (see `Rows.unit`), and why."""

    number: int
    message: str


class Rows(NamedTuple):
    """The rows of a file.

    Attributes:
        frame: those wanted columns that the file has, in file order. A column is either String, or Binary where
            every value is the JSON text of a value that may not be text; null is null in both.
        present: the names of all columns of the file.
        numbers: gives, for each row of the frame, its number in the file, from 1. Called only when a row is at
            fault, since counting may mean reading the file again.
        unit: what the numbers count, `line` or `row`.
        only_text: the format can say nothing but text: an empty field is no value, and a prompt that is a list of
            messages comes as its JSON text.
        problems: rows that are not in the frame because they could not be read.
    """

    frame: pl.DataFrame
    present: tuple[str, ...]
    numbers: Callable[[], Sequence[int]]
    unit: str = "line"
    only_text: bool = False
    problems: tuple[RowProblem, ...] = ()


def undecodable_lines(lines: Iterable[bytes], first: int = 1) -> list[RowProblem]:
    """The lines that are not UTF-8, counted from `first`."""
    problems = []
    for number, line in enumerate(lines, first):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            problems.append(RowProblem(number, f"byte {error.start + 1} is not UTF-8"))
    return problems
