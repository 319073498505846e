"""The comparison of runs: their specs and prompts as diffs, differences of cells, items whose verdict changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

from harness.analysis.compare.runs import compare_runs
from harness.leaderboard.numbers import UNDEFINED, rank_range, with_interval
from harness.leaderboard.tables import Column
from harness.report.blocks import ChartBlock, TableBlock, TableText, numbers, table_block
from harness.report.charts.forest import Forest, ForestRow, forest_chart, rank_colour
from harness.report.charts.palette import OTHER, colour_of
from harness.report.charts.svg import label_of
from harness.report.links import Links
from harness.report.pages.differences import result_text
from harness.report.pages.overview import MOST_SHOWN
from harness.report.run_source import RunSource
from harness.scoring.soft_metric import gain_of

MOST_FLIPPED = 100
"""Items that a pair of cells lists."""
LONGEST_DIFF = 400
"""Lines of the diff of one text."""


class DiffLine(NamedTuple):
    """A line of a diff: `added`, `removed`, `place` or `same`."""

    kind: str
    text: str


class FieldBlock(NamedTuple):
    """A field in which the specs differ.

    Attributes:
        path: of it.
        values: of each spec, as JSON; none where `lines` has the texts.
        lines: how texts of several lines differ.
    """

    path: str
    values: Sequence[str]
    lines: Sequence[DiffLine]


class FlippedItem(NamedTuple):
    """An item whose verdict changed, and where it is."""

    item: str
    href: str | None
    label: str
    one: str
    other: str


class FlipBlock(NamedTuple):
    """The items of a pair of cells whose verdict changed.

    Attributes:
        cell: of the first run.
        other: of the other run.
        changed: the component in which they differ, "" where they are the same.
        counts: verdict before and after, and the number of items.
        items: the first of them.
        left_out: the number of the others.
    """

    cell: str
    other: str
    changed: str
    counts: Sequence[str]
    items: Sequence[FlippedItem]
    left_out: int


class ComparedPart(NamedTuple):
    """Two datasets that share items.

    Attributes:
        title: the datasets and the runs.
        shared: how many items they share, in words.
        chart: the differences, None where none is known.
        table: the same in figures.
        flips: by pair of cells.
        unchanged: pairs with the same verdict on every item.
    """

    title: str
    shared: str
    chart: ChartBlock | None
    table: TableBlock
    flips: Sequence[FlipBlock]
    unchanged: int


class MergedPart(NamedTuple):
    """The cells of all runs on the items that they share, as one leaderboard."""

    title: str
    chart: ChartBlock
    table: TableBlock


@dataclass(frozen=True, slots=True)
class ComparePage:
    """The comparison of the first run with each of the others.

    Attributes:
        runs: name, run and number of cells.
        metric: that is compared.
        notes: the result in sentences.
        fields: in which the specs differ.
        parts: differences and flipped items.
        merged: all cells as one leaderboard.
        alone: cells without a counterpart, with the reason.
    """

    TEMPLATE: ClassVar[str] = "compare.html"
    NAME: ClassVar[str] = "compare"
    TITLE: ClassVar[str] = "Comparison"

    runs: TableBlock
    metric: str
    notes: Sequence[str]
    fields: Sequence[FieldBlock]
    parts: Sequence[ComparedPart]
    merged: Sequence[MergedPart]
    alone: Sequence[str]


def compare_page(sources: Sequence[RunSource], links: Links, metric: str | None = None) -> ComparePage:
    """The comparison of some runs.

    Args:
        sources: at least two runs of one kind.
        links: where other pages are.
        metric: that is compared; None for the primary metric of the first run.

    Raises:
        InputError: where runs are of different kinds, or lack the metric.
    """
    found = compare_runs([source.folder for source in sources], metric=metric, show_items=True)
    by_id = {source.id: source for source in sources}
    parts = [
        _part(each, part, found["metric"], by_id[each["to"]], links)
        for each in found["comparisons"]
        for part in each["datasets"]
    ]
    alone = [
        f"{one['cell']} of run {one['run']}: {one['reason']}" for each in found["comparisons"] for one in each["alone"]
    ]
    return ComparePage(
        _runs(sources, found, links),
        found["metric"],
        found["notes"],
        [_field(field) for field in found["spec_differences"]],
        parts,
        [_merged(merged, found["metric"]) for merged in found["merged"]],
        alone,
    )


def _runs(sources: Sequence[RunSource], found: Mapping[str, Any], links: Links) -> TableBlock:
    lines: list[list[str | TableText]] = [
        [
            "first" if not at else "other",
            TableText(run["spec"], links.page(source, "overview")),
            run["run"],
            str(run["cells"]),
        ]
        for at, (source, run) in enumerate(zip(sources, found["runs"], strict=True))
    ]
    columns = [Column("role"), Column("spec", is_key=True), Column("run"), *numbers("cells")]
    return table_block("runs", columns, lines)


def _field(field: Mapping[str, Any]) -> FieldBlock:
    if field["text"]:
        lines = [_diff_line(line) for line in field["text"].splitlines()[:LONGEST_DIFF]]
        return FieldBlock(field["path"], (), lines)
    values = [
        json.dumps(value, ensure_ascii=False) if present else "(absent)"
        for value, present in zip(field["values"], field["present"], strict=True)
    ]
    return FieldBlock(field["path"], values, ())


def _diff_line(line: str) -> DiffLine:
    if line.startswith(("---", "+++", "@@")):
        return DiffLine("place", line)
    kinds = {"+": "added", "-": "removed"}
    return DiffLine(kinds.get(line[:1], "same"), line)


def _part(
    each: Mapping[str, Any], part: Mapping[str, Any], metric: str, first: RunSource, links: Links
) -> ComparedPart:
    names = " and ".join(dict.fromkeys([part["dataset"], part["other_dataset"]]))
    different = f", {part['labelled_otherwise']} with different labels left out" if part["labelled_otherwise"] else ""
    shared = f"{part['shared']} shared items of {part['items'][0]} and {part['items'][1]}{different}"
    pairs = [(pair, pair["metrics"][metric]) for pair in part["pairs"] if metric in pair["metrics"]]
    known = [(pair, figure) for pair, figure in pairs if figure["difference"]["value"] is not None]
    forest = Forest(
        f"difference in {metric}, other minus first",
        "",
        [_forest_row(pair, figure["difference"], metric) for pair, figure in known[:MOST_SHOWN]],
        reference=0.0,
    )
    title = f"{names}: run {each['run']} minus run {each['to']}"
    columns = [
        Column("cell", is_key=True, can_wrap=True),
        Column("changed"),
        *numbers("n", "first", "other"),
        Column("difference"),
        *numbers("flips"),
        Column("result", can_wrap=True),
    ]
    lines = [_pair_line(metric, pair, links.cell(first, pair["cell"])) for pair, _ in pairs]
    changed = [pair for pair in part["pairs"] if pair["flips"]]
    return ComparedPart(
        title,
        shared,
        ChartBlock(title, partial(forest_chart, forest)) if known else None,
        table_block(title, columns, lines),
        [_flips(pair, part["dataset"], first, links) for pair in changed],
        len(part["pairs"]) - len(changed),
    )


def _short(cell: str) -> str:
    return cell.partition("/")[2] or cell


def _forest_row(pair: Mapping[str, Any], found: Mapping[str, Any], metric: str) -> ForestRow:
    colour = colour_of(gain_of(metric, found["value"])) if found["is_distinguishable"] else OTHER
    text = with_interval(found["value"], found["low"], found["high"], "+.3f")
    return ForestRow(
        label_of(_short(pair["other_cell"])), found["value"], found["low"], found["high"], text, "", colour
    )


def _pair_line(metric: str, pair: Mapping[str, Any], href: str | None) -> list[str | TableText]:
    figure = pair["metrics"][metric]
    found = figure["difference"]
    ends = [
        UNDEFINED if figure[side] is None else f"{figure[side]:.3f}".replace("-", "\u2212") for side in ("one", "other")
    ]
    value = UNDEFINED if found["value"] is None else with_interval(found["value"], found["low"], found["high"], "+.3f")
    flips = sum(flip["items"] for flip in pair["flips"])
    name = TableText(_short(pair["other_cell"]), href)
    return [name, pair["changed"] or "", str(figure["n"]), *ends, value, str(flips), result_text(found, metric)]


def _flips(pair: Mapping[str, Any], dataset: str, first: RunSource, links: Links) -> FlipBlock:
    flipped = pair["flipped"] or []
    return FlipBlock(
        _short(pair["cell"]),
        _short(pair["other_cell"]),
        pair["changed"] or "",
        [f"{flip['items']} {flip['one']} → {flip['other']}" for flip in pair["flips"]],
        list(_flipped(flipped[:MOST_FLIPPED], dataset, first, links)),
        max(0, len(flipped) - MOST_FLIPPED),
    )


def _flipped(
    flipped: Sequence[Mapping[str, Any]], dataset: str, first: RunSource, links: Links
) -> Iterator[FlippedItem]:
    for one in flipped:
        href = links.item(first, dataset, one["item"])
        yield FlippedItem(one["item"], href, one["reference"] or UNDEFINED, one["one"], one["other"])


def _merged(merged: Mapping[str, Any], metric: str) -> MergedPart:
    rows = [
        ForestRow(
            label_of(f"{_short(row['cell'])}  {row['run'][:6]}"),
            row["value"],
            row["low"],
            row["high"],
            _value(row),
            rank_range(row["rank"]),
            rank_colour(row),
        )
        for row in merged["rows"]
    ]
    title = f"{merged['dataset']}: cells of all runs on the {merged['n']} items that they share"
    columns = [*numbers("rank"), Column("cell", is_key=True, can_wrap=True), Column("run"), Column(metric)]
    lines = [[rank_range(row["rank"]), _short(row["cell"]), row["run"], _value(row)] for row in merged["rows"]]
    chart = ChartBlock(title, partial(forest_chart, Forest(metric, "rank", rows[:MOST_SHOWN])))
    return MergedPart(title, chart, table_block(title, columns, lines))


def _value(row: Mapping[str, Any]) -> str:
    return UNDEFINED if row["value"] is None else with_interval(row["value"], row["low"], row["high"])
