"""Checks of a spec that a schema cannot express: whether the names it uses exist, and whether it contains secrets.

Each check reads only the parts of the document that the schema accepts, so that its problems can be reported together
with the errors of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness import registry
from harness.data.files import is_encoding
from harness.data.hub.address import is_hub_address
from harness.data.rows import find_dataset_format, format_of, hint_on_ending
from harness.errors import Problem
from harness.records.document import Document, Step
from harness.records.experiment import Cell, Spec
from harness.spec.paths import Folders, data_fault, file_fault
from harness.spec.schema import load_schema
from harness.text import listed, looks_secret, place_in_words, quoted, suggestion

FILE_OPTIONS = ("delimiter", "rows")
"""Keys of an entry that only some formats take."""
_WITH_COLUMNS = (
    "format",
    *("delimiter", "encoding", "rows"),
    *("verdict_values", "label_values", "order_values", "tie_margin", "mapped_back", "any_order", "logprob_tokens"),
)
"""Keys of a recording that say how a file is read by `columns`."""


class CheckedDocument:
    """The parts of a document that its schema accepts.

    Args:
        document: the document.
        problems: the violations of its schema.
    """

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self._broken = {problem.path for problem in problems}

    def part(self, *path: Step) -> Any:
        """The value at a path; None if there is none, or if it has a problem."""
        text = place_in_words(path)
        if any(place == text or place.startswith((f"{text}.", f"{text}[")) for place in self._broken):
            return None
        value = self.document.value
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def names(self, section: str) -> tuple[str, ...]:
        """The names that a section defines, valid or not, so that a use of one is not reported as unknown."""
        value = self.document.value
        entries = value.get(section) if isinstance(value, Mapping) else None
        return tuple(entries) if isinstance(entries, Mapping) else ()


def dataset_problems(checked: CheckedDocument, folders: Folders, section: str = "datasets") -> Iterator[Problem]:
    """Files that do not exist and formats that are not known.

    Args:
        checked: the spec.
        folders: where its paths may lead.
        section: the key below which the spec names its data.
    """
    for name in checked.names(section):
        place = (section, name)
        yield from _file_problems(checked, folders, place)
        yield from _share_problems(checked, place)
        if checked.part(*place, "votes"):
            yield from _file_problems(checked, folders, (*place, "votes"))


def _share_problems(checked: CheckedDocument, place: tuple[Step, ...]) -> Iterator[Problem]:
    """Other labels beside those that are shares, and labels named twice."""
    label = checked.part(*place, "columns", "label")
    if not isinstance(label, Mapping):
        if label is not None and checked.part(*place, "columns", "labels") is not None:
            message = "`label` and `labels` both say where the labels are"
            hint = "leave one out: `labels` is for several annotators"
            yield checked.document.problem((*place, "columns", "labels"), message, hint=hint, key=True)
        return
    for other in (("columns", "labels"), ("votes",), ("label_values",)):
        if checked.part(*place, *other):
            message = f"`{'.'.join(other)}` says what labels are, and so do the shares of `columns.label`"
            yield checked.document.problem((*place, *other), message, hint="leave one of them out", key=True)


def _file_problems(checked: CheckedDocument, folders: Folders, place: tuple[Step, ...]) -> Iterator[Problem]:
    """What is wrong with the file, the format and the encoding that an entry names."""
    formats = registry.names("dataset_formats")
    path, named = checked.part(*place, "path"), checked.part(*place, "format")
    is_hub = bool(path) and is_hub_address(path)
    if is_hub and place[0] == "models":
        hint = "download the file, and name its path"
        yield checked.document.problem((*place, "path"), "a recording is not read from the Hub", hint=hint)
    elif path and (fault := data_fault(path, folders)):
        yield checked.document.problem((*place, "path"), fault[0], hint=fault[1])
    elif path and not named and not is_hub and path not in folders.in_memory and format_of(path) is None:
        message = f"the ending of {quoted(path)} does not say what format it has"
        hint = hint_on_ending(path, f"write `format:` with one of {listed(formats)}")
        yield checked.document.problem((*place, "path"), message, hint=hint)
    if named and named not in formats:
        message = f"there is no data format {quoted(named)}"
        yield checked.document.problem((*place, "format"), message, hint=suggestion(named, formats))
    encoding = checked.part(*place, "encoding")
    if encoding and not is_encoding(encoding):
        message = f"there is no encoding {quoted(encoding)}"
        yield checked.document.problem((*place, "encoding"), message, hint="write it as Python does, such as `cp1252`")
    form = named or (path and not is_hub and format_of(path))
    options = getattr(find_dataset_format(form), "OPTIONS", ()) if form in formats else FILE_OPTIONS
    for option in FILE_OPTIONS:
        if checked.part(*place, option) and option not in options:
            message = f"the format `{form}` has no {option}"
            yield checked.document.problem((*place, option), message, hint="leave it out", key=True)


def model_problems(checked: CheckedDocument, folders: Folders) -> Iterator[Problem]:
    """Recordings that do not exist, impossible addresses, misspelt parameters."""
    for name in checked.names("models"):
        place = ("models", name)
        if checked.part(*place, "provider") is None:
            continue  # what stands beside it has a meaning, and a type, by the provider alone
        if checked.part(*place, "columns"):
            yield from _file_problems(checked, folders, place)
        elif checked.part(*place, "provider") == "recorded" and (idle := _first_of(checked, place, _WITH_COLUMNS)):
            message, hint = (
                f"`{idle}` needs `columns`",
                "say what the file calls things: `columns: {item: …, verdict: …}`",
            )
            yield checked.document.problem((*place, idle), message, hint=hint, key=True)
        elif (path := checked.part(*place, "path")) and path in folders.in_memory:
            hint = "say what it calls things: `columns: {item: …, verdict: …}`"
            yield checked.document.problem((*place, "path"), "a frame is read by `columns`", hint=hint)
        elif path and (fault := file_fault(path, folders)):
            yield checked.document.problem((*place, "path"), fault[0], hint=fault[1])
        if not _has_valid_port(checked.part(*place, "base_url") or ""):
            yield checked.document.problem((*place, "base_url"), "the address has an impossible port")
        yield from _parameter_problems(checked, place)
        yield from _plain_secrets(checked, place)


def _first_of(checked: CheckedDocument, place: tuple[Step, ...], keys: Iterable[str]) -> str | None:
    """The first of some keys that an entry has."""
    return next((key for key in keys if checked.part(*place, key) is not None), None)


def known_parameters() -> frozenset[str]:
    """The parameters that the schema of an experiment describes."""
    return frozenset(load_schema("experiment")["$defs"]["params"]["properties"])


def notes_on_parameters(spec: Spec) -> list[str]:
    """A sentence for the parameters of each model that the protocol does not define: they are sent as they are."""
    known = known_parameters()
    others = {name: [key for key in spec.models[name].params if key not in known] for name in spec.models_used}
    return [
        f"{name}: {listed(keys)} {'is' if len(keys) == 1 else 'are'} unknown here, and sent as given"
        for name, keys in others.items()
        if keys
    ]


def unpacked(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with those of `extra_body` among them, where the `openai` client sends them."""
    flat = dict(params)
    inner = flat.pop("extra_body", None)
    return {**flat, **inner} if isinstance(inner, Mapping) else flat


