"""Pictures of `harness threshold` and `harness calibrate`: a curve of each cell, with its numbers as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.leaderboard.tables import Column
from harness.report.blocks import SmallChart, TableBlock, numbers, table_block
from harness.report.charts.curves import Bin, Roc, RocPoint, reliability_chart, roc_chart

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CurveBlock:
    """A cell.

    Attributes:
        dataset: its dataset.
        name: its id without the dataset.
        lines: what its figures say.
        chart: the curve; None where there is none.
        table: the numbers of the curve; None in the same case.
    """

    dataset: str
    name: str
    lines: Sequence[str]
    chart: SmallChart | None = None
    table: TableBlock | None = None


@dataclass(frozen=True, slots=True)
class CurvePage:
    """The curves of a run.

    Attributes:
        blocks: of its cells.
        note: what the marks of a curve are.
        title: of the section.
    """

    TEMPLATE: ClassVar[str] = "curves.html"
    NAME: ClassVar[str] = "curves"
    TITLE: ClassVar[str] = "Curves"

    blocks: Sequence[CurveBlock]
    note: str
    title: str


def threshold_page(found: Json) -> CurvePage:
    """The ROC curves of a document of `schemas/output/threshold.schema.json`."""
    note = (
        "Line: every threshold. Grey: chance. Filled dot: the chosen threshold on the items that it was chosen on. "
        "Empty dot: thresholds that were chosen on other items, which is what to expect of new ones."
    )
    return CurvePage(list(_roc_blocks(found)), note, "ROC curves")


def calibration_page(found: Json) -> CurvePage:
    """The reliability of the probabilities of a document of `schemas/output/calibrate.schema.json`."""
    level = f"{100 * found['level']:.4g} %"
    note = (
        f"Dots: bins of items by probability, larger for more items, with {level} intervals. Line: where the share "
        "that people give equals the probability."
    )
    return CurvePage(list(_reliability_blocks(found)), note, "Reliability")


def curves_of(page: CurvePage) -> list[CurveBlock]:
    """The cells that have a curve."""
    return [block for block in page.blocks if block.chart is not None]


def roc_of(cell: Json, labels: Sequence[str]) -> Roc | None:
    """The ROC curve of a cell; None where it has none.

    Args:
        cell: of the document.
        labels: of the run, the negative one first.
    """
    if not cell["roc"]:
        return None
    negative, positive = labels
    points = [RocPoint(one["recall_negative"], one["recall_positive"], one["threshold"]) for one in cell["roc"]]
    chosen = held_out = None
    if cell["chosen"] is not None:
        inside, outside = cell["chosen"]["in_sample"], cell["chosen"]["held_out"]
        names = f"recall-{negative}", f"recall-{positive}"
        if all(inside.get(name) is not None for name in names):
            chosen = RocPoint(inside[names[0]], inside[names[1]], cell["chosen"]["threshold"])
        if all(name in outside and outside[name]["value"] is not None for name in names):
            held_out = RocPoint(outside[names[0]]["value"], outside[names[1]]["value"])
    return Roc((negative, positive), points, chosen, held_out)


def _roc_blocks(found: Json) -> Iterator[CurveBlock]:
    negative, positive = found["labels"]
    for part in found["datasets"]:
        for cell in part["cells"]:
            name = cell["cell"].removeprefix(f"{part['dataset']}/")
            lines = [f"{cell['positive']:,} {positive}, {cell['negative']:,} {negative}"]
            if cell["auc"]["value"] is not None:
                lines.append(f"AUC {_figure(cell['auc'])}, 0.5 by chance")
            if cell["reason"]:
                lines.append(f"no threshold: {cell['reason']}")
            roc = roc_of(cell, found["labels"])
            if roc is None:
                yield CurveBlock(part["dataset"], name, lines)
                continue
            if roc.chosen is not None:
                lines.append(f"{positive} from {roc.chosen.threshold:.6g} on, chosen for {found['aim']['metric']}")
            title = f"ROC curve of {name}: recall of {positive} against {negative} that gets {positive}"
            rows = [[f"{one.threshold:.6g}", f"{one.positive:.3f}", f"{one.negative:.3f}"] for one in roc.points]
            columns = [Column("threshold", is_number=True, is_key=True)]
            columns += numbers(f"recall of {positive}", f"recall of {negative}")
            table = table_block(f"The curve of {name}", columns, rows)
            yield CurveBlock(part["dataset"], name, lines, SmallChart(title, partial(roc_chart, roc)), table)


def _reliability_blocks(found: Json) -> Iterator[CurveBlock]:
    for part in found["datasets"]:
        for cell in part["cells"]:
            name = cell["cell"].removeprefix(f"{part['dataset']}/")
            if cell["reason"] or not cell["reliability"]:
                yield CurveBlock(part["dataset"], name, [cell["reason"] or "no probabilities"])
                continue
            error = cell["metrics"]["ece"]
            lines = [
                f"n = {cell['n']:,}",
                f"calibration error (ECE) {_figure(error)}, {cell['ece_by_chance']:.3f} by chance",
            ]
            bins = [_bin(one) for one in cell["reliability"]]
            rows = [
                [f"{one['low']:.1f}–{one['high']:.1f}", f"{one['observed']['n']:,}", f"{one['predicted']:.3f}",
                 _figure(one["observed"])]
                for one in cell["reliability"]
            ]  # fmt: skip
            columns = [Column("probability", is_key=True), *numbers("items", "mean", "people")]
            table = table_block(f"The bins of {name}", columns, rows)
            chart = SmallChart(f"Reliability of the probabilities of {name}", partial(reliability_chart, bins))
            yield CurveBlock(part["dataset"], name, lines, chart, table)


def _bin(one: Json) -> Bin:
    observed = one["observed"]
    return Bin(one["predicted"], observed["value"], observed["low"], observed["high"], observed["n"])


def _figure(figure: Json) -> str:
    if figure["value"] is None:
        return UNDEFINED
    return with_interval(figure["value"], figure["low"], figure["high"], ".3f")
