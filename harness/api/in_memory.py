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
from harness.providers.backends.recorded import id_of_rows
from harness.records.calls import Model
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
        votes: labels in long form of each dataset, as JSON Lines.
        recordings: of each model whose recording is no file, as JSON Lines.
    """

    rows: Mapping[str, bytes]
    functions: Mapping[str, Function]
    votes: Mapping[str, bytes] = {}
    recordings: Mapping[str, bytes] = {}

    @property
    def paths(self) -> frozenset[str]:
        """What stands in place of the paths of files in the spec."""
        votes = map(path_of_votes, self.votes)
        return frozenset([*map(path_of, self.rows), *votes, *map(path_of_recording, self.recordings)])


NOTHING = InMemory({}, {})


class Frames(NamedTuple):
    """The frames of a program: those of datasets, of votes by dataset, and of recordings by model."""

    datasets: Mapping[str, Any]
    votes: Mapping[str, Any]
    recordings: Mapping[str, Any]


def path_of(name: str) -> str:
    """What stands in place of the path of a dataset that is no file."""
    return f"frame:{name}"


def path_of_votes(name: str) -> str:
    """What stands in place of the path of the votes of a dataset that are no file."""
    return f"frame:{name}.votes"


def path_of_recording(name: str) -> str:
    """What stands in place of the path of the recording of a model that is no file."""
    return f"frame:models.{name}"


def without_frames(source: Mapping[str, Any]) -> tuple[dict[str, Any], Frames]:
    """A mapping without the frames in it: plain data with a place for each, and the frames.

    A frame is a dataset, `{"pairs": frame}`, or the path of one, `{"pairs": {"path": frame, "columns": …}}`; the same
    holds for its `votes`. A frame may be the `path` of a model, as its recording.
    """
    plain = dict(source)
    datasets: dict[str, Any] = {}
    votes: dict[str, Any] = {}
    recordings: dict[str, Any] = {}
    for section in SECTIONS:
        if isinstance(entries := source.get(section), Mapping):
            found = {name: _without_frame(name, entry, datasets) for name, entry in entries.items()}
            plain[section] = {
                name: {**entry, "votes": _without_frame(name, entry["votes"], votes)}
                if _is_entry(entry) and "votes" in entry
                else entry
                for name, entry in found.items()
            }
    if isinstance(models := source.get("models"), Mapping):
        plain["models"] = {
            name: _without_frame(name, entry, recordings) if _is_entry(entry) and "path" in entry else entry
            for name, entry in models.items()
        }
    return plain, Frames(datasets, votes, recordings)


def _without_frame(name: str, entry: Any, frames: dict[str, Any]) -> Any:
    """An entry with a place for the frame that it is, or that its path is; the frame is added to the others."""
    data = entry.get("path") if _is_entry(entry) else entry
    if not is_data(data) and isinstance(data, PLAIN):
        return entry
    frames[name] = data
    return {**entry, "path": ""} if _is_entry(entry) else {"path": ""}


def rows_of(data: Any, place: str) -> bytes:
    """The rows of a frame as JSON Lines.

    Raises:
        InputError: where it is no frame, or holds what JSON lacks.
    """
    try:
        return json_lines(data)
    except (TypeError, ValueError) as error:
        raise InputError(Problem(path=place, message=str(error))) from None


def given(frames: Frames, providers: Mapping[str, Any]) -> InMemory:
    """The data and functions of a program, checked.

    Raises:
        InputError: with everything that is wrong with them.
    """
    problems: list[Problem] = []

    def rows_by_name(section: str, data: Mapping[str, Any], key: str = "") -> dict[str, bytes]:
        rows = {}
        for name, each in data.items():
            try:
                rows[name] = rows_of(each, f"{section}.{name}{key}")
            except InputError as error:
                problems.extend(error.problems)
        return rows

    rows = rows_by_name("datasets", frames.datasets)
    votes = rows_by_name("datasets", frames.votes, ".votes")
    recordings = rows_by_name("models", frames.recordings)
    for name, function in providers.items():
        place = f"providers.{name}"
        if name in registry.names("providers"):
            hint = "give the function another name"
            problems.append(Problem(path=place, message=f"there is a provider {quoted(name)} already", hint=hint))
        elif not callable(function):
            problems.append(Problem(path=place, message=f"is a {type(function).__name__}, not a function"))
    if problems:
        raise InputError(problems)
    return InMemory(rows, dict(providers), votes, recordings)


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
    if memory.votes and isinstance(entries := changed.get(section), Mapping):
        changed[section] = {
            name: {**entry, "votes": _kept(entry.get("votes")) | {"path": path_of_votes(name), "format": "jsonl"}}
            if name in memory.votes and _is_entry(entry)
            else entry
            for name, entry in entries.items()
        }
    if isinstance(models := value.get("models"), Mapping):
        models = {name: _with_function(entry, memory.functions) for name, entry in models.items()}
        recorded = {name: _kept(models.get(name)) | {"path": path_of_recording(name)} for name in memory.recordings}
        changed["models"] = {**models, **recorded}
    return replace(document, value=changed)


def with_memory(spec: Spec, memory: InMemory) -> Spec:
    """The spec with the data and functions of a program."""
    functions = {
        name: replace(model, settings=FrozenDict({**model.settings, "call": memory.functions[function]}))
        for name, model in spec.models.items()
        if model.provider == "python" and (function := model.settings["function"]) in memory.functions
    }
    for name, rows in memory.recordings.items():
        functions[name] = _with_rows(spec.models[name], spec.resolved["models"][name], rows)
    section = SECTIONS[spec.kind == "generation"]
    sets = getattr(spec, section)
    data = {name: replace(sets[name], content=rows, shown_path=path_of(name)) for name, rows in memory.rows.items()}
    for name, rows in memory.votes.items():
        one = data.get(name, sets[name])
        assert one.votes is not None, "the spec has a place for them"
        data[name] = replace(one, votes=replace(one.votes, content=rows, shown_path=path_of_votes(name)))
    changed: dict[str, Any] = {section: FrozenDict({**sets, **data})}
    return replace(spec, models=FrozenDict({**spec.models, **functions}), **changed)


def _with_rows(model: Model, entry: Mapping[str, Any], rows: bytes) -> Model:
    """A model with its recording, and the id that the same rows in a file give it."""
    settings = FrozenDict({**model.settings, "content": rows})
    return replace(model, settings=settings, id=id_of_rows(model.name, entry, rows))


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
        raise TypeError(f"is of type {type(data).__name__}; give a polars or pandas frame, or a list of rows")


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
