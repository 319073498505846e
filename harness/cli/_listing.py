"""The plug-ins of each kind, with one line about each."""

from __future__ import annotations

from typing import NamedTuple

from harness import registry
from harness.errors import InputError
from harness.text import quoted, suggestion


class Kind(NamedTuple):
    """One kind of plug-in, as `harness list` describes it.

    Attributes:
        registry: the name of the kind in `harness.registry`.
        summary: what it is, and where a spec or a verb names it.
    """

    registry: str
    summary: str


KINDS = {
    "strategies": Kind("strategies", "prompt templates and answer rules: `matrix.strategy`"),
    "personas": Kind("personas", "sets of participants of a debate: `debate.personas`"),
    "reviews": Kind("reviews", "prompts to review and revise drafts: `loop.review` of a generation"),
    "modes": Kind("modes", "kinds of evaluator (judge, jury, debate, cascade, tournament): `matrix.evaluator`"),
    "metrics": Kind("metrics", "agreement of judgments with labels: `score.metrics`"),
    "label-metrics": Kind("label_metrics", "figures of one label, such as `recall-pass`: `score.metrics`"),
    "soft-metrics": Kind("soft_metrics", "figures of soft verdicts (probabilities): `score.metrics`"),
    "ranking-metrics": Kind("ranking_metrics", "figures of rankings of several responses: `score.metrics`"),
    "probes": Kind("probes", "biases of an evaluator: `harness audit`, `score.probes`"),
    "providers": Kind("providers", "sources of replies: `provider` of a model"),
    "dataset-formats": Kind("dataset_formats", "file formats of a dataset: `format` of a dataset"),
    "leaderboard-formats": Kind("leaderboard_formats", "output formats: `harness leaderboard --format`"),
    "export-formats": Kind("export_formats", "formats of preference data: `harness export --format`"),
    "importers": Kind("importers", "published studies: `harness import`"),
}
"""The kinds, in the order in which a spec needs them."""

FORMER_NAMES = {"formats": "dataset-formats", "reports": "leaderboard-formats", "exports": "export-formats"}
"""Former names of kinds, which are still understood."""


class Entry(NamedTuple):
    """A plug-in and one line about it."""

    name: str
    summary: str


def kind_named(name: str) -> str:
    """The kind of that name or former name.

    Raises:
        InputError: if there is no such kind.
    """
    kind = FORMER_NAMES.get(name, name)
    if kind not in KINDS:
        raise InputError(f"there is no kind {quoted(name)}", hint=suggestion(name, KINDS))
    return kind


def entries_of(kind: str | None) -> list[Entry]:
    """The plug-ins of a kind, sorted by name; the kinds themselves for None.

    Raises:
        InputError: if there is no such kind.
    """
    if kind is None:
        return [Entry(name, each.summary) for name, each in KINDS.items()]
    registered = KINDS[kind_named(kind)].registry
    return [Entry(name, summary_of(registered, name)) for name in registry.names(registered)]


def summary_of(kind: str, name: str) -> str:
    """The `summary` of a YAML plug-in, the `SUMMARY` of a module; of a broken plug-in, what is wrong with it."""
    if problem := registry.fault(kind, name):
        return f"broken: {problem.problems[0].message}"
    if kind in registry.TEXTS:
        from harness.spec.yaml import parse_yaml

        return str(parse_yaml(registry.text(kind, name), f"{name}.yaml").value["summary"])
    return str(registry.find(kind, name).SUMMARY)
