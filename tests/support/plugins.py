"""Distributions that bring plug-ins, as a test sees them: on the path, as an installer would leave them there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import registry
from support.paths import SUPPORT

SAMPLE = SUPPORT / "sample_distribution"
"""A folder in which the distribution sample-plugins 1.2 is installed, with a plug-in of each kind."""

EVALUATION = """\
schema: 1
name: plugged
datasets: {pairs: {path: pairs.tsv}}
models:
  first: {provider: sample-constant}
  second: {provider: sample-constant, says: B}
  usual: {provider: simulated, skill: 0.9}
matrix:
  dataset: [pairs]
  strategy: [sample-which]
  evaluator:
    - judge: [first, second]
    - sample-ask: {model: second, hint: x}
    - sample-first: [first, second]
    - debate: {model: usual, personas: sample-panel, decide: majority, rounds: 1}
score: {metrics: [sample-share, kappa], probes: [sample-first], resamples: 100}
"""
GENERATION = """\
schema: 1
name: looped
kind: generation
prompts: {tasks: {path: pairs.tsv}}
models:
  writer: {provider: simulated, skill: 0.5}
  reader: {provider: simulated, skill: 0.9}
  first: {provider: sample-constant}
  second: {provider: sample-constant, says: B}
matrix: {prompts: [tasks], generator: [writer], reviewer: [none, reader], rounds: 2}
loop: {review: sample-review}
selection: {by: tournament, strategy: sample-which, evaluator: {sample-first: [second, first]}}
compare:
  opponents: [writer]
  strategy: [sample-which]
  evaluator: [{sample-ask: {model: first}}]
score: {resamples: 100}
"""
PAIRS = "".join(
    f"p{number}\tWrite a letter to a friend about the lantern walk. It must mention: the boat race; the pony rides; "
    f"the cider press; the honey stand; the quilt exhibition.\tBlue {number}.\tRed {number}.\t{label}\n"
    for number, label in enumerate(["a", "b", "a", "tie", "a", "b"])
)


def write_specs(folder: Path) -> None:
    """The specs `plugged.yaml` and `looped.yaml`, which use a plug-in of each kind, and their data."""
    (folder / "plugged.yaml").write_text(EVALUATION)
    (folder / "looped.yaml").write_text(GENERATION)
    (folder / "pairs.tsv").write_text("id\tprompt\tresponse_a\tresponse_b\tlabel\n" + PAIRS)


def write_distribution(folder: Path, name: str, entry_points: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Install a distribution of version 1.0 into a folder.

    Args:
        folder: the folder, which is to be on the path.
        name: of the distribution.
        entry_points: values by group and name, such as `harness.modes/pair`.
        files: texts by path.
    """
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups: dict[str, list[str]] = {}
    for key, value in entry_points.items():
        group, _, point = key.partition("/")
        groups.setdefault(group, []).append(f"{point} = {value}\n")
    text = "".join(f"[{group}]\n{''.join(lines)}\n" for group, lines in groups.items())
    (info / "entry_points.txt").write_text(text)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


@contextmanager
def installed(*folders: Path) -> Iterator[None]:
    """The distributions in some folders are installed, for as long as the context lasts."""
    modules = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        for folder in folders:
            patch.syspath_prepend(folder)
        _forget()
        try:
            yield
        finally:
            for name in set(sys.modules) - modules:
                if not name.startswith("harness") and str(getattr(sys.modules[name], "__file__", "")).startswith(
                    tuple(map(str, folders))
                ):
                    del sys.modules[name]
    _forget()


def _forget() -> None:
    """The registry keeps what it has found for as long as the process lives."""
    for each in (
        registry.names,
        registry.find,
        registry.has_trait,
        registry.text,
        registry.fragment,
        registry.installed,
        registry._installed,
    ):
        each.cache_clear()
