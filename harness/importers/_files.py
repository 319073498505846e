"""The result of an importer, and how it is written: the contract of `harness/importers/`.

An importer is one module with `SUMMARY`, one line for lists, and a function that reads the study's files in their own
layout through a `Source` and returns `Imported`, without writing anything. It raises ImportSourceError with everything
that is missing or different from the layout.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from harness.atomic import replacing
from harness.errors import ImportSourceError, InputError, Problem


class Imported(NamedTuple):
    """The result of importing a study.

    Attributes:
        files: contents, by path relative to the folder that they are written to; the YAML files at its top are specs.
        notes: what was imported and what is missing, one sentence each.
    """

    files: Mapping[PurePosixPath, bytes]
    notes: tuple[str, ...]


OnProblem: TypeAlias = Literal["error", "skip"]


@dataclass
class Source:
    """Reads a study's files; problems are collected and raised once, notes are for the result.

    JSON is read as Python's `json` does, which lets `NaN` pass: published files hold it.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    on_problem: OnProblem = "error"

    def report_entry(self, path: Path, message: str, *, place: str) -> None:
        """Record an entry that cannot be used: as a problem, or as a note where such entries are left out."""
        if self.on_problem == "error":
            self.report(path, message, place=place)
        else:
            self.notes.append(f"{path.name}: {place} is left out: {message}")

    def note_of_entry(self, name: str, entry: str, keys: Sequence[str], what: str) -> None:
        """Record that an entry is used although some of its values are unclean.

        Args:
            name: of the data set.
            entry: as the file counts it.
            keys: of the values; none for a clean entry.
            what: is so with them.
        """
        if keys:
            self.notes.append(f"{name}: {entry}: {', '.join(f'`{key}`' for key in keys)} {what}")

    def report(self, path: Path, message: str, *, line: int = 0, place: str = "") -> None:
        """Record a problem of a file, or of a line or another place in it."""
        self.problems.append(Problem(file=str(path), line=line, path=place, message=message))

    def raise_if_reported(self) -> None:
        """Raise ImportSourceError with all problems, if there are any."""
        if self.problems:
            raise ImportSourceError(self.problems)

    def text(self, path: Path) -> str | None:
        """A file's text; None where it cannot be read, which is noted."""
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            self.report(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
        except UnicodeDecodeError:
            self.report(path, "is not UTF-8")
        return None

    def rows(self, path: Path, texts: Sequence[str]) -> list[dict[str, Any]] | None:
        """The objects of a file of JSON lines, each with certain texts; lines that are none are noted.

        None where the file cannot be read, which is noted too.
        """
        text = self.text(path)
        if text is None:
            return None
        rows = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            row = _parsed(line)
            if isinstance(row, dict) and all(isinstance(row.get(key), str) for key in texts):
                rows.append(row)
            else:
                wanted = " and ".join(f"`{key}`" for key in texts)
                self.report(path, f"is no JSON object with {wanted}", line=number)
        return rows

    def entries(self, path: Path) -> list[dict[str, Any]] | None:
        """The objects of a file that is one JSON list; None where it is something else, which is noted."""
        text = self.text(path)
        if text is None:
            return None
        entries = _parsed(text)
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            return entries
        self.report(path, "is not a JSON list of objects")
        return None

    def values(self, path: Path) -> list[Any] | None:
        """The values of a file that is one JSON list; None where it is something else, which is noted."""
        text = self.text(path)
        if text is None:
            return None
        values = _parsed(text)
        if isinstance(values, list):
            return values
        self.report(path, "is not a JSON list")
        return None


def _parsed(text: str) -> Any:
    """A JSON value; None where the text is none, or nests too deep to be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def compressed(content: bytes) -> bytes:
    """Content as gzip writes it, without time or name, so that the same content gives the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def write_imported(imported: Imported, folder: Path, *, force: bool = False) -> list[Path]:
    """Write all files of an import; their paths, in the order of `Imported.files`.

    Args:
        imported: what to write.
        folder: where to; it is made where it is missing.
        force: whether files that are there already may be replaced.

    Raises:
        InputError: if files are there already and may not be replaced; nothing was written then.
        StorageError: if a file cannot be written; each file is there as a whole or as it was before.
    """
    paths = [folder / path for path in imported.files]
    taken = Problem(message="is there already", hint="name another folder with --out, or replace it with --force")
    there = [replace(taken, file=str(path)) for path in paths if path.exists()]
    if there and not force:
        raise InputError(there)
    for path, content in zip(paths, imported.files.values(), strict=True):
        with replacing(path) as file:
            file.write(content)
    return paths
