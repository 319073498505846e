"""Compare runs: differences between their specs, and significant differences between their results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._checks import Check, checks_of_comparison, junit_file
from harness.cli._comparison_markdown import comparison_markdown
from harness.cli._found_run import found_run
from harness.cli._github import add_to_summary, annotate, in_actions
from harness.cli._options import FiniteRange, allow_path_option, json_option, junit_option, results_option
from harness.cli._output import print_json
from harness.cli._spec_changes import spec_lines
from harness.cli._terminal import print_text
from harness.leaderboard.numbers import rank_range
from harness.text import minus_signs_within, pluralized, with_minus_signs

WORSE = 1
MIN_ITEMS = 20
"""As `harness.analysis.compare.gate.MIN_ITEMS`, which is not imported before it is needed."""
ITEMS = {"evaluation": "items", "generation": "prompts"}
OUTCOMES: Mapping[str, Mapping[str, str]] = {
    "evaluation": {},
    "generation": {"a": "won", "tie": "tied", "b": "lost"},
}
"""Words for outcomes that differ from the words of the JSON."""
TESTS = {
    "verdicts": "verdicts",
    "toward-a": "moves between a and b",
    "toward-last": "moves along the labels",
    "ties": "moves from and to ties",
    "failures": "moves from and to failures",
}
"""The tests of a judge in words."""
SHOWN = 10
"""Cells that are listed; --json lists all."""


@click.command(
    epilog="""\b
Examples:
  harness compare old.yaml new.yaml                      their newest runs
  harness compare results/mine/3f2a9c41 results/mine/77aa0b1c --items
  harness compare baseline mine --fail-if-worse 0.02     for continuous integration
  harness compare mine@previous mine --fail-if-changed   did a hosted judge change?
  harness compare main mine --fail-if-worse 0.02 --junit gate.xml --format markdown > comment.md
  harness compare a b c --json > comparison.json

Cells are matched by their content (strategy, models, parameters), not by name, and compared on the items that both
runs share with the same label. Two generations are compared by the win rates of their systems, prompt by prompt,
against opponents that both have. Exit code 1 if --fail-if-worse finds a cell that is significantly worse by more
than MARGIN (the whole interval of the difference is below -MARGIN), a cell of the first RUN without a match, a
difference that has no interval, fewer than --min-items shared items, or a share of failures that rose by more than
MARGIN.

