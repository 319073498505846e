"""Files of verdicts as tables: which file has a column, and the values of the columns that are used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from harness.data.paths import roots_of, with_paths
from harness.data.reading import read_files
from harness.data.rows import Rows, format_of, hint_on_ending
from harness.data.values import word
from harness.errors import DatasetError, InputError, Problem
from harness.text import listed_first, quoted, suggestion

MAX_SHOWN = 10


class Place(NamedTuple):
    """A column of a file.

    Attributes:
        file: the position of the file.
        column: its name there, or a path.
    """

    file: int
    column: str


class Tables:
    """The files of verdicts and labels.

    Args:
        paths: the files, of any format that a dataset can have.

    Raises:
        InputError: where a file cannot be read, or holds no rows.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self.forms = [_form(path) for path in paths]
        self._rows = [_read(path, form, ()) for path, form in zip(paths, self.forms, strict=True)]
        self._values: dict[Place, list[Any]] = {}

    @property
    def names(self) -> list[str]:
        """The columns of all files."""
        return list(dict.fromkeys(name for rows in self._rows for name in rows.present))

    def present(self, file: int) -> tuple[str, ...]:
        """The columns of a file."""
        return self._rows[file].present

    def places(self, name: str) -> list[Place]:
        """Every file that has a column, or the column in which a path begins; `FILE:COLUMN` names one file."""
        files, column = range(len(self.paths)), name
        stem, colon, rest = name.partition(":")
        if colon and (named := [at for at in files if self.paths[at].name == stem]):
            files, column = range(named[0], named[0] + 1), rest
        return [Place(at, column) for at in files if {column, roots_of([column])[-1]} & set(self.present(at))]

    def find(self, name: str) -> Place:
        """The column of that name.

        Raises:
            InputError: where no file has it, or several have.
        """
        found = self.places(name)
        if not found:
            raise InputError(self.missing(name))
        if len(found) > 1:
            both = " and ".join(self.paths[place.file].name for place in found)
            hint = f"name the file too: `{self.paths[found[0].file].name}:{name}`"
            raise InputError(Problem(message=f"{quoted(name)} is a column of {both}", hint=hint))
        return found[0]

    def missing(self, name: str) -> Problem:
        """That no file has a column."""
        there = self.names
        hint = suggestion(name, there, most=0) or f"the columns are {listed_first(there, MAX_SHOWN)}"
        files = " or ".join(map(str, self.paths))
        return Problem(message=f"there is no column {quoted(name)} in {files}", hint=hint)

    def read(self, places: Iterable[Place]) -> None:
        """Read the values of some columns."""
        wanted: dict[int, list[str]] = {}
        for place in dict.fromkeys(places):
            if place not in self._values:
                wanted.setdefault(place.file, []).append(place.column)
        for file, names in wanted.items():
            rows = _read(self.paths[file], self.forms[file], names)
            for name in names:
                series = rows.frame[name]
                values = [orjson.loads(one) if isinstance(one, bytes) else one for one in series]
                self._values[Place(file, name)] = values
        for place in places:
            if all(value is None for value in self._values[place]) and place.column not in self.present(place.file):
                message = f"the path {quoted(place.column)} leads nowhere in every row"
                raise InputError(Problem(str(self.paths[place.file]), message=message))

    def values(self, place: Place) -> list[Any]:
        """The values of a column, None where a row has none."""
        if place not in self._values:
            self.read([place])
        return self._values[place]

    def words(self, place: Place) -> list[str | None]:
        """The values of a column as text; a list or an object as its JSON."""
        return [text_of(value) for value in self.values(place)]

    def height(self, file: int) -> int:
        """The number of rows of a file whose columns have been read."""
        return next(len(values) for place, values in self._values.items() if place.file == file)


def text_of(value: Any) -> str | None:
    """A value as text, as messages and `--values` write it; an empty text is none."""
    if value is None or value == "":
        return None
    known = word(value)
    return orjson.dumps(value).decode() if known is None else known


def _form(path: Path) -> str:
    form = format_of(path.name)
    if form is None:
        hint = hint_on_ending(str(path))
        raise InputError(Problem(str(path), message="the ending does not say what format it has", hint=hint))
    return form


def _read(path: Path, form: str, names: Sequence[str]) -> Rows:
    try:
        rows = with_paths(read_files(path, form, roots_of(names), {}), names)
    except DatasetError as error:
        raise InputError(_placed(path, error.problems)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(Problem(str(path), message=f"cannot be read: {reason}")) from None
    if rows.problems:
        first = rows.problems[0]
        raise InputError(Problem(str(path), first.number, message=first.message))
    if names and rows.frame.is_empty():
        raise InputError(Problem(str(path), message="holds no rows"))
    return rows


def _placed(path: Path, problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(one.file or str(path), one.line, one.column, one.path, one.message, one.hint) for one in problems]
