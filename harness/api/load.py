"""Load a spec of any kind from its file, from YAML text or from a mapping."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

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
) -> Spec:
    """Load and check a spec.

    Args:
        source: the file, YAML text (a `str` of several lines), or the same content as a mapping.
        folder: what the paths of YAML text and of a mapping are relative to; a file's are relative to its own folder.
        results: folder of all results, where the winners of other specs are found.
        allow_paths: folders beside its own that its paths may lead into.

    Raises:
        SpecError: with every problem at once.
    """

    def choose(*wanted: Any) -> Any:
        from harness.leaderboard.winner_of import winner_in

        return winner_in(Path(results), *wanted)

    allowed = tuple(map(Path, allow_paths))
    if isinstance(source, Mapping):
        document = Document(IN_MEMORY, _plain(source))
    elif isinstance(source, str) and "\n" in source:
        document = parse_yaml(source, IN_MEMORY)
    else:
        return check_spec(Path(source), str(source), choose=choose, allow_paths=allowed)
    return check_document(Path(folder) / IN_MEMORY, IN_MEMORY, document, choose=choose, allowed=allowed)


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
    path: Path, shown: str | None, document: Document, *, choose: Choose | None = None, allowed: tuple[Path, ...] = ()
) -> Spec:
    """As `check_spec`, of a file that has been parsed."""
    if evaluation.is_generation(document):
        from harness.generation.spec import load_generation  # few specs are one

        return load_generation(path, shown, allow_paths=allowed, document=document)
    return evaluation.load_spec(path, shown, choose=choose, allow_paths=allowed, document=document)
