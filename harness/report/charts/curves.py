"""Curves of scores against labels: the ROC curve with the chosen threshold, and the reliability of probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.confusion import WIDTH
from harness.report.charts.frame import ChartData, Margins
from harness.report.charts.palette import BEST, LINE, PAPER, WORSE
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 340
MOST_RADIUS = 8.0
"""Of the dot of the bin with most items, in pixels."""


class RocPoint(NamedTuple):
    """A threshold, or what one reaches on other items.

    Attributes:
        negative: recall of the negative label.
        positive: recall of the positive label.
        threshold: items with this score or more have the positive label; None for a point off the curve.
    """

    negative: float
    positive: float
    threshold: float | None = None


class Roc(NamedTuple):
    """The curve of a cell.

    Attributes:
        labels: the negative and the positive one.
        points: of the curve, by ascending threshold.
        chosen: the threshold that was chosen, on the items that it was chosen on; None for none.
        held_out: the same on items that it was not chosen on; None where that is not known.
    """

    labels: tuple[str, str]
    points: Sequence[RocPoint]
    chosen: RocPoint | None = None
    held_out: RocPoint | None = None


class Bin(NamedTuple):
    """A bin of probabilities: their mean, the share that people give with its interval, and how many items."""

    predicted: float
    observed: float | None
    low: float | None
    high: float | None
    n: int


def roc_chart(roc: Roc, width: int = WIDTH) -> alt.LayerChart:
    """The curve over the line of chance, with the chosen threshold marked."""
    import altair as alt

    data = ChartData()
    negative, positive = (label_of(name, 24) for name in roc.labels)
    x = _axis(alt.X, "x", f"{negative} that gets {positive} (1 - recall of {negative})")
    y = _axis(alt.Y, "y", f"recall of {positive}")
    order = alt.Order("at:Q")
    ends = [RocPoint(0.0, 1.0), *roc.points, RocPoint(1.0, 0.0)]
    curve = data.layer({"x": 1 - one.negative, "y": one.positive, "at": at} for at, one in enumerate(ends))
    layers: list[Any] = [
        _diagonal(data, x, y),
        curve.mark_line(color=BEST, strokeWidth=2, interpolate="linear").encode(x=x, y=y, order=order),
    ]
    for point, fill, text in ((roc.held_out, PAPER, "held out"), (roc.chosen, WORSE, "chosen")):
        if point is not None:
            below = 30 if text == "held out" and _is_near(roc.chosen, point) else 14
            layers += _marked(data, point, fill, (_says(roc.labels, point, text), text), below)
    return data.framed(layers, width, HEIGHT, Margins(50, 12, 14, 46))


def reliability_chart(bins: Sequence[Bin], width: int = WIDTH) -> alt.LayerChart:
    """The share that people give in each bin of probabilities, with its interval, over the line where both are equal.

    Args:
        bins: with items.
        width: in pixels.
    """
    import altair as alt

    data = ChartData()
    x, y = _axis(alt.X, "x", "mean probability of the evaluator"), _axis(alt.Y, "y", "share that people give")
    known = [one for one in bins if one.observed is not None]
    most = max((one.n for one in known), default=1)
    whiskers = data.layer({"x": one.predicted, "y": one.low, "high": one.high} for one in known if one.low is not None)
    dots = data.layer(
        {
            "x": one.predicted,
            "y": one.observed,
            "area": math.pi * max(2.5, MOST_RADIUS * math.sqrt(one.n / most)) ** 2,
            "says": f"probability {one.predicted:.2f}, people {one.observed:.2f}: {one.n:,} items",
        }
        for one in known
    )
    layers: list[Any] = [
        _diagonal(data, x, y),
        whiskers.mark_rule(color=BEST, strokeWidth=1.5).encode(x=x, y=y, y2=alt.Y2("high:Q")),
        dots.mark_circle(color=BEST, opacity=1).encode(
            x=x, y=y, size=alt.Size("area:Q", scale=None), description=alt.Description("says:N")
        ),
    ]
    return data.framed(layers, width, HEIGHT, Margins(50, 12, 14, 46))


def _axis(channel: Any, field: str, title: str) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[0, 1], nice=False, zero=True)
    return channel(f"{field}:Q", scale=scale, axis=alt.Axis(title=title, tickCount=6, grid=True, format=".1f"))


def _diagonal(data: ChartData, x: Any, y: Any) -> Any:
    line = data.layer({"x": end, "y": end} for end in (0.0, 1.0))
    return line.mark_line(color=LINE, strokeWidth=1.5).encode(x=x, y=y)


def _says(labels: tuple[str, str], point: RocPoint, how: str) -> str:
    negative, positive = (label_of(name, 24) for name in labels)
    where = "" if point.threshold is None else f" threshold {point.threshold:.6g}:"
    return f"{how}{where} recall of {positive} {point.positive:.3f}, of {negative} {point.negative:.3f}"


def _is_near(one: RocPoint | None, other: RocPoint) -> bool:
    """Whether the texts of two points would lie over each other."""
    return one is not None and abs(one.negative - other.negative) < 0.3 and abs(one.positive - other.positive) < 0.06


def _marked(data: ChartData, point: RocPoint, fill: str, texts: tuple[str, str], below: int) -> list[Any]:
    """A dot with its text below, on the side where there is room."""
    import altair as alt

    says, text = texts
    row = {"x": 1 - point.negative, "y": point.positive, "says": says, "text": text}
    if text == "chosen" and point.threshold is not None:
        row["text"] = f"{text}: {point.threshold:.6g}"
    is_right = point.negative >= 0.4
    dot = data.layer([row]).mark_circle(size=90, color=fill, stroke=WORSE, strokeWidth=2, opacity=1)
    name = data.layer([row]).mark_text(align="left" if is_right else "right", dx=10 if is_right else -10, dy=below)
    return [
        dot.encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), description=alt.Description("says:N")),
        name.encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text=alt.Text("text:N")),
    ]
