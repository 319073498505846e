"""What preference data are made of: `schemas/output/datasheet.schema.json`, and the same for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.hashing import rounded
from harness.preferences.filters import GATES, OF_A_PROMPT
from harness.preferences.records import SOURCES
from harness.preferences.split import PARTS
from harness.preferences.write import ExportCounts, ExportRequest
from harness.text import printable

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def datasheet_json(
    tallied: ExportCounts,
    wanted: ExportRequest,
    *,
    manifest: Mapping[str, Any],
    spec: Mapping[str, Any],
    view: str,
    licences: Sequence[str],
    evaluator: Mapping[str, Any] | None,
    files: Mapping[str, str],
) -> dict[str, Any]:
    """The datasheet.

    Args:
        tallied: what was seen.
        wanted: what was asked for.
        manifest: of the run.
        spec: the run's, resolved.
        view: `single` or `workflow`.
        licences: what the user says of the rights.
        evaluator: what an evaluation run says of the evaluator, None where none was named.
        files: by part of the split.
    """
    models = spec["models"]
    value: dict[str, Any] = {
        "run": manifest["run"],
        "spec": manifest["spec"],
        "kind": manifest["kind"],
        "harness": manifest["harness"],
        "view": view,
        "format": wanted.format,
        "files": dict(files),
        "simulated": any(model["provider"] == "simulated" for model in models.values()),
        "models": {
            name: {"provider": model["provider"], "model": model.get("model")} for name, model in models.items()
        },
        **_what_passed(tallied, wanted, evaluator),
        **_what_is_in_it(tallied, wanted),
        "licences": list(licences),
    }
    told: dict[str, Any] = rounded(value)
    return told


def _what_passed(tallied: ExportCounts, wanted: ExportRequest, evaluator: Mapping[str, Any] | None) -> dict[str, Any]:
    """Where pairs came from, who preferred, and what the gates stopped."""
    says = {name: say for name, (say, _) in GATES.items()} | dict(OF_A_PROMPT)
    return {
        "sources": {
            name: {"says": SOURCES[name], "candidates": count, "kept": tallied.kept[name]}
            for name, count in sorted(tallied.candidates.items())
        },
        "evaluators": dict(tallied.evaluators.most_common()),
        "evaluator_agreement": evaluator,
        "candidates": tallied.candidates.total(),
        "gates": {name: {"says": say, "stopped": tallied.stopped[name]} for name, say in says.items()},
        "bars": asdict(wanted.bars),
        "reasoning_removed": tallied.reasoning_removed,
    }


def _what_is_in_it(tallied: ExportCounts, wanted: ExportRequest) -> dict[str, Any]:
    """How much there is, how it is split, and what the texts are like."""
    chosen, rejected = tallied.lengths
    pairs = tallied.kept.total()
    return {
        "pairs": pairs,
        "rows": {part: tallied.rows[part] for part in PARTS},
        "prompts": {part: tallied.prompts[part] for part in PARTS},
        "split": {"shares": dict(zip(PARTS, wanted.shares, strict=True)), "seed": wanted.seed, "unit": "prompt"},
        "labels": None if not tallied.labels else {"true": tallied.labels[True], "false": tallied.labels[False]},
        "longer": {side: tallied.longer[side] / pairs for side in ("chosen", "rejected", "equal")},
        "lengths": {"chosen": _quantiles(chosen), "rejected": _quantiles(rejected)},
        "score_leads": _quantiles(tallied.leads),
        "writers": {
            name: {"chosen": by["chosen"], "rejected": by["rejected"]} for name, by in sorted(tallied.writers.items())
        },
    }


def _quantiles(values: Sequence[float]) -> dict[str, Any] | None:
    """Count, mean and quantiles (of the values that occur) of some numbers; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "n": len(ordered),
        "mean": sum(ordered) / len(ordered),
        "quantiles": {f"{share:g}": ordered[round(share * last)] for share in QUANTILES},
    }


def datasheet_text(sheet: Mapping[str, Any]) -> str:
    """The datasheet as Markdown."""
    return "\n".join([*_head(sheet), *_gates(sheet), *_content(sheet), *_rights(sheet), ""])


