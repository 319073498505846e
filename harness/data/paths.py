"""Column paths: how a spec names a value inside a column, such as `conversation[0].content`.

A path is a column name followed by steps: `.name` for the value of a key, `["any key"]` for a key that is not a plain
word, `[0]` for an entry of a list, counted from 0, `[-1]` for the last one, and `[judge=gpt-4o]` for the first object
of a list whose key has that value. A column whose whole name equals the path wins, so that a file with a column `a.b`
is read as it is. A step that leads nowhere gives null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson

from harness.data.json_rows import column_of, joined
from harness.data.rows import Rows
from harness.data.values import word
from harness.errors import DatasetError, Problem
from harness.text import quoted

if TYPE_CHECKING:
    import polars as pl

Step: TypeAlias = str | int | tuple[str, str]
"""A key, a position in a list, or a key and the value that an object of a list has there."""

MAX_LENGTH = 500
MAX_STEPS = 16
CHUNK_ROWS = 10_000
"""Values that are parsed at once."""
_ROOT = re.compile(r"[^.\[\]]+")
_STEP = re.compile(
    r"""\.([^.\[\]]+)|\[(-?\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]|\[([A-Za-z_][\w-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\[\]"]+))\]"""
)


class ColumnPath(NamedTuple):
    """A parsed path.

    Attributes:
        root: the column of the file.
        steps: keys, positions, and the key and value of an object of a list; empty where the path is a column name.
    """

    root: str
    steps: tuple[Step, ...]


@cache
def parse_path(text: str) -> ColumnPath:
    """Parse a path.

    Raises:
        DatasetError: where it is no path, is longer than 500 characters or has more than 16 steps.
    """
    root = _ROOT.match(text)
    at = root.end() if root else 0
    steps: list[Step] = []
    while at < len(text) and (step := _STEP.match(text, at)):
        steps.append(_step(step))
        at = step.end()
    if root is None or at < len(text) or len(text) > MAX_LENGTH or len(steps) > MAX_STEPS:
        message = f"{quoted(text)} is not a column path"
        hint = f'write it like `conversation[0].content` or `scores["my key"]`, with at most {MAX_STEPS} steps'
        raise DatasetError(Problem(message=message, hint=hint))
    return ColumnPath(root.group(), tuple(steps))


def _step(found: re.Match[str]) -> Step:
    key, position, quoted_key, name, quoted_value, value = found.groups()
    if name is not None:
        return name, _unescaped(quoted_value) if value is None else value
    return int(position) if position is not None else key if key is not None else _unescaped(quoted_key)


def _path_of(name: str) -> ColumnPath | None:
    """The path that a name is; None for a plain column name, and for a name that is no path."""
    if not any(mark in name for mark in ".["):
        return None
    try:
        return parse_path(name)
    except DatasetError:
        return None


def roots_of(names: Iterable[str]) -> list[str]:
    """The names, and the columns in which those that are paths begin: what a format is asked to read."""
    wanted: dict[str, None] = {}
    for name in names:
        wanted[name] = None
        if path := _path_of(name):
            wanted[path.root] = None
    return list(wanted)


def with_paths(rows: Rows, names: Iterable[str]) -> Rows:
    """The rows with one more column for each name that is a path into a column of the file.

    Args:
        rows: as a format read them.
        names: columns and paths; what the file has under its whole name stays as it is.
    """
    by_root: dict[str, dict[str, tuple[Step, ...]]] = {}
    for name in dict.fromkeys(names):
        path = None if name in rows.present else _path_of(name)
        if path and path.root in rows.frame.columns:
            by_root.setdefault(path.root, {})[name] = path.steps
    added = [column for root, paths in by_root.items() for column in _inside(rows.frame[root], paths)]
    if not added:
        return rows
    return rows._replace(
        frame=rows.frame.with_columns(added), present=(*rows.present, *(column.name for column in added))
    )


def _inside(values: pl.Series, paths: Mapping[str, tuple[Step, ...]]) -> list[pl.Series]:
    """For each path the values that its steps lead to, as String where all are text, else as Binary of JSON.

    A value is parsed once for all paths, and chunk by chunk, so that a large file is never in memory as objects.
    """
    chunks: dict[str, list[pl.Series]] = {name: [] for name in paths}
    for start in range(0, max(len(values), 1), CHUNK_ROWS):
        parsed = [_parsed(value) for value in values[start : start + CHUNK_ROWS]]
        for name, steps in paths.items():
            chunks[name].append(column_of([_value_at(value, steps) for value in parsed]))
    return [joined(name, found) for name, found in chunks.items()]


def value_in(value: Any, path: str) -> Any:
    """What a path leads to inside a JSON value, None where it leads nowhere.

    Raises:
        DatasetError: where it is no path.
    """
    parsed = parse_path(path)
    return _value_at(value, (parsed.root, *parsed.steps))


def _value_at(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        elif isinstance(step, tuple):
            value = next((one for one in value if _has(one, *step)), None) if isinstance(value, list) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _has(value: Any, key: str, wanted: str) -> bool:
    """Whether a value is an object whose key has a value that is written so."""
    return isinstance(value, dict) and value.get(key) is not None and word(value[key]) == wanted


def _parsed(value: str | bytes | None) -> Any:
    """The JSON of a value; None where it is none, for a text that is no JSON has nothing inside."""
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def _unescaped(key: str) -> str:
    return re.sub(r"\\(.)", r"\1", key)
