"""What a program gives to a spec beside its text: data in frames, and functions as models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, time
from typing import Any, NamedTuple, TypeAlias

import orjson

from harness import registry
from harness.errors import InputError, Problem
from harness.records.document import Document
from harness.records.experiment import Spec
from harness.records.frozen import FrozenDict
from harness.text import quoted

Function: TypeAlias = Callable[..., Any]
SECTIONS = ("datasets", "prompts")
"""Where specs describe their data: those of evaluations and those of generations."""
PLAIN = (str, int, float, list, Mapping, type(None))
"""Types of what the text of a spec may hold in place of a dataset; its schema says what is wrong with it."""
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
OF_FILES = ("format", "delimiter", "encoding")
"""Keys of a dataset that describe a file."""


class InMemory(NamedTuple):
    """What a program gives.

    Attributes:
        rows: of each dataset that is no file, as JSON Lines.
        functions: by the name that models of the spec use as their provider.
    """

    rows: Mapping[str, bytes]
    functions: Mapping[str, Function]

    @property
    def paths(self) -> frozenset[str]:
        """What stands in place of the paths of files in the spec."""
        return frozenset(map(path_of, self.rows))


NOTHING = InMemory({}, {})


def path_of(name: str) -> str:
    """What stands in place of the path of a dataset that is no file."""
    return f"frame:{name}"


def without_frames(source: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mapping without the frames in it: plain data with a place for each, and the frames by dataset.

    A frame is a dataset, `{"pairs": frame}`, or the path of one, `{"pairs": {"path": frame, "columns": …}}`.
    """
    plain, frames = dict(source), {}
    for section in SECTIONS:
        entries = source.get(section)
        if not isinstance(entries, Mapping):
            continue
        found = {}
        for name, entry in entries.items():
            data = entry.get("path") if _is_entry(entry) else entry
            if is_data(data) or not isinstance(data, PLAIN):
                frames[name] = data
                entry = {**entry, "path": ""} if _is_entry(entry) else {"path": ""}
            found[name] = entry
        plain[section] = found
    return plain, frames


def given(datasets: Mapping[str, Any], providers: Mapping[str, Any]) -> InMemory:
    """The data and functions of a program, checked.

    Raises:
        InputError: with everything that is wrong with them.
    """
    problems: list[Problem] = []
    rows = {}
    for name, data in datasets.items():
        try:
            rows[name] = json_lines(data)
        except (TypeError, ValueError) as error:
            problems.append(Problem(path=f"datasets.{name}", message=str(error)))
    for name, function in providers.items():
        place = f"providers.{name}"
        if name in registry.names("providers"):
            hint = "give the function another name"
            problems.append(Problem(path=place, message=f"there is a provider {quoted(name)} already", hint=hint))
        elif not callable(function):
            problems.append(Problem(path=place, message=f"is a {type(function).__name__}, not a function"))
    if problems:
        raise InputError(problems)
    return InMemory(rows, dict(providers))


def with_places(document: Document, memory: InMemory) -> Document:
    """The document of a spec with what stands for the data and functions of a program."""
    value = document.value
    if not isinstance(value, Mapping):
        return document
    changed = dict(value)
    section = SECTIONS[value.get("kind") == "generation"]
    if memory.rows and isinstance(entries := value.get(section, {}), Mapping):
        own = {name: _kept(entries.get(name)) | {"path": path_of(name), "format": "jsonl"} for name in memory.rows}
        changed[section] = {**entries, **own}
    if isinstance(models := value.get("models"), Mapping):
        changed["models"] = {name: _with_function(entry, memory.functions) for name, entry in models.items()}
    return replace(document, value=changed)


def with_memory(spec: Spec, memory: InMemory) -> Spec:
    """The spec with the data and functions of a program."""
    functions = {
        name: replace(model, settings=FrozenDict({**model.settings, "call": memory.functions[function]}))
        for name, model in spec.models.items()
        if model.provider == "python" and (function := model.settings["function"]) in memory.functions
    }
    section = SECTIONS[spec.kind == "generation"]
    sets = getattr(spec, section)
    data = {name: replace(sets[name], content=rows, shown_path=path_of(name)) for name, rows in memory.rows.items()}
    changed: dict[str, Any] = {section: FrozenDict({**sets, **data})}
    return replace(spec, models=FrozenDict({**spec.models, **functions}), **changed)


# --- frames -----------------------------------------------------------------------------------------------


def is_data(value: object) -> bool:
    """Whether a value is a frame, or a list of rows."""
    return _library(value) is not None or (isinstance(value, list) and all(isinstance(row, Mapping) for row in value))


def json_lines(data: Any) -> bytes:
    """The rows of a frame or a list as JSON Lines, as a file of the format `jsonl` holds them.

    Raises:
        TypeError: where it is neither, has columns without a name or with the same name, or values that JSON lacks.
    """
    lines = []
    for number, row in enumerate(_rows(data), 1):
        try:
            lines.append(
                orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
            )
        except TypeError as error:
            raise TypeError(f"row {number} is not JSON: {error}") from None
    return b"".join(lines)


def _rows(data: Any) -> Iterator[Mapping[str, Any]]:
    library = _library(data)
    if library == "polars":
        frame = data.collect() if hasattr(data, "collect") else data
        yield from frame.iter_rows(named=True)
    elif library == "pandas":
        names = list(data.columns)
        if wrong := [name for name in names if not isinstance(name, str)]:
            raise TypeError(f"a column is called {wrong[0]!r}, which is not text; rename it")
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise TypeError(f"column {quoted(twice[0])} occurs twice")
        columns = [data.iloc[:, at].tolist() for at in range(len(names))]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    elif is_data(data):
        yield from data
    else:
        raise TypeError(f"is a {type(data).__name__}; give a polars or pandas frame, or a list of rows")


def _library(value: object) -> str | None:
    """The library of a frame, which is not imported here; None for other values."""
    library = type(value).__module__.partition(".")[0]
    known = {"polars": ("DataFrame", "LazyFrame"), "pandas": ("DataFrame",)}
    is_frame = any(each.__name__ in known.get(library, ()) for each in type(value).__mro__)
    return library if is_frame else None


def _plain(value: Any) -> Any:
    """What orjson does not know: the missing values of pandas are null, its times are text."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    if hasattr(value, "tolist"):  # an array of objects
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no JSON")


def _is_entry(entry: object) -> bool:
    return isinstance(entry, Mapping)


def _kept(entry: Any) -> dict[str, Any]:
    """The keys of a dataset's entry that hold without its file."""
    return {key: value for key, value in entry.items() if key not in OF_FILES} if isinstance(entry, Mapping) else {}


def _with_function(entry: Any, functions: Mapping[str, Function]) -> Any:
    """A model's entry whose provider is the name of a function."""
    if not isinstance(entry, Mapping) or entry.get("provider") not in functions:
        return entry
    return {**entry, "provider": "python", "function": entry["provider"]}