def _head(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Datasheet: {sheet['format'].upper()} preference data from {_plain(sheet['spec'])}"
    yield ""
    if sheet["simulated"]:
        yield "**Simulated models took part: these texts are no language model's. Train nothing on them.**"
        yield ""
    yield f"- run `{sheet['run']}` of the {sheet['kind']} `{_plain(sheet['spec'])}`, harness {sheet['harness']}"
    yield f"- view `{sheet['view']}`; {sheet['pairs']:,} pairs of {sheet['candidates']:,} candidates"
    for part, file in sheet["files"].items():
        yield f"- {part}: {sheet['rows'][part]:,} rows of {sheet['prompts'][part]:,} prompts in `{_plain(file)}`"
    yield f"- split by prompt, seed {sheet['split']['seed']}"
    if sheet["labels"]:
        yield f"- labels: {sheet['labels']['true']:,} desirable, {sheet['labels']['false']:,} undesirable"
    yield ""
    yield from ("| model | provider | id |", "| --- | --- | --- |")
    for name, model in sheet["models"].items():
        yield f"| {_plain(name)} | {_plain(model['provider'])} | {_plain(model['model'] or '–')} |"
    yield ""
    yield "## Who preferred"
    yield ""
    for name, count in sheet["evaluators"].items():
        yield f"- {_plain(name)}: {count:,} pairs"
    agreement = sheet["evaluator_agreement"]
    if agreement is None:
        yield "- how far it agrees with people: not known here; name an evaluation run with --evaluation"
    else:
        for row in agreement["rows"]:
            yield f"- {_plain(row['cell'])} in run `{agreement['run']}`: {_figure(row)}"
        if not agreement["rows"]:
            yield f"- run `{agreement['run']}` has no cell that asks in the same way: its agreement is not known"


def _figure(row: Mapping[str, Any]) -> str:
    if row["kappa"] is None:
        return f"kappa undefined: {row['reason']}"
    interval = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"kappa {row['kappa']:.3f}{interval} on {row['n']} items of {_plain(row['dataset'])}"


def _gates(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## What was left out"
    yield ""
    yield from ("| gate | stopped | because |", "| --- | ---: | --- |")
    for name, gate in sheet["gates"].items():
        yield f"| {name} | {gate['stopped']:,} | {gate['says']} |"
    bars = sheet["bars"]
    ratio = "any" if bars["length_ratio"] is None else f"{bars['length_ratio']:g}"
    yield ""
    yield (
        f"Margin {bars['margin']:g}; length ratio {ratio}; refusals {'dropped' if bars['drops_refusals'] else 'kept'}; "
        f"cut-off texts {'dropped' if bars['drops_truncated'] else 'kept'}."
    )
    if sheet["reasoning_removed"]:
        yield ""
        yield (
            f"{sheet['reasoning_removed']:,} drafts and reviews of the run came with the model's reasoning (in think "
            "blocks or in fields of their own). It was separated from them, and is in no row."
        )


def _content(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## What is in it"
    yield ""
    yield from ("| source | candidates | kept | what |", "| --- | ---: | ---: | --- |")
    for name, source in sheet["sources"].items():
        yield f"| {name} | {source['candidates']:,} | {source['kept']:,} | {source['says']} |"
    yield ""
    longer = sheet["longer"]
    more, less = (100 * longer[side] for side in ("chosen", "rejected"))
    yield f"The chosen text is longer in {more:.1f} % of the pairs, shorter in {less:.1f} %."
    yield ""
    yield from ("| | n | mean | median | 5 % | 95 % |", "| --- | ---: | ---: | ---: | ---: | ---: |")
    rows = {"letters, chosen": sheet["lengths"]["chosen"], "letters, rejected": sheet["lengths"]["rejected"]}
    if sheet["score_leads"]:
        rows["score, chosen less rejected"] = sheet["score_leads"]
    for name, found in rows.items():
        at = found["quantiles"]
        yield f"| {name} | {found['n']:,} | {found['mean']:.2f} | {at['0.5']:g} | {at['0.05']:g} | {at['0.95']:g} |"
    if sheet["writers"]:
        yield ""
        yield from ("| writer | chosen | rejected |", "| --- | ---: | ---: |")
        for name, by in sheet["writers"].items():
            yield f"| {_plain(name)} | {by['chosen']:,} | {by['rejected']:,} |"


def _rights(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Rights"
    yield ""
    if not sheet["licences"]:
        yield "The spec says nothing of the rights in prompts and outputs."
    for line in sheet["licences"]:
        yield f"- {_plain(line)}"


def _plain(text: str) -> str:
    return printable(str(text)).replace("|", "\\|").replace("<", "&lt;").replace("`", "'").replace("\n", " ")
