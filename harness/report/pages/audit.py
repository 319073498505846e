"""The audit of the cells: biases of position, length and family, consistency, ties and failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

from harness.analysis.audit.cards import AuditedDataset
from harness.analysis.audit.probe import find_probe
from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.leaderboard.tables import Column
from harness.records.figures import Figure
from harness.report.blocks import ChartBlock, TableBlock, TableText, table_block
from harness.report.charts.forest import Forest, ForestRow, forest_chart
from harness.report.charts.palette import BEST, OTHER
from harness.report.links import Links
from harness.report.pages.overview import MOST_SHOWN, cell_labels
from harness.report.run_source import RunSource

SHOWN: Mapping[str, tuple[str, str, float | None]] = {
    "position": ("position.flip-rate", "share of items whose verdict flips with the order", None),
    "length": ("length.difference", "how much more verdicts than labels go with twice the length", 0.0),
    "family": ("family.difference", "how much more verdicts than labels go with the own model family", 0.0),
    "padding": ("padding.effect", "net share of items whose verdicts lean to the padded response", 0.0),
    "injection": ("injection.effect", "net share of items whose verdicts lean to the instructing response", 0.0),
    "identical": ("identical.effect", "net share of verdicts for one of two identical responses", 0.0),
    "self-agreement": ("self-agreement.repeats", "share of pairs of repeats that agree", None),
    "rankings": (
        "rankings.win-rate.kendall",
        "Kendall's tau-b of the rankings of systems by judge and by people",
        None,
    ),
    "marginals": ("marginals.tie.excess", "excess of ties over the labels", 0.0),
    "constant": ("constant.gain", "gain in accuracy over always giving the most frequent label", 0.0),
}
"""The figure of a probe that is drawn, what it is, and the vertical line of its chart."""
LEFT_OUT = ("win-rate", "failures")
"""Probes whose figures are on other pages, or are no bias."""


class ProbeBlock(NamedTuple):
    """The results of one probe for the cells of a dataset.

    Attributes:
        name: of the probe.
        summary: what it measures.
        chart: of its main figure, None where no cell has a value.
        table: the figures of every cell, and their meaning in words; None where no cell has any.
        reason: why there are no figures, "" where there are some.
    """

    name: str
    summary: str
    chart: ChartBlock | None
    table: TableBlock | None
    reason: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The results of the probes for each dataset of a run."""

    TEMPLATE: ClassVar[str] = "audit.html"
    NAME: ClassVar[str] = "audit"
    TITLE: ClassVar[str] = "Audit"

    source: RunSource
    datasets: Sequence[tuple[str, Sequence[ProbeBlock]]]


def audit_page(source: RunSource, links: Links) -> AuditPage:
    """The audit of an evaluation."""
    return AuditPage(source, [(part.dataset, list(_probes(source, part, links))) for part in source.audited])


def _probes(source: RunSource, part: AuditedDataset, links: Links) -> Iterator[ProbeBlock]:
    rows = next(rows for name, rows in source.groups if name == part.dataset)
    labels = dict(zip((row["cell"] for row in rows), cell_labels(rows), strict=True))
    hollow = {row["cell"]: bool(row["simulated"]) for row in rows}
    cards = {card.cell.id: card for card in part.cards}
    for name in part.cards[0].results if part.cards else ():
        if name in LEFT_OUT:
            continue
        results = [(row["cell"], cards[row["cell"]].results[name]) for row in rows]
        summary = find_probe(name).SUMMARY.partition(": ")[2]
        known = [(cell, one) for cell, one in results if any(f.value is not None for f in one.figures.values())]
        if not known:
            reasons = dict.fromkeys(figure.reason for _, one in results for figure in one.figures.values())
            yield ProbeBlock(name, summary, None, None, "; ".join(filter(None, reasons)) or UNDEFINED)
            continue
        shown = [(labels[cell], one.figures, hollow[cell]) for cell, one in known]
        lines: list[list[str | TableText]] = [
            [TableText(labels[cell], links.cell(source, cell)), one.sentence] for cell, one in known
        ]
        columns = [Column("cell", is_key=True, can_wrap=True), Column("result", can_wrap=True)]
        yield ProbeBlock(name, summary, _chart(name, shown), table_block(f"{part.dataset}: {name}", columns, lines), "")


def _chart(name: str, shown: Sequence[tuple[str, Mapping[str, Figure], bool]]) -> ChartBlock | None:
    if name not in SHOWN:
        return None
    key, title, reference = SHOWN[name]
    rows = [
        _row(label, figures[key], reference, is_hollow=is_hollow)
        for label, figures, is_hollow in shown
        if key in figures and figures[key].value is not None
    ]
    if not rows:
        return None
    forest = Forest(title, "", rows[:MOST_SHOWN], reference=reference)
    return ChartBlock(f"{name}: {title}, for each cell", partial(forest_chart, forest))


def _row(label: str, figure: Figure, reference: float | None, *, is_hollow: bool) -> ForestRow:
    value = figure.value or 0.0
    low, high = figure.low, figure.high
    crosses = reference is not None and low is not None and high is not None and low <= reference <= high
    return ForestRow(
        label, value, low, high, with_interval(value, low, high), "", OTHER if crosses else BEST, is_hollow
    )
