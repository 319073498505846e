"""The datasheet of preference data: as JSON (`schemas/output/datasheet.schema.json`) and as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from harness.hashing import rounded
from harness.leaderboard.numbers import with_interval
from harness.preferences.filters import REASONS, SINGLE_FILTERS
from harness.preferences.records import PEOPLE, SOURCES
from harness.preferences.sources import MIN_PROMPTS, model_json, prompt_sources, small_splits
from harness.preferences.split import PARTS
from harness.preferences.write import ExportCounts, ExportRequest
from harness.text import pluralized, printable

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


class DatasheetSource(NamedTuple):
    """The run behind an export.

    Attributes:
        manifest: of the run.
        spec: of the run, resolved.
        view: `single` or `workflow`.
        agreement: agreement of the evaluators with human labels; None without an evaluation run.
        files: names of the files, by part of the split.
        environment: of the run: its dates; empty where it is not kept.
        licence: identifier of the licence of the data; None if none was given.
        labelled: of single responses, whose labels count and which are desirable; None for pairs.
        ranked: of rankings, whose count, which pairs, and how often they find the best; None for others.
    """

    manifest: Mapping[str, Any]
    spec: Mapping[str, Any]
    view: str
    agreement: Mapping[str, Any] | None
    files: Mapping[str, str]
    environment: Mapping[str, Any] = {}
    licence: str | None = None
    labelled: Mapping[str, Any] | None = None
    ranked: Mapping[str, Any] | None = None


def datasheet_json(counts: ExportCounts, request: ExportRequest, source: DatasheetSource) -> dict[str, Any]:
    """The datasheet as JSON.

    Args:
        counts: of the export.
        request: of the export.
        source: the run.
    """
    manifest, models = source.manifest, source.spec["models"]
    value: dict[str, Any] = {
        "run": manifest["run"],
        "spec": manifest["spec"],
        "kind": manifest["kind"],
        "harness": manifest["harness"],
        "view": source.view,
        "format": request.format,
        "files": dict(source.files),
        "simulated": any(model["provider"] == "simulated" for model in models.values()),
        "models": {name: model_json(model) for name, model in models.items()},
        "data": prompt_sources(manifest, source.spec),
        "dates": {name: source.environment.get(name) for name in ("started", "finished")},
        **_filtering(counts, request, source.agreement),
        **_contents(counts, request),
        **({} if source.labelled is None else {"labelled": dict(source.labelled)}),
        **({} if source.ranked is None else {"ranked": dict(source.ranked)}),
        "licence": source.licence,
        "licences": list(source.spec.get("licences", ())),
    }
    document: dict[str, Any] = rounded(value)
    return document


def _filtering(counts: ExportCounts, request: ExportRequest, agreement: Mapping[str, Any] | None) -> dict[str, Any]:
    """The sources of the pairs, the evaluators, and the pairs that the filters dropped."""
    return {
        "sources": {
            name: {"says": SOURCES[name], "candidates": count, "kept": counts.kept[name]}
            for name, count in sorted(counts.candidates.items())
        },
        "evaluators": dict(counts.evaluators.most_common()),
        "evaluator_agreement": agreement,
        "candidates": counts.candidates.total(),
        "gates": {
            name: {"says": reason, "stopped": counts.stopped[name]}
            for name, reason in REASONS.items()
            if request.is_single or name not in SINGLE_FILTERS or counts.stopped[name]
        },
        "bars": asdict(request.thresholds),
        "reasoning_removed": counts.reasoning_removed,
    }


def _contents(counts: ExportCounts, request: ExportRequest) -> dict[str, Any]:
    """The number of pairs, the split, and the lengths and scores of the texts."""
    chosen, rejected = counts.lengths
    pairs = counts.kept.total()
    return {
        "pairs": pairs,
        "rows": {part: counts.rows[part] for part in PARTS},
        "prompts": {part: counts.prompts[part] for part in PARTS},
        "small_splits": small_splits(counts, request.shares),
        "split": {"shares": dict(zip(PARTS, request.shares, strict=True)), "seed": request.seed, "unit": "prompt"},
        "labels": None if not counts.labels else {"true": counts.labels[True], "false": counts.labels[False]},
        "longer": None
        if request.is_single
        else {side: counts.longer[side] / pairs for side in ("chosen", "rejected", "equal")},
        "lengths": {"chosen": _quantiles(chosen), "rejected": _quantiles(rejected)},
        "score_leads": _quantiles(counts.leads),
        "writers": {
            name: {"chosen": by["chosen"], "rejected": by["rejected"]} for name, by in sorted(counts.writers.items())
        },
    }


def _quantiles(values: Sequence[float]) -> dict[str, Any] | None:
    """Count, mean and quantiles (nearest rank) of some numbers; None without numbers."""
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
    return "\n".join([*_head(sheet), *_origin(sheet), *_filters(sheet), *_content(sheet), *_rights(sheet), ""])


def _head(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Datasheet: {sheet['format'].upper()} preference data from {_plain(sheet['spec'])}"
    yield ""
    if sheet["simulated"]:
        yield "**Simulated models: these texts were not written by language models. Do not train on them.**"
        yield ""
    yield f"- run `{sheet['run']}` of the {sheet['kind']} {_plain(sheet['spec'])}, harness {sheet['harness']}"
    noun = "pairs" if "labelled" not in sheet else "responses"
    yield f"- view `{sheet['view']}`; {sheet['pairs']:,} {noun} of {sheet['candidates']:,} candidates"
    yield from _labelled(sheet.get("labelled"))
    if ranked := sheet.get("ranked"):
        whose = "people" if ranked["by"] == PEOPLE else "the judge"
        which = "the best and the worst response" if ranked["pairs"] == "best-worst" else "all pairs of responses"
        yield f"- by the rankings of {whose}: {which} of each item"
    for part, file in sheet["files"].items():
        rows, prompts = pluralized(sheet["rows"][part], "row"), pluralized(sheet["prompts"][part], "prompt")
        yield f"- {part}: {rows} of {prompts} in {_plain(file)}"
    yield f"- split by prompt, seed {sheet['split']['seed']}"
    if sheet["labels"]:
        yield f"- labels: {sheet['labels']['true']:,} desirable, {sheet['labels']['false']:,} undesirable"
    yield ""
    for part, prompts in sheet["small_splits"].items():
        yield (
            f"- **{part} has only {pluralized(prompts, 'prompt')}**, fewer than {MIN_PROMPTS}: figures measured on it "
            "have wide intervals"
        )


def _labelled(rule: Mapping[str, Any] | None) -> Iterator[str]:
    """Of single responses, whose labels count, and which of them are desirable."""
    if rule is not None:
        good, bad = (", ".join(map(_plain, rule[side])) for side in ("desirable", "undesirable"))
        yield f"- by the labels of {'people' if rule['by'] == PEOPLE else 'the judge'}: {good} desirable, {bad} not"


def _origin(sheet: Mapping[str, Any]) -> Iterator[str]:
    """Models with their parameters, data with their digests, evaluators with their agreement."""
    yield ""
    yield from ("| model | provider | id | endpoint | parameters |", "| --- | --- | --- | --- | --- |")
    for name, model in sheet["models"].items():
        params = ", ".join(f"{key}: {json.dumps(value)}" for key, value in model["params"].items())
        cells = (name, model["provider"], model["model"] or "–", model["endpoint"] or "–", params or "–")
        yield f"| {' | '.join(map(_plain, cells))} |"
    yield ""
    yield from ("| data | items | file | SHA-256 with the settings that read it |", "| --- | ---: | --- | --- |")
    for name, data in sheet["data"].items():
        yield f"| {_plain(name)} | {data['items']:,} | {_plain(data['file'] or '–')} | {_plain(data['digest'])} |"
    dates = sheet["dates"]
    if dates["started"] and dates["finished"]:
        yield ""
        yield f"The run was made from {_plain(dates['started'])} to {_plain(dates['finished'])}."
    yield ""
    yield "## Evaluators"
    yield ""
    for name, count in sheet["evaluators"].items():
        yield f"- {_plain(name)}: {count:,} {'pairs' if 'labelled' not in sheet else 'responses'}"
    if (sheet.get("labelled") or sheet.get("ranked") or {}).get("by") == PEOPLE:
        return
    for one in (sheet.get("ranked") or {"accuracy": ()})["accuracy"]:
        found = with_interval(one["value"], one["low"], one["high"])
        where = f"on {one['n']} items of {_plain(one['dataset'])}"
        yield f"- {_plain(one['cell'])}: the response ranked first is one that people find best: {found} {where}"
    agreement = sheet["evaluator_agreement"]
    if agreement is None and (sheet.get("ranked") or {}).get("accuracy"):
        return
    if agreement is None:
        yield "- agreement with human labels: unknown; `--evaluation RUN` adds it from an evaluation with labels"
    else:
        for row in agreement["rows"]:
            yield f"- {_plain(row['cell'])} in run `{agreement['run']}`: {_figure(row)}"
        if not agreement["rows"]:
            yield f"- run `{agreement['run']}` has no cell with the same evaluator: agreement unknown"


def _figure(row: Mapping[str, Any]) -> str:
    if row["kappa"] is None:
        return f"kappa undefined: {row['reason']}"
    return (
        f"kappa {with_interval(row['kappa'], row['low'], row['high'])} on {row['n']} items of {_plain(row['dataset'])}"
    )


def _filters(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Filters"
    yield ""
    yield from ("| filter | dropped | reason |", "| --- | ---: | --- |")
    for name, found in sheet["gates"].items():
        yield f"| {name} | {found['stopped']:,} | {found['says']} |"
    bars = sheet["bars"]
    ratio = "any" if bars["length_ratio"] is None else f"{bars['length_ratio']:g}"
    yield ""
    yield (
        f"Margin {bars['margin']:g}; length ratio {ratio}; refusals {'dropped' if bars['drops_refusals'] else 'kept'}; "
        f"truncated texts {'dropped' if bars['drops_truncated'] else 'kept'}."
    )
    if sheet["reasoning_removed"]:
        yield ""
        yield (
            f"{sheet['reasoning_removed']:,} drafts and reviews of the run came with the model's reasoning (in think "
            "blocks or in fields of their own). It was separated from them, and is in no row."
        )


def _content(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Contents"
    yield ""
    yield from ("| source | candidates | kept | description |", "| --- | ---: | ---: | --- |")
    for name, source in sheet["sources"].items():
        yield f"| {name} | {source['candidates']:,} | {source['kept']:,} | {source['says']} |"
    yield ""
    longer = sheet["longer"]
    if longer is not None:
        more, less = (100 * longer[side] for side in ("chosen", "rejected"))
        yield f"The chosen text is longer in {more:.1f} % of the pairs, shorter in {less:.1f} %."
        yield ""
    yield from ("| | n | mean | median | 5 % | 95 % |", "| --- | ---: | ---: | ---: | ---: | ---: |")
    good, bad = ("chosen", "rejected") if "labelled" not in sheet else ("desirable", "undesirable")
    rows = {f"characters, {good}": sheet["lengths"]["chosen"], f"characters, {bad}": sheet["lengths"]["rejected"]}
    if sheet["score_leads"]:
        rows["score, chosen minus rejected"] = sheet["score_leads"]
    for name, found in rows.items():
        if found is None:
            continue
        at = found["quantiles"]
        yield f"| {name} | {found['n']:,} | {found['mean']:.2f} | {at['0.5']:g} | {at['0.05']:g} | {at['0.95']:g} |"
    if sheet["writers"]:
        yield ""
        yield from (f"| writer | {good} | {bad} |", "| --- | ---: | ---: |")
        for name, by in sheet["writers"].items():
            yield f"| {_plain(name)} | {by['chosen']:,} | {by['rejected']:,} |"


def _rights(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "## Rights"
    yield ""
    if sheet["licence"]:
        yield f"- licence of the data: {_plain(sheet['licence'])}"
    elif not sheet["licences"]:
        yield "The spec declares no licences of prompts and outputs."
    for line in sheet["licences"]:
        yield f"- {_plain(line)}"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no mark-up, no link, no image, no HTML."""
    shown = printable(str(text)).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", shown).replace("://", ":&#47;/").replace("www.", "www&#46;")


_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!])")
