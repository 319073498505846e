"""The pages of what a spec can name: strategies, personas, modes, metrics, providers and formats, from their files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import resources

import yaml

from _generate.schema_page import body
from harness import registry
from harness.cli._listing import KINDS, entries_of
from harness.evaluators.modes import judge
from harness.prompting.strategy import compile_strategy
from harness.records.experiment import Cell
from harness.spec.personas import built_in as built_in_personas
from harness.spec.schema import load_schema
from harness.spec.strategies import built_in

INTRODUCTIONS = {
    "strategies": """\
How a model is asked for a verdict. A spec names these in `matrix.strategy`. Each is one file, shown here whole. Copy
one to write your own, as [Custom strategies](../../guide/custom-strategies.md) shows.
All keys are in [strategy](../input/strategy.md).""",
    "personas": """\
Who takes part in a debate. A spec names these sets in `debate.personas`; a set of your own is an entry of `personas` or
a file, as [Custom strategies](../../guide/custom-strategies.md) shows.""",
    "modes": """\
Who gives the verdict, and how. Each entry of `matrix.evaluator` names one mode. The order in which the responses are
shown and the number of repeats are axes of their own, `matrix.order` and `matrix.repeats`, and go with every mode.""",
    "metrics": """\
What judgments are scored by, against the reference labels. A spec names these in `score.metrics`; the first ranks the
leaderboard. A judgment that failed counts as disagreement in each of them, and the value without failures and the
bounds stand beside every figure. Where a figure is undefined it is null with a reason, never 0 and never 1.""",
    "soft-metrics": """\
