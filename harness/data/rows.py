"""The contract of a dataset format: one file in `harness/data/formats/`, or an entry point `harness.dataset_formats`.

A format imports heavy packages inside `read`, so that listing formats is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from harness import registry
from harness.data.files import unpacked_name

if TYPE_CHECKING:
    import polars as pl


SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
"""The endings of files that hold sheets, formulas and formats, of which no format here is read."""


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
        numbers: gives, for each row of the frame, its number in the file, from 1. Called only for problems
            in rows, since counting may read the file again.
        unit: what the numbers count, `line` or `row`.
        only_text: the format holds text only: an empty field is no value, and a prompt that is a list of
            messages comes as its JSON text.
        problems: rows that are not in the frame because they could not be read.
        files: for rows of several files, how messages call the file of each row of the frame, and of each problem.
    """

    frame: pl.DataFrame
    present: tuple[str, ...]
    numbers: Callable[[], Sequence[int]]
    unit: str = "line"
    only_text: bool = False
    problems: tuple[RowProblem, ...] = ()
    files: tuple[Sequence[str], Sequence[str]] | None = None


class DatasetFormat(Protocol):
    """A file format of datasets.

    Optional attributes:

    * `OPTIONS: tuple[str, ...]`: names of keyword arguments that its `read` takes, such as `delimiter`, which a spec
      gives beside `format`;
    * `blocks(path, wanted, **options) -> Iterator[Rows]`: as `read`, some rows at once, so that the texts of a large
      file need not all be in memory; it may end at the first fault, since such a file is read again as a whole;
    * `IS_TEXT: bool`: false where its files are not text, so that they are never decoded to UTF-8 before `read`.
    """

    SUMMARY: str
    """One line for lists."""
    ENDINGS: tuple[str, ...]
    """The endings of file names by which the format is recognised, in lower case with the dot."""

    def read(self, path: Path, wanted: Sequence[str]) -> Rows:
        """Read the wanted columns of a file; a wanted column that the file lacks is no error.

        Raises:
            DatasetError: where the file cannot be read at all. A single bad row is in `Rows.problems` instead.
            OSError: where the file cannot be opened.
        """
        ...


def find_dataset_format(name: str) -> DatasetFormat:
    """The format of that name. Raises KeyError where there is none."""
    return cast(DatasetFormat, registry.find("dataset_formats", name))


def format_of(path: str) -> str | None:
    """The format that the ending of a file name stands for, that of its compression aside; None for none.

    Built-in formats come first, so that an installed one that is broken changes nothing for their files.
    """
    plain = unpacked_name(path)
    return next((name for name in _built_in_first() if plain.endswith(find_dataset_format(name).ENDINGS)), None)


def hint_on_ending(path: str, otherwise: str = "") -> str:
    """What to do about a file whose ending stands for no format.

    Args:
        path: of the file.
        otherwise: what to say where it is not that of a spreadsheet; the known endings where it is "".
    """
    if unpacked_name(path).endswith(SPREADSHEETS):
        return "save the sheet as CSV (UTF-8)"
    return otherwise or f"known endings: {', '.join(known_endings())}"


def known_endings() -> list[str]:
    """The endings of all formats."""
    return [ending for name in _built_in_first() for ending in find_dataset_format(name).ENDINGS]


def _built_in_first() -> list[str]:
    built_in = registry.built_in_names("dataset_formats")
    return [*built_in, *(name for name in registry.names("dataset_formats") if name not in built_in)]


def not_utf_8(error: UnicodeDecodeError) -> str:
    """What is wrong with a line or a file that is not UTF-8."""
    return f"byte {error.start + 1} is not UTF-8; say what it is with `encoding:`, such as `encoding: cp1252`"


def undecodable_lines(lines: Iterable[bytes], first: int = 1) -> list[RowProblem]:
    """The lines that are not UTF-8, counted from `first`."""
    problems = []
    for number, line in enumerate(lines, first):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            problems.append(RowProblem(number, not_utf_8(error)))
    return problems
