"""A spec of either kind, from its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.records.experiment import Spec
from harness.spec import evaluation as evaluation
from harness.spec.chaining import Choose
from harness.spec.yaml import read_yaml


def load_spec(
    path: Path, shown: str | None = None, *, choose: Choose | None = None, allow_paths: Iterable[Path] = ()
) -> Spec:
    """Load and check a spec; a GenerationSpec where its `kind` is `generation`. As `harness.spec.evaluation.load_spec`.

    Raises:
        SpecError: with every problem at once.
    """
    document = read_yaml(path.absolute(), str(path.absolute()) if shown is None else shown)
    if evaluation.is_generation(document):
        from harness.generation.spec import load_generation  # most specs are none

        return load_generation(path, shown, allow_paths=allow_paths, document=document)
    return evaluation.load_spec(path, shown, choose=choose, allow_paths=allow_paths, document=document)
