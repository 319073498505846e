"""The spec that replays what an importer has recorded, as the text of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import PurePosixPath
from textwrap import wrap

from harness.prompting.strategy import strategy_from
from harness.records.experiment import Strategy
from harness.spec.yaml import parse_yaml

_EDITOR = (
    "An editor completes and checks this file if you write the schema beside it:",
    "harness schema experiment > experiment.schema.json",
    "yaml-language-server: $schema=experiment.schema.json",
    "",
)
_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Replay:
    """What a spec of one data set says.

    Attributes:
        name: of the spec.
        dataset: name of the data set, of its file in `data/` and of its recording in `recordings/`.
        about: paragraphs for the head of the file; those that begin with `- ` are points.
        models: what the recording calls them.
        strategies: that are compared.
        own: those of them that are written beside the spec; the others are built in.
        evaluators: the evaluator axis, one entry each, as YAML.
        order: the order axis; empty to leave it out.
        exclude: cells to leave out, each by some of its features.
    """

    name: str
    dataset: str
    about: Sequence[str]
    models: Sequence[str]
    strategies: Sequence[str]
    evaluators: Sequence[str]
    own: Sequence[str] = ()
    order: Sequence[str] = ()
    exclude: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    def text(self) -> str:
        """The file."""
        lines = [f"# {line}".rstrip() for line in (*_EDITOR, *_wrapped(self.about))]
        lines += ["schema: 1", f"name: {self.name}", "seed: 7", "datasets:"]
        lines += [f"  {self.dataset}: {{path: data/{self.dataset}.jsonl}}"]
        lines += ["models: # each found in the recording by its name"]
        lines += [f"  {each}: {{provider: recorded, path: recordings/{self.dataset}.jsonl.gz}}" for each in self.models]
        if self.own:
            lines += ["strategies:", *(f"  {each}: {{path: strategies/{each}.yaml}}" for each in self.own)]
        lines += ["matrix:", f"  dataset: [{self.dataset}]", f"  strategy: [{', '.join(self.strategies)}]"]
        lines += ["  evaluator:", *(f"    - {each}" for each in self.evaluators)]
        if self.order:
            lines += [f"  order: [{', '.join(self.order)}]"]
        if self.exclude:
            lines += ["  exclude: # what was not recorded"]
            lines += [f"    - {{{', '.join(f'{key}: {value}' for key, value in one.items())}}}" for one in self.exclude]
        return "\n".join([*lines, "score: {metrics: [kappa, accuracy], resamples: 10000, level: 0.95}", ""])

    def files(self) -> dict[PurePosixPath, bytes]:
        """The spec and its own strategies."""
        own = {PurePosixPath("strategies", f"{each}.yaml"): _text(each).encode() for each in self.own}
        return {**own, PurePosixPath(f"{self.name}.yaml"): self.text().encode()}


def shipped_strategy(name: str) -> Strategy:
    """A strategy that the importers ship."""
    return strategy_from(parse_yaml(_text(name), f"{name}.yaml").value, name=name, source=f"{name}.yaml")


def _text(name: str) -> str:
    return resources.files("harness.importers").joinpath("strategies", f"{name}.yaml").read_text(encoding="utf-8")


def listed(names: Iterable[str]) -> str:
    """Names as a YAML list, on several lines where one is too short."""
    lines = wrap(", ".join(names), 100, break_long_words=False, break_on_hyphens=False)
    return "[" + "\n        ".join(lines) + "]"


def _wrapped(paragraphs: Iterable[str]) -> Iterable[str]:
    for paragraph in paragraphs:
        indent = "  " if paragraph.startswith("- ") else ""
        yield from wrap(paragraph, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
