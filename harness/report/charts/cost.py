"""Quality against cost: a point for each cell, and the front of those that no other cell beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.frame import NARROW, WIDE, ChartData, Margins, domain_of, fixed
from harness.report.charts.palette import ACCENT, BEST, INK, OTHER, PAPER
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

LOG_FROM = 8.0
"""Ratio of the largest to the smallest cost from which the axis is logarithmic."""


class CostPoint(NamedTuple):
    """A cell.

    Attributes:
        label: its short name.
        cost: for each item, in the unit of the chart.
        value: of the metric.
        low: lower end of its interval, None without one.
        high: upper end.
        on_front: whether no other cell is both cheaper and better.
        is_pick: whether it is the cheapest one that is not distinguishable from the best.
        is_hollow: whether its point is hollow: a simulated model.
        number: on the front, from the cheapest; 0 elsewhere.
    """

    label: str
    cost: float
    value: float
    low: float | None
    high: float | None
    on_front: bool = False
    is_pick: bool = False
    is_hollow: bool = False
    number: int = 0


def cost_chart(points: Sequence[CostPoint], metric: str, unit: str, width: int = WIDE) -> alt.LayerChart:
    """A point for each cell.

    Args:
        points: the cells.
        metric: on the vertical axis.
        unit: of the cost, such as `USD`.
        width: of the chart in pixels.
    """
    import altair as alt

    data = ChartData()
    is_narrow = width <= NARROW
    height = 300 if is_narrow else 380
    margins = Margins(46, 14, 18, 48) if is_narrow else Margins(64, 14, 240, 48)
    ends = domain_of(end for point in points for end in (point.value, point.low, point.high))
    scale = alt.Scale(domain=ends, nice=False, zero=False)
    y = alt.Y("value:Q", scale=scale, axis=alt.Axis(title=metric, tickCount=6, titlePadding=8))
    x = _cost_axis([point.cost for point in points], unit, ticks=4 if is_narrow else 7)
    rows = [_values(point, is_narrow=is_narrow) for point in points]
    front = sorted((row for row in rows if row["front"]), key=lambda row: row["cost"])
    every, colour = data.layer(rows), alt.Color("colour:N", scale=None)
    layers: list[Any] = [
        data.layer([row for row in rows if row["low"] is not None])
        .mark_rule(strokeWidth=1.5, strokeOpacity=0.45)
        .encode(x=x, y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q"), color=colour),
        data.layer(front)
        .mark_line(color=BEST, strokeWidth=1.5, strokeDash=[4, 3], interpolate="step-after")
        .encode(x=x, y=y, order=alt.Order("cost:Q")),
        every.mark_point(size=70, strokeWidth=2, opacity=1).encode(
            x=x, y=y, stroke=colour, fill=fixed("Fill", PAPER), description=alt.Description("says:N")
        ),
        every.mark_point(size=70, strokeWidth=0, opacity=1).encode(
            x=x, y=y, fill=alt.Fill("fill:N", scale=None), description=alt.Description("says:N")
        ),
        data.layer([row for row in rows if row["text"]])
        .mark_text(align="left", baseline="bottom", dx=7, dy=-5, color=INK)
        .encode(x=x, y=y, text=alt.Text("text:N")),
    ]
    return data.framed(layers, width, height, margins)


def _cost_axis(costs: Sequence[float], unit: str, ticks: int) -> Any:
    import altair as alt

    is_log = min(costs) > 0 and max(costs) / min(costs) >= LOG_FROM
    title = f"{unit} for each item{', logarithmic' if is_log else ''}"
    if is_log:
        scale = alt.Scale(type="log", domain=[min(costs) / 1.3, max(costs) * 1.3], nice=False)
    else:
        scale = alt.Scale(domain=[0, max(costs) * 1.05 or 1.0], nice=False)
    axis = alt.Axis(title=title, tickCount=ticks, titlePadding=10, format="~s" if max(costs) >= 1000 else "~g")
    return alt.X("cost:Q", scale=scale, axis=axis)


def _values(point: CostPoint, *, is_narrow: bool) -> dict[str, Any]:
    colour = ACCENT if point.is_pick else BEST if point.on_front else OTHER
    short = str(point.number) if is_narrow else f"{point.number}  {label_of(point.label, 34)}"
    return {
        "cost": point.cost,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "front": point.on_front,
        "colour": colour,
        "fill": "transparent" if point.is_hollow else colour,
        "text": short if point.number else "",
        "says": f"{label_of(point.label, 100)}: {point.value:.3f} at {point.cost:.4g}",
    }