A hosted model can change under one name. The verdicts of each judge are therefore compared with those of the same judge
in the first RUN, without labels: by a permutation test of its repeats, or without repeats by an exact sign test of the
flips. Exit code 1 if --fail-if-changed finds a judge that changed, or that could not be tested.
`harness schema compare` describes the JSON."""
)
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, shell_complete=_completion.runs)
@click.option("--metric", metavar="METRIC", help="Metric to rank and test by; default: the first run's primary metric.")
@click.option("--items", "show_items", is_flag=True, help="List the items whose judgment changed.")
@click.option(
    "--fail-if-worse",
    "margin",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    metavar="MARGIN",
    help="Exit with code 1 if a cell is significantly worse by more than MARGIN, or could not be checked.",
)
@click.option(
    "--fail-if-changed",
    "if_changed",
    is_flag=True,
    help="Exit with code 1 if the verdicts of a judge changed more than its repeats vary, or could not be tested.",
)
@click.option(
    "--over-datasets",
    is_flag=True,
    help="With --fail-if-worse: one error rate for all datasets together (Holm), not one for each.",
)
@click.option("--allow-missing", is_flag=True, help="With a gate: accept cells of the first RUN without a match.")
@click.option(
    "--min-items",
    type=click.IntRange(1),
    default=MIN_ITEMS,
    show_default=True,
    help="With a gate: shared items that a cell needs to count as checked.",
)
@junit_option
@click.option(
    "--format",
    "report",
    type=click.Choice(["text", "markdown"]),
    default="text",
    show_default=True,
    help="`markdown` fits a comment on a pull request.",
)
@results_option
@json_option
@allow_path_option
@click.pass_context
def compare(
    ctx: click.Context,
    runs: tuple[str, ...],
    metric: str | None,
    show_items: bool,
    margin: float | None,
    if_changed: bool,
    over_datasets: bool,
    allow_missing: bool,
    min_items: int,
    junit: Path | None,
    report: str,
    results: Path,
    as_json: bool,
    allow_paths: tuple[Path, ...],
) -> None:
    """Compare the first RUN (a run folder, or a spec file or name) with each of the others."""
    from harness.analysis.compare.runs import compare_runs

    if len(runs) < 2:
        raise click.UsageError("at least two runs are needed", ctx)
    from harness.analysis.compare.gate import GateRules

    is_gate = margin is not None or if_changed
    if not is_gate and (allow_missing or min_items != MIN_ITEMS):
        raise click.UsageError("--allow-missing and --min-items need --fail-if-worse or --fail-if-changed", ctx)
    if junit is not None and not is_gate:
        raise click.UsageError("--junit needs --fail-if-worse or --fail-if-changed, whose checks it writes", ctx)
    if over_datasets and margin is None:
        raise click.UsageError("--over-datasets needs --fail-if-worse", ctx)
    gate = GateRules(margin, allow_missing, min_items, if_changed, over_datasets) if is_gate else None
    checks: list[Check] = []
    with junit_file(junit, checks, "harness compare"):
        folders = [found_run(run, results, allow_paths) for run in runs]
        found = compare_runs(folders, metric=metric, show_items=show_items, gate=gate)
        checks += checks_of_comparison(found) if found["gate"] else []
    if as_json:
        print_json(found)
    elif report == "markdown":
        click.echo(comparison_markdown(found), nl=False)
    else:
        for line in comparison_lines(found):
            print_text(line)
    report_checks(found, checks)
    if found["gate"] and not found["gate"]["passed"]:
        ctx.exit(WORSE)


def report_checks(found: Mapping[str, Any], checks: Sequence[Check]) -> None:
    """Write the annotations and the summary of the job in GitHub Actions."""
    if not in_actions(os.environ):
        return
    annotate(checks, "harness compare", os.environ)
    if not (found["gate"] and found["gate"]["if_changed"]):
        annotate(list(_changed(found)), "harness compare", os.environ, level="warning")
    add_to_summary(comparison_markdown(found), os.environ)


def _changed(found: Mapping[str, Any]) -> Iterator[Check]:
    """The judges that changed, where no gate checks that."""
    for each in found["comparisons"]:
        for part in each["datasets"]:
            for pair in part["pairs"]:
                if pair["judge"] and pair["judge"]["is_changed"]:
                    moved = f"the judge changed: {pair['judge']['moved']} of {pair['judge']['items']} items moved"
                    yield Check(each["run"], pair["other_cell"], (moved,))


def comparison_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The comparison as text, line by line."""
    for number, run in enumerate(found["runs"]):
        role = "other" if number else "first"
        yield f"{role}: {run['spec']}, run {run['run']}, {pluralized(run['cells'], 'cell')}"
    yield ""
    for each in found["comparisons"]:
        yield from _comparison(each, found)
    for merged in found["merged"]:
        yield from _merged(merged, found)
    yield from spec_lines(found["spec_differences"], len(found["runs"]))
    yield from found["notes"]
    if found["gate"]:
        yield from _gate(found["gate"])


def _gate(gate: Mapping[str, Any]) -> Iterator[str]:
    counts = [f"{pluralized(gate['checked'], 'cell')} checked"]
    if gate["margin"] is not None:
        counts.append(f"{gate['worse']} worse by more than {gate['margin']:g} ({gate['metric']})")
    if gate["if_changed"]:
        counts.append(f"{gate['changed']} with a changed judge")
    yield f"gate: {', '.join(counts)}"
    for finding in gate["findings"]:
        place = f"{finding['cell']} of run {finding['run']}" if finding["cell"] else f"run {finding['run']}"
        yield f"{finding['kind'].replace('-', ' ')}: {place}: {minus_signs_within(finding['message'])}"


def _labels(part: Mapping[str, Any]) -> str:
    different = part["labelled_otherwise"]
    left_out = f", {different} with different labels left out" if different else ""
    return f", {part['labelled_alike']} with the same label{left_out}"