What soft verdicts, the probabilities that response a is better, are scored by, and labels that are numbers. A spec
names these in `score.metrics` too; the first of all metrics ranks the leaderboard.
[Calibrating judges](../../guide/calibrating-judges.md) shows where soft verdicts come from, and
[single responses](../../guide/single-responses.md#numbers) which metrics are of numbers. A judgment that failed has
none and is left out; the bounds stand beside every figure.""",
    "probes": """\
Biases of an evaluator that a metric does not show. `harness audit RUN` computes all of them; a spec names some in
`score.probes` to have their figures beside its scores. An undefined figure is null with a reason.
[Auditing judges](../../guide/auditing-judges.md) shows how to read them.""",
    "providers": """\
Where the replies of a model come from. Each model of a spec names one as its `provider`; its settings follow here.""",
    "dataset-formats": """\
Files that a dataset can be read from. The ending of a file says which it is, or `format` does. Columns have the names
that [dataset](../input/experiment.md#dataset) lists, or those that `columns` maps them to.""",
}


def plug_pages() -> dict[str, str]:
    """The page of each kind of plug-in, by the name of its file."""
    return {kind: plug_page(kind) for kind in KINDS}


def plug_page(kind: str) -> str:
    """A page with a list of all plug-ins of a kind and a section for each."""
    entries = entries_of(kind)
    introduction = INTRODUCTIONS.get(kind, f"{KINDS[kind].summary[0].upper()}{KINDS[kind].summary[1:]}.")
    lines = [f"# {kind.replace('-', ' ').capitalize()}", "", introduction, ""]
    lines += [f"- [{entry.name}](#{entry.name}): {entry.summary}" for entry in entries]
    for entry in entries:
        lines += ["", f"## {entry.name}", ""]
        lines += SECTIONS[kind](entry.name) if kind in SECTIONS else [documentation(KINDS[kind].registry, entry.name)]
    return "\n".join(lines).rstrip() + "\n"


def strategy_section(name: str) -> Iterator[str]:
    """What a strategy asks for and its whole file."""
    strategy = built_in(name)
    fewest, most = judge.calls_per_item(Cell("", name, judge.NAME, ("model",)), strategy)
    calls = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    yield f"{strategy.summary}. Calls that a judge makes for an item: {calls}. The answer is asked for in this form:"
    yield from delimited("text", compile_strategy(strategy).answer_format)
    yield "The file:"
    yield from delimited("yaml", source_of("strategies", name))


def persona_section(name: str) -> Iterator[str]:
    """Who is in a set."""
    for persona in built_in_personas(name):
        yield f"- **{persona.name}**: {' '.join(persona.role.split())}"


def mode_section(name: str) -> Iterator[str]:
    """What a mode does and what a spec says of it."""
    definitions = load_schema("experiment")["$defs"]
    evaluator = definitions["evaluator"]
    schema = evaluator["properties"][name]
    schema = definitions.get(schema.get("$ref", "").removeprefix("#/$defs/"), schema)
    examples = [{name: each} for each in schema.get("examples", ())]
    examples += [each for each in evaluator["examples"] if name in each]
    yield schema["description"]
    yield from delimited("yaml", yaml.safe_dump({"evaluator": examples}, default_flow_style=None, sort_keys=False))
    yield from elsewhere(body(schema, definitions))
    yield ""
    yield documentation("modes", name).partition("\n\n")[2]


def metric_section(name: str) -> Iterator[str]:
    """What a metric means and where it lies."""
    metric = registry.find("metrics", name)
    yield documentation("metrics", name)
    yield ""
    yield f"Between {metric.RANGE[0]:g} and {metric.RANGE[1]:g}. Undefined where: {metric.UNDEFINED}."


def label_metric_section(name: str) -> Iterator[str]:
    """What a metric of one label means."""
    metric = registry.find("label_metrics", name)
    yield documentation("label_metrics", name)
    yield ""
    yield f"`score: {{metrics: [{name}-LABEL]}}`. Between {metric.RANGE[0]:g} and {metric.RANGE[1]:g}."
    yield f"Undefined where: {metric.UNDEFINED}."


def soft_metric_section(name: str) -> Iterator[str]:
    """What a metric of soft verdicts means, and which values are better."""
    metric = registry.find("soft_metrics", name)
    yield documentation("soft_metrics", name)
    yield ""
    better = {"higher": "Higher is better", "lower": "Lower is better", "none": "No value is better"}[metric.DIRECTION]
    yield f"{better}. {'Needs labels' if metric.NEEDS_LABELS else 'Needs no labels'}."


def ranking_metric_section(name: str) -> Iterator[str]:
    """What a metric of rankings means."""
    metric = registry.find("ranking_metrics", name)
    yield documentation("ranking_metrics", name)
    yield ""
    yield f"Between {metric.RANGE[0]:g} and {metric.RANGE[1]:g}; {metric.FAILED:g} for a judgment that failed."


def probe_section(name: str) -> Iterator[str]:
    """What a probe looks at."""
    yield documentation("probes", name)
    yield ""
    yield f"`harness list probes`: {registry.find('probes', name).SUMMARY}."


def provider_section(name: str) -> Iterator[str]:
    """What a provider is and its settings."""
    yield documentation("providers", name)
    yield ""
    definitions = load_schema("experiment")["$defs"]
    yield from elsewhere(body(definitions[f"provider-{name}"], definitions))


def review_section(name: str) -> Iterator[str]:
    """The whole file of a way of reviewing."""
    yield "The file:"
    yield from delimited("yaml", source_of("reviews", name))


def format_section(name: str) -> Iterator[str]:
    """How files of a format are read."""
    yield documentation("dataset_formats", name)
    yield ""
    yield f"Endings: {', '.join(f'`{ending}`' for ending in registry.find('dataset_formats', name).ENDINGS)}."


Section = Callable[[str], Iterator[str]]
SECTIONS: Mapping[str, Section] = {
    "strategies": strategy_section,
    "personas": persona_section,
    "reviews": review_section,
    "modes": mode_section,
    "metrics": metric_section,
    "label-metrics": label_metric_section,
    "soft-metrics": soft_metric_section,
    "ranking-metrics": ranking_metric_section,
    "probes": probe_section,
    "providers": provider_section,
    "dataset-formats": format_section,
}
"""What is said of each thing of a kind."""


def documentation(folder: str, name: str) -> str:
    """What a file of a plug folder says of itself."""
    return inspect.getdoc(registry.find(folder, name)) or ""


def source_of(folder: str, name: str) -> str:
    """The text of a YAML file in a plug folder."""
    return resources.files(registry.PACKAGES[folder]).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def delimited(language: str, text: str) -> Iterator[str]:
    """Text as a block of code."""
    yield ""
    yield f"```{language}"
    yield text.rstrip()
    yield "```"
    yield ""


def elsewhere(lines: list[str]) -> Iterator[str]:
    """Lines of the page of the experiment schema, with links that lead there."""
    return (line.replace("](#", "](../input/experiment.md#") for line in lines)
