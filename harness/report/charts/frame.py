"""The frame of every chart: size, margins, fonts and axes, none of which depend on the fonts of a machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.report.charts.palette import FAINT, FONT, INK, LINE, MUTED

if TYPE_CHECKING:
    import altair as alt

WIDE, NARROW = 1040, 350
"""Widths of a chart in pixels, for screens and for phones."""


class Margins(NamedTuple):
    """Room around the plot, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


class ChartData:
    """The rows of the layers of a chart, held once: Altair copies what a layer holds at every step."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def layer(self, rows: Iterable[dict[str, Any]]) -> alt.Chart:
        """A layer over some rows, without a mark."""
        import altair as alt

        name = f"rows-{len(self._rows) + 1}"
        self._rows[name] = list(rows)
        return alt.Chart(alt.NamedData(name=name))

    def framed(self, layers: Sequence[Any], width: int, height: int, margins: Margins) -> alt.LayerChart:
        """Layers as one chart of a fixed size.

        Args:
            layers: drawn over each other, in their order.
            width: of the whole chart in pixels, margins included.
            height: of the plot in pixels, without margins.
            margins: around the plot.
        """
        import altair as alt

        chart: Any = alt.layer(*layers)
        # Set, not by its methods: each of those copies the whole chart.
        chart.width, chart.height = width - margins.left - margins.right, height
        chart.autosize, chart.padding = alt.AutoSizeParams(type="none"), margins._asdict()
        chart.config = alt.Config(
            font=FONT,
            background="transparent",
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(
                labelColor=MUTED,
                titleColor=MUTED,
                labelFontSize=11,
                titleFontSize=12,
                titleFontWeight="normal",
                gridColor=FAINT,
                domainColor=LINE,
                tickColor=LINE,
                labelLimit=0,
            ),
            text=alt.MarkConfig(color=INK, fontSize=12),
        )
        chart.datasets = self._rows
        framed: alt.LayerChart = chart
        return framed


def fixed(channel: Literal["X", "X2", "Y", "Y2", "Fill", "Stroke", "Color"], value: float | str) -> Any:
    """A channel with one value for all rows. `altair.value` makes the same, and reads the whole schema to find it."""
    import altair as alt

    return getattr(alt, f"{channel}Value")(value)


def domain_of(values: Iterable[float | None], *, include: Sequence[float] = (), step: float = 0.1) -> list[float]:
    """The ends of an axis: the values and some others, rounded outwards to a step."""
    known = [value for value in values if value is not None] + list(include)
    if not known:
        return [0.0, 1.0]
    low, high = math.floor(round(min(known) / step, 9)) * step, math.ceil(round(max(known) / step, 9)) * step
    return [round(low, 9), round(high if high > low else low + step, 9)]