def _parameter_problems(checked: CheckedDocument, place: tuple[Step, ...]) -> Iterator[Problem]:
    known = known_parameters()
    params = checked.part(*place, "params") or {}
    inner = params.get("extra_body") or {}
    beside = {"extra_headers": "headers", "extra_query": "query"}
    for where, parameter in [*(((), key) for key in params), *((("extra_body",), key) for key in inner)]:
        at = (*place, "params", *where, parameter)
        if parameter in beside:
            hint = f"write it as `{beside[parameter]}` of the model"
            yield checked.document.problem(at, f"{quoted(parameter)} is no parameter of a call", hint=hint, key=True)
            continue
        if where and parameter in (*OWN_PARAMETERS, "extra_body"):
            hint = "the harness sets it itself"
            yield checked.document.problem(at, f"the name {quoted(parameter)} is not allowed", hint=hint, key=True)
        elif where and parameter in params:
            yield checked.document.problem(
                at, f"{quoted(parameter)} is in `params` as well", hint="remove one", key=True
            )
        near = suggestion(parameter, known, most=0, cutoff=0.85)
        if near and parameter not in known:
            yield checked.document.problem(at, f"unknown parameter {quoted(parameter)}", hint=near, key=True)


OWN_PARAMETERS = ("model", "messages", "n", "stream", "stream_options")
"""What the harness sets itself."""
_VARIABLES_OF_USER = re.compile(r"(?<=://)(?:\$\{\w+\}|:)+@")
"""User and password in an address, each as the name of a variable."""
_NAMES_SECRET = re.compile(
    r"(?<![a-z])(?:api|access)?(?:auth(?:orization)?|bearer|key|token|secret|password|credential|cookie|signature|sig)s?"
    r"(?![a-z])",
    re.IGNORECASE,
)


