"""Cost against quality: the front of cells that no other cell beats in both, and the cheapest that may be the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.leaderboard.tables import Column
from harness.leaderboard.view import Row
from harness.report.blocks import ChartBlock, TableBlock, TableText, numbers, table_block
from harness.report.charts.cost import CostPoint, cost_chart
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource
from harness.scoring.soft_metric import direction_of

USD, TOKENS, CALLS = "USD", "tokens", "calls"


@dataclass(frozen=True, slots=True)
class DatasetCost:
    """Cost and quality of the cells of a dataset.

    Attributes:
        dataset: its name.
        chart: None where no cell has both.
        table: cheapest first.
        unit: of the cost: `USD`; `tokens` where no cell costs anything or a price is missing; `calls` without tokens.
        pick: the cheapest cell that is not distinguishable from the best, "" where that is the best.
    """

    dataset: str
    chart: ChartBlock | None
    table: TableBlock
    unit: str
    pick: str


@dataclass(frozen=True, slots=True)
class CostPage:
    """Cost against quality for each dataset of a run."""

    TEMPLATE: ClassVar[str] = "cost.html"
    NAME: ClassVar[str] = "cost"
    TITLE: ClassVar[str] = "Cost"

    source: RunSource
    metric: str
    datasets: Sequence[DatasetCost]


class Costed(NamedTuple):
    """A cell with its cost for each item, None where it is not known, and its point in the chart."""

    row: Row
    cost: float | None
    point: CostPoint | None


def cost_page(source: RunSource, links: Links) -> CostPage:
    """Cost against quality."""
    return CostPage(source, source.metric, [_part(source, name, rows, links) for name, rows in source.groups])


def unit_of(rows: Sequence[Row]) -> str:
    """The unit of cost: USD where all prices are known and any cell costs something, else tokens, else calls."""
    known = all(row["cost_usd"] is not None for row in rows)
    if known and any(row["cost_usd"] for row in rows):
        return USD
    return TOKENS if any(map(_tokens, rows)) else CALLS


def _tokens(row: Row) -> int:
    return int(row["tokens"]["prompt"] + row["tokens"]["completion"])


def cost_per_item(row: Row, unit: str) -> float | None:
    """The cost of a cell for each item."""
    total = {USD: row["cost_usd"], TOKENS: _tokens(row), CALLS: row["calls"]}[unit]
    return None if total is None or not row["items"] else total / row["items"]


def costed_cells(rows: Sequence[Row], metric: str, unit: str) -> list[Costed]:
    """The cells, cheapest first, with the front and the cheapest that is not distinguishable from the best.

    A metric of which no value is better has neither.
    """
    labels = dict(zip((row["cell"] for row in rows), cell_labels(rows), strict=True))
    costs = {row["cell"]: cost_per_item(row, unit) for row in rows}
    order = sorted(rows, key=lambda row: (costs[row["cell"]] is None, costs[row["cell"]] or 0.0, -_gain(row, metric)))
    has_best = direction_of(metric) != "none"
    priced = [row["cell"] for row in order if costs[row["cell"]] is not None and _may_be_best(row, metric)]
    pick = priced[0] if priced and has_best else None
    found, best, number = [], float("-inf"), 0
    for row in order:
        figure, cost = row["metrics"][metric], costs[row["cell"]]
        if cost is None or figure["value"] is None:
            found.append(Costed(row, cost, None))
            continue
        on_front = has_best and _gain(row, metric) > best
        best = max(best, _gain(row, metric))
        number += on_front
        point = CostPoint(labels[row["cell"]], cost, figure["value"], figure["low"], figure["high"])
        point = point._replace(on_front=on_front, is_pick=row["cell"] == pick, is_hollow=row["simulated"])
        found.append(Costed(row, cost, point._replace(number=number if on_front else 0)))
    return found


def _gain(row: Row, metric: str) -> float:
    """The figure of a cell, negated where lower values are better."""
    value = row["metrics"][metric]["value"]
    if value is None:
        return float("-inf")
    return -float(value) if direction_of(metric) == "lower" else float(value)


def _may_be_best(row: Row, metric: str) -> bool:
    """Whether a cell is the best, or was compared with it and is not distinguishable."""
    if row["metrics"][metric]["value"] is None:
        return False
    found = row["metrics"][metric].get("difference")
    return found is None or (found["low"] is not None and not found["is_distinguishable"])


def _part(source: RunSource, dataset: str, rows: Sequence[Row], links: Links) -> DatasetCost:
    metric, unit = source.metric, unit_of(rows)
    cells = costed_cells(rows, metric, unit)
    points = [one.point for one in cells if one.point is not None]
    title = f"{metric} against {unit} for each item on {dataset}"
    chart = ChartBlock(title, partial(cost_chart, points, metric, unit)) if points else None
    columns = [
        Column("cell", is_key=True, can_wrap=True),
        *numbers(*dict.fromkeys((f"{unit} an item", "calls an item"))),
        Column(metric),
        Column("front"),
        Column("against the best" if direction_of(metric) != "none" else "against the highest", can_wrap=True),
    ]
    labels = dict(zip((row["cell"] for row in rows), cell_labels(rows), strict=True))
    lines = [_line(one, labels[one.row["cell"]], metric, unit, links.cell(source, one.row["cell"])) for one in cells]
    pick = next((one for one in cells if one.point and one.point.is_pick), None)
    is_other = pick is not None and pick.row["cell"] != rows[0]["cell"]
    table = table_block(f"{dataset}: cheapest first", columns, lines)
    return DatasetCost(dataset, chart, table, unit, labels[pick.row["cell"]] if pick and is_other else "")


def _line(one: Costed, label: str, metric: str, unit: str, href: str | None) -> list[str | TableText]:
    row, figure = one.row, one.row["metrics"][metric]
    found = figure.get("difference")
    pick = " (cheapest)" if one.point and one.point.is_pick and found is not None else ""
    value = figure["value"]
    cost = UNDEFINED if one.cost is None else f"{one.cost:,.4g}" if one.cost < 1000 else f"{one.cost:,.0f}"
    return [
        TableText(label, href),
        *([] if unit == CALLS else [cost]),
        f"{row['calls'] / max(1, row['items']):.2f}",
        UNDEFINED if value is None else with_interval(value, figure["low"], figure["high"]),
        str(one.point.number) if one.point and one.point.number else "",
        _against(found, metric) + pick,
    ]


def _against(found: Mapping[str, Any] | None, metric: str) -> str:
    """How a cell compares with the first one, from its difference to it."""
    has_best = direction_of(metric) != "none"
    if found is None:
        return "best" if has_best else "highest"
    if found["low"] is None:
        return UNDEFINED
    return ("worse" if has_best else "lower") if found["is_distinguishable"] else "not distinguishable"
