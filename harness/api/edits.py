"""Whether a spec or its data were edited since one of its runs, and what changed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from harness.analysis.compare.spec_diff import ABSENT, FieldDifference, spec_differences
from harness.api.experiment import experiment_of, make_plan
from harness.api.load import load_spec
from harness.errors import HarnessError
from harness.hashing import rounded
from harness.records.datasets import Dataset
from harness.records.experiment import Spec
from harness.runner.environment import SPEC_FILE
from harness.runner.run_folder import ENVIRONMENT, MANIFEST, SPEC, read_json
from harness.text import quoted

WITHOUT_EFFECT = frozenset({"description", "summary", "limits", "path", "api_key_env", "headers", "proxy"})
"""Keys that change no result, or count by their content."""
LONGEST = 30
"""Characters of a value that is shown."""


class Edits(NamedTuple):
    """The state of a spec compared with one of its runs.

    Attributes:
        state: `current`, `edited`, or `unknown` where the spec file is not known or cannot be loaded.
        changes: what changed, in words.
        file: the spec file, None where it is not known.
    """

    state: Literal["current", "edited", "unknown"]
    changes: tuple[str, ...] = ()
    file: Path | None = None


class CurrentSpec:
    """A spec as its file is now. It is loaded, and its data are read, when they are first needed.

    Args:
        file: the spec file.
        results: folder of all results.
        allow_paths: folders beside its own that the paths of the spec may lead into.
    """

    def __init__(self, file: Path, results: Path, allow_paths: Iterable[Path] = ()) -> None:
        self.file = file
        self._results = results
        self._allow_paths = tuple(allow_paths)

    @cached_property
    def spec(self) -> Spec:
        """The spec."""
        return load_spec(self.file, results=self._results, allow_paths=self._allow_paths)

    @cached_property
    def digest(self) -> str:
        """Digest of everything in the spec that determines results."""
        return experiment_of(self.spec.kind).spec_digest(self.spec)

    @cached_property
    def data(self) -> Mapping[str, Dataset]:
        """The data that the spec uses, by name."""
        return experiment_of(self.spec.kind).inputs(make_plan(self.spec, offline=True))

    def edits_since(self, folder: Path) -> Edits:
        """What changed in the spec and in its data since a run.

        Args:
            folder: of the run.

        Raises:
            RunFolderError: if the run cannot be read.
        """
        manifest, before = read_json(folder, MANIFEST), read_json(folder, SPEC)
        try:
            spec = self.spec
            if (spec.name, spec.kind) != (manifest["spec"], manifest.get("kind", "evaluation")):
                return Edits("edited", (f"the file now holds the {spec.kind} {quoted(spec.name)}",), self.file)
            is_same = self.digest == manifest.get("spec_digest")
            changes = [] if is_same else list(_fields(before, spec.resolved)) or ["the spec"]
            if not _is_older(spec, environment_of(folder)):
                changes += _data(self.data, manifest["prompts" if spec.kind == "generation" else "datasets"])
        except HarnessError as error:
            return Edits("unknown", (f"the spec cannot be used now: {error.problems[0]}",), self.file)
        return Edits("edited" if changes else "current", tuple(changes), self.file)


def spec_file_of(environment: Mapping[str, Any], results: Path) -> Path | None:
    """The spec file of a run, if the run names one below the current folder."""
    named = environment.get(SPEC_FILE)
    if not isinstance(named, str):
        return None
    here = Path.cwd().resolve()
    full = (results / named).resolve()
    return full.relative_to(here) if full.suffix in (".yaml", ".yml") and full.is_relative_to(here) else None


def environment_of(folder: Path) -> Mapping[str, Any]:
    """The environment file of a run, empty where it cannot be read."""
    try:
        return read_json(folder, ENVIRONMENT)
    except HarnessError:
        return {}


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    now = orjson.loads(orjson.dumps(rounded(after)))  # plain lists and rounded numbers, as in the file of a run
    for field in spec_differences([before, now]):
        if not WITHOUT_EFFECT & set(field.path.split(".")):
            yield _in_words(field)


def _in_words(field: FieldDifference) -> str:
    if field.text:
        return f"{field.path} (text)"
    one, other = ("absent" if value is ABSENT else _short(value) for value in field.values)
    return f"{field.path} {one} → {other}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _data(now: Mapping[str, Dataset], before: Mapping[str, Any]) -> Iterator[str]:
    """The datasets whose rows, or the settings that read them, are no longer those of the run."""
    for name, data in now.items():
        was = before.get(name)
        if was is not None and was["digest"] != data.digest:
            size = f"{was['items']:,} → {len(data):,} items" if was["items"] != len(data) else f"{len(data):,} items"
            yield f"data of {name} ({size})"


def _is_older(spec: Spec, environment: Mapping[str, Any]) -> bool:
    """Whether no data file was touched since the run started on this machine, so that reading them is unnecessary."""
    if environment.get("host") != socket.gethostname():
        return False
    try:
        started = datetime.fromisoformat(str(environment["started"])).timestamp()
        return all(max(stat.st_mtime, stat.st_ctime) < started for stat in (path.stat() for path in _files(spec)))
    except (KeyError, ValueError, OSError):
        return False


def _files(spec: Spec) -> Iterator[Path]:
    from harness.generation.records import GenerationSpec

    for dataset in (spec.prompts if isinstance(spec, GenerationSpec) else spec.datasets).values():
        yield dataset.path
        if dataset.votes is not None:
            yield dataset.votes.path