def _plain_secrets(checked: CheckedDocument, place: tuple[Step, ...]) -> Iterator[Problem]:
    """Headers and parts of a query that hold a key by their name, with the key itself as the value."""
    address = checked.part(*place, "base_url") or ""
    for key in ("headers", "query"):
        for name, value in dict(checked.part(*place, key) or {}).items():
            if _NAMES_SECRET.search(name) and "${" not in value and value:
                message = f"{quoted(name)} is a secret by its name, and these come only from the environment"
                hint = "write `${NAME}`, with the name of the environment variable that holds it"
                yield checked.document.problem((*place, key, name), message, hint=hint)
    for name, value in parse_qsl(urlsplit(address).query if _has_valid_port(address) else ""):
        if _NAMES_SECRET.search(name) and value:
            message = f"{quoted(name)} in the query is a secret by its name, and these come only from the environment"
            yield checked.document.problem(
                (*place, "base_url"), message, hint=f"write `query: {{{name}: ${{NAME}}}}` at the model"
            )


def _has_valid_port(address: str) -> bool:
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def secret_problems(document: Document) -> Iterator[Problem]:
    """API keys. A spec is shared, and saved with every run, so it must not contain one."""
    models = document.value.get("models") if isinstance(document.value, Mapping) else None
    for path, text in _texts(models, ("models",)):
        if looks_secret(_VARIABLES_OF_USER.sub("", text)):
            hint = "put it into an environment variable, and the variable's name here as `api_key_env`"
            message = "this looks like an API key or a password; these come only from the environment"
            yield document.problem(path, message, hint=hint)


def _texts(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def stop_problems(checked: CheckedDocument) -> Iterator[Problem]:
    """Settings of `stop` that do not go together, or not with the scoring."""
    when, width = checked.part("stop", "when"), checked.part("stop", "width")
    if when == "width" and width is None and "width" not in (checked.document.value.get("stop") or ()):
        message = "`when: width` needs a `width`"
        yield checked.document.problem(("stop", "when"), message, hint="write the width of an interval, such as 0.2")
    if when == "ranked" and width is not None:
        message = "`when: ranked` has no width"
        yield checked.document.problem(
            ("stop", "width"), message, hint="leave it out, or write `when: width`", key=True
        )
    if when is not None and checked.part("score", "holdout") is not None:
        message = "the decision to stop uses the items that `holdout` would hold out"
        yield checked.document.problem(("score", "holdout"), message, hint="leave out `holdout` or `stop`", key=True)


def lone_cells(document: Document, cells: Sequence[Cell]) -> list[Problem]:
    """Datasets with one cell, where the spec stops once the best cell is separated from the others."""
    if (document.value.get("stop") or {}).get("when") != "ranked":
        return []
    names = [cell.dataset for cell in cells]
    lone = [name for name in dict.fromkeys(names) if names.count(name) == 1]
    message = f"`when: ranked` compares cells, and {', '.join(lone)} has one"
    hint = "add an evaluator, or write `when: width`"
    return [document.problem(("stop", "when"), message, hint=hint)] if lone else []
