"""Load a spec of any kind from its file, from YAML text or from a mapping."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.api.in_memory import Frames, given, with_memory, with_places, without_frames
from harness.errors import Problem, SpecError
from harness.records.document import Document
from harness.records.experiment import Spec
from harness.spec import evaluation
from harness.spec.chaining import Choose
from harness.spec.yaml import parse_yaml, read_yaml

IN_MEMORY = "<spec>"
"""How messages call a spec that is not a file."""


def load_spec(
    source: str | Path | Mapping[str, Any],
    *,
    folder: str | Path = ".",
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
    datasets: Mapping[str, Any] | None = None,
    providers: Mapping[str, Callable[..., Any]] | None = None,
) -> Spec:
    """Load and check a spec.

    Args:
        source: the file, YAML text (a `str` of several lines), or the same content as a mapping.
        folder: what the paths of YAML text and of a mapping are relative to; a file's are relative to its own folder.
        results: folder of all results, where the winners of other specs are found.
        allow_paths: folders beside its own that its paths may lead into.
        datasets: data in place of the files of datasets (of prompts, in a generation), by name: polars or pandas
            frames, or lists of rows. A mapping may hold them itself, as a dataset or as its `path`; also as the `votes`
            of a dataset, and as the `path` of a recorded model.
        providers: functions that models name as their `provider`. A function takes the messages of a call, a list of
            `{"role": …, "content": …}`, and returns the text of the reply or a `harness.Reply`; it may be async. The
            model's `digest` stands for it in the cache key.

    Raises:
        SpecError: with every problem at once.
        InputError: where a dataset is no frame, or a provider no function.
    """

    def choose(*wanted: Any) -> Any:
        from harness.leaderboard.winner_of import winner_in

        return winner_in(Path(results), *wanted)

    allowed = tuple(map(Path, allow_paths))
    path, shown, frames = Path(folder) / IN_MEMORY, IN_MEMORY, Frames({}, {}, {})
    if isinstance(source, Mapping):
        source, frames = without_frames(source)
        document = Document(IN_MEMORY, _plain(source))
    elif isinstance(source, str) and "\n" in source:
        document = parse_yaml(source, IN_MEMORY)
    else:
        path, shown = Path(source), str(source)
        document = read_yaml(path.absolute(), shown)
    frames = frames._replace(datasets={**frames.datasets, **(datasets or {})})
    memory = given(frames, providers or {})
    document = with_places(document, memory)
    spec = check_document(path, shown, document, choose=choose, allowed=allowed, in_memory=memory.paths)
    return with_memory(spec, memory)


def _plain(source: Mapping[str, Any]) -> Any:
    """A mapping as plain JSON values.

    Raises:
        SpecError: where it holds anything else.
    """
    try:
        return json.loads(json.dumps(source, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        hint = "use text, numbers, booleans, lists and mappings"
        raise SpecError(Problem(IN_MEMORY, message=f"is not plain data: {error}", hint=hint)) from None


def check_spec(
    path: Path, shown: str | None = None, *, choose: Choose | None = None, allow_paths: Iterable[Path] = ()
) -> Spec:
    """Load and check a spec without reading any run; a GenerationSpec where its `kind` is `generation`.

    Args:
        path: the file.
        shown: how messages call it; the path itself where not given.
        choose: finds the winner of another spec; without it, a spec that takes over a winner can be checked and not
            run, as its `undecided` says.
        allow_paths: folders beside its own that its paths may lead into.

    Raises:
        SpecError: with every problem at once.
    """
    document = read_yaml(path.absolute(), str(path.absolute()) if shown is None else shown)
    return check_document(path, shown, document, choose=choose, allowed=tuple(allow_paths))


def check_document(
    path: Path,
    shown: str | None,
    document: Document,
    *,
    choose: Choose | None = None,
    allowed: tuple[Path, ...] = (),
    in_memory: frozenset[str] = frozenset(),
) -> Spec:
    """As `check_spec`, of a file that has been parsed."""
    if evaluation.is_generation(document):
        from harness.generation.spec import load_generation  # few specs are one

        return load_generation(path, shown, allow_paths=allowed, document=document, in_memory=in_memory)
    return evaluation.load_spec(path, shown, choose=choose, allow_paths=allowed, document=document, in_memory=in_memory)
