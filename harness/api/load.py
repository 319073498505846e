"""Load a spec of any kind from its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.records.experiment import Spec
from harness.spec import evaluation
from harness.spec.chaining import Choose
from harness.spec.yaml import read_yaml


def load_spec(path: str | Path, *, results: str | Path = "results", allow_paths: Iterable[str | Path] = ()) -> Spec:
    """Load and check a spec.

    Args:
        path: the file.
        results: folder of all results, where the winners are looked up that the spec takes over from others.
        allow_paths: folders beside its own that its paths may lead into.

    Raises:
        SpecError: with every problem at once.
    """

    def choose(*wanted: Any) -> Any:
        from harness.leaderboard.winner_of import winner_in

        return winner_in(Path(results), *wanted)

    return check_spec(Path(path), str(path), choose=choose, allow_paths=map(Path, allow_paths))


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
    allowed = tuple(allow_paths)
    document = read_yaml(path.absolute(), str(path.absolute()) if shown is None else shown)
    if evaluation.is_generation(document):
        from harness.generation.spec import load_generation  # few specs are one

        return load_generation(path, shown, allow_paths=allowed, document=document)
    return evaluation.load_spec(path, shown, choose=choose, allow_paths=allowed, document=document)
