"""What there is to name in a spec or on the command line, each with one line about it."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

from harness import registry
from harness.errors import InputError
from harness.text import quoted, suggestion


class Kind(NamedTuple):
    """One kind of thing that is found by its name.

    Attributes:
        folder: the plug folder whose files they are.
        summary: what such a thing is.
    """

    folder: str
    summary: str


KINDS = {
    "strategies": Kind("strategies", "ways to ask a model for a verdict: `matrix.strategy`"),
    "personas": Kind("personas", "sets of who takes part in a debate: `debate.personas`"),
    "reviews": Kind("reviews", "ways to have drafts reviewed and revised: `loop.review` of a generation"),
    "modes": Kind("modes", "who gives the verdict: `matrix.evaluator`"),
    "metrics": Kind("metrics", "what judgments are scored by: `score.metrics`"),
    "probes": Kind("probes", "habits of an evaluator that `harness audit` looks at: `score.probes`"),
    "providers": Kind("providers", "where replies come from: `provider` of a model"),
    "formats": Kind("dataset_formats", "files that a dataset can be read from: `format` of a dataset"),
    "reports": Kind("leaderboard_formats", "renderings of a leaderboard: `harness leaderboard --format`"),
    "exports": Kind("export_formats", "formats of preference data: `harness export --format`"),
    "importers": Kind("importers", "published data that can be brought in: `harness import`"),
}
"""The kinds, in the order in which a spec comes to need them."""


class Entry(NamedTuple):
    """A thing and one line about it."""

    name: str
    summary: str


def entries_of(kind: str | None) -> list[Entry]:
    """The things of a kind, sorted by name; the kinds themselves for None.

    Raises:
        InputError: where there is no such kind.
    """
    if kind is None:
        return [Entry(name, each.summary) for name, each in KINDS.items()]
    if kind not in KINDS:
        raise InputError(f"there is no kind {quoted(kind)}", hint=suggestion(kind, KINDS))
    folder = KINDS[kind].folder
    return [Entry(name, summary_of(folder, name)) for name in registry.names(folder)]


def summary_of(folder: str, name: str) -> str:
    """The one line that a file of a plug folder gives about itself."""
    file = resources.files(registry.PACKAGES[folder]).joinpath(f"{name}.yaml")
    if file.is_file():
        from harness.spec.yaml import parse_yaml

        return str(parse_yaml(file.read_text(encoding="utf-8"), file.name).value["summary"])
    return str(registry.find(folder, name).SUMMARY)
