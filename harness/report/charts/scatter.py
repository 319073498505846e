"""The numbers of one cell against those of people: a dot for each pair of numbers, larger for more items."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.confusion import WIDTH
from harness.report.charts.frame import ChartData, Margins
from harness.report.charts.palette import BEST, LINE

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 260
MOST_DOTS = 600
"""With more different pairs of numbers, they are gathered on a grid."""
GRID = 40
"""Steps of that grid along each axis."""
LARGEST = 8.0
"""Radius of the dot with most items, in pixels."""


class Scatter(NamedTuple):
    """The numbers of a cell.

    Attributes:
        pairs: of each item with a label and a number: people's number, the judge's.
        low: the least number of both axes.
        high: the greatest.
    """

    pairs: tuple[tuple[float, float], ...]
    low: float
    high: float


def scatter_of(pairs: Iterable[tuple[float, float]], scale: tuple[float, float]) -> Scatter:
    """Numbers with the axes that hold them and the scale of the judge."""
    found = tuple(pairs)
    ends = [*scale, *(value for pair in found for value in pair)]
    return Scatter(found, min(ends), max(ends))


def scatter_chart(scatter: Scatter, width: int = WIDTH) -> alt.LayerChart:
    """Dots over the line where judge and people agree."""
    import altair as alt

    data, margins = ChartData(), Margins(46, 12, 12, 44)
    domain = [scatter.low, scatter.high]
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    x = alt.X("people:Q", scale=scale, axis=alt.Axis(title="people", tickCount=6, grid=True))
    y = alt.Y("judge:Q", scale=scale, axis=alt.Axis(title="judge", tickCount=6, grid=True))
    line = data.layer({"people": end, "judge": end} for end in domain)
    dots = data.layer(_dots(scatter))
    layers: list[Any] = [
        line.mark_line(color=LINE, strokeWidth=1.5).encode(x=x, y=y),
        dots.mark_circle(color=BEST, opacity=0.55).encode(
            x=x, y=y, size=alt.Size("area:Q", scale=None), description=alt.Description("says:N")
        ),
    ]
    return data.framed(layers, width, HEIGHT, margins)


def _dots(scatter: Scatter) -> list[dict[str, Any]]:
    counts = Counter(scatter.pairs)
    if len(counts) > MOST_DOTS:
        counts = Counter((_gathered(scatter, one), _gathered(scatter, other)) for one, other in scatter.pairs)
    most = max(counts.values(), default=1)
    return [
        {
            "people": people,
            "judge": judge,
            "area": math.pi * max(2.0, LARGEST * math.sqrt(count / most)) ** 2 if most > 1 else 28.0,
            "says": f"people {people:.4g}, judge {judge:.4g}: {count:,} {'item' if count == 1 else 'items'}",
        }
        for (people, judge), count in sorted(counts.items())
    ]


def _gathered(scatter: Scatter, value: float) -> float:
    step = (scatter.high - scatter.low) / GRID or 1.0
    return scatter.low + round((value - scatter.low) / step) * step