def _comparison(each: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    metric, kind = found["metric"], found["kind"]
    for part in each["datasets"]:
        names = dict.fromkeys([part["dataset"], part["other_dataset"]])
        yield (
            f"{' and '.join(names)}: run {each['run']} minus run {each['to']}, {part['shared']} shared "
            f"{ITEMS[kind]} of {part['items'][0]} and {part['items'][1]}"
            + ("" if kind == "generation" else _labels(part))
        )
        if len(part["pairs"]) > 1:
            pairs = f"{len(part['pairs'])} pairs of cells"
            yield f"  intervals of differences are simultaneous over these {pairs}, for each metric alone"
        unchanged = [pair for pair in part["pairs"] if not pair["flips"]]
        for pair in part["pairs"]:
            if pair["flips"]:
                yield from _pair(pair, metric, OUTCOMES[kind])
        yield from _judges(part["pairs"])
        if unchanged:
            cells = ", ".join(pair["other_cell"] for pair in unchanged[:SHOWN])
            more = f" and {len(unchanged) - SHOWN} more" if len(unchanged) > SHOWN else ""
            yield f"  same judgment on every item: {cells}{more}"
    if each["judges"]:
        yield from _correction(each["judges"])
    if each["alone"]:
        yield f"not matched: {pluralized(len(each['alone']), 'cell')}"
        for one in each["alone"][:SHOWN]:
            yield f"  {one['cell']} of run {one['run']}: {one['reason']}"
        if len(each["alone"]) > SHOWN:
            yield f"  and {len(each['alone']) - SHOWN} more; --json lists all"
    yield ""


def _pair(pair: Mapping[str, Any], metric: str, outcomes: Mapping[str, str]) -> Iterator[str]:
    def change(found: Mapping[str, Any]) -> str:
        return " → ".join(outcomes.get(found[end], found[end]) for end in ("one", "other"))

    names = dict.fromkeys([pair["cell"], pair["other_cell"]])
    changed = f" ({pair['changed']} changed)" if pair["changed"] else ""
    yield f"  {' → '.join(names)}{changed}"
    for name, figure in pair["metrics"].items():
        if name == metric or figure["difference"]["is_distinguishable"]:
            yield f"    {name}: {_figure(figure)}"
    flips = [f"{change(flip)} {flip['items']}" for flip in pair["flips"]]
    total = sum(flip["items"] for flip in pair["flips"])
    yield f"    changed judgments: {total}" + (f" ({', '.join(flips)})" if flips else "")
    for item in pair["flipped"] or ():
        label = f", label {item['reference']}" if item["reference"] else ""
        yield f"      {item['item']}: {change(item)}{label}"


def _judges(pairs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The judges that changed, with what moved."""
    for pair in pairs:
        judge = pair["judge"]
        if judge is None or not judge["is_changed"]:
            continue
        found = [test for test in judge["tests"] if test["is_significant"]]
        tests = ", ".join(with_minus_signs(f"{TESTS[test['name']]} p = {test['p_value']:.2g}") for test in found)
        adjusted = min(test["adjusted"] for test in found)
        method = "permutation of repeats" if judge["method"] == "permutation" else "exact sign test of flips"
        yield (
            f"  judge changed: {pair['other_cell']}: {judge['moved']} of {pluralized(judge['items'], 'item')} moved "
            f"({method}: {tests}; adjusted p = {with_minus_signs(f'{adjusted:.2g}')})"
        )


def _correction(judges: Mapping[str, Any]) -> Iterator[str]:
    if not judges["tested"]:
        return
    corrected = f", p-values adjusted for {judges['tests']} tests (Holm)" if judges["tests"] > 1 else ""
    yield (
        f"judges that changed between the runs: {judges['changed']} of {judges['tested']} tested, at level "
        f"{judges['level']:g}{corrected}"
    )


def _figure(figure: Mapping[str, Any]) -> str:
    difference = figure["difference"]
    ends = f"{_number(figure['one'], '')} → {_number(figure['other'], '')}"
    if difference["low"] is None:
        change = "" if difference["value"] is None else f", difference {_number(difference['value'])}"
        return f"{ends}{change}: {difference['reason']} (n = {figure['n']})"
    interval = f"[{_number(difference['low'])}, {_number(difference['high'])}]"
    from harness.leaderboard.wording import could_detect
    from harness.records.scores import Difference

    could = could_detect(Difference(**{**difference, "reason": ""}))
    verdict = "distinguishable" if difference["is_distinguishable"] else f"not distinguishable; {could}"
    return (
        f"{ends}, difference {_number(difference['value'])} {interval}, p = {difference['p_value']:.3g} "
        f"(n = {figure['n']}): {verdict}"
    )


def _merged(merged: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    items = f"{pluralized(merged['n'], 'item')} of {merged['dataset']}"
    yield f"merged leaderboard on the {items} shared by all runs, by {found['metric']}:"
    names = {run["run"]: run["spec"] for run in found["runs"]}
    is_clear = len(set(names.values())) == len(names)
    for row in merged["rows"]:
        rank = rank_range(row["rank"])
        interval = "" if row["low"] is None else f" [{_number(row['low'], '')}, {_number(row['high'], '')}]"
        source = names[row["run"]] if is_clear else f"run {row['run']}"
        yield f"  {rank:>7}  {_number(row['value'], '')}{interval}  {row['cell']}  ({source})"
    yield ""


def _number(value: float | None, sign: str = "+") -> str:
    return "–" if value is None else with_minus_signs(f"{value:{sign}.3f}")
