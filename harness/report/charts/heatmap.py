"""A heat map: one value for each pair of a row and a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.frame import NARROW, WIDE, ChartData, Margins, fixed
from harness.report.charts.palette import FAINT, INK, MUTED
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Lower ends of the classes of colour."""
SHADES = ("#e8f1f8", "#c3ddee", "#8fc1e0", "#4f9fcd", "#0072b3")
"""Of the classes, from low to high."""
MOST_NUMBERED = 20
"""Rows up to which every square has its number."""


class Heatmap(NamedTuple):
    """A heat map with the same rows and columns.

    Attributes:
        labels: of the rows; columns have their numbers.
        values: rows × columns, None where undefined.
        what: name of the value.
    """

    labels: Sequence[str]
    values: Sequence[Sequence[float | None]]
    what: str


def heatmap_chart(heat: Heatmap, width: int = WIDE) -> alt.LayerChart:
    """A heat map; its rows are numbered, and its columns have the numbers of the rows."""
    import altair as alt

    data = ChartData()
    is_narrow = width <= NARROW
    size = max(1, len(heat.labels))
    left = 34 if is_narrow else 330
    step = min(36, (width - left - 10) // size)
    margins = Margins(left, 24, max(10, width - left - size * step), 8)
    ends = alt.Scale(domain=[0, size * step], range=[0, size * step], nice=False, zero=False)
    x, x2 = alt.X("x:Q", scale=ends, axis=None), alt.X2("x2:Q")
    y, y2 = alt.Y("y:Q", scale=ends, axis=None), alt.Y2("y2:Q")
    squares = data.layer(_squares(heat, step))
    numbered = data.layer(
        {"label": _label(at, text, is_narrow=is_narrow), "number": str(at + 1), "at": (at + 0.5) * step}
        for at, text in enumerate(heat.labels)
    )
    layers: list[Any] = [
        squares.mark_rect(strokeWidth=0).encode(
            x=x, x2=x2, y=y, y2=y2, fill=alt.Fill("shade:N", scale=None), description=alt.Description("says:N")
        ),
        numbered.mark_text(align="left", baseline="middle", color=INK).encode(
            x=fixed("X", 6 - left), y=alt.Y("at:Q", scale=ends, axis=None), text=alt.Text("label:N")
        ),
        numbered.mark_text(align="center", baseline="bottom", color=MUTED).encode(
            x=alt.X("at:Q", scale=ends, axis=None), y=fixed("Y", -6), text=alt.Text("number:N")
        ),
    ]
    if len(heat.labels) <= MOST_NUMBERED and not is_narrow:
        layers.append(
            squares.mark_text(align="center", baseline="middle", fontSize=11).encode(
                x=alt.X("middle_x:Q", scale=ends, axis=None),
                y=alt.Y("middle_y:Q", scale=ends, axis=None),
                text=alt.Text("text:N"),
                color=alt.Color("ink:N", scale=None),
            )
        )
    return data.framed(layers, width, size * step, margins)


def _label(at: int, text: str, *, is_narrow: bool) -> str:
    return str(at + 1) if is_narrow else f"{at + 1}  {label_of(text, 46)}"


def _squares(heat: Heatmap, step: int) -> list[dict[str, Any]]:
    found = []
    for row, values in enumerate(heat.values):
        for column, value in enumerate(values):
            if row == column:
                continue
            shade = (
                FAINT if value is None else SHADES[max(at for at, low in enumerate(STEPS) if at == 0 or value >= low)]
            )
            pair = f"{label_of(heat.labels[row], 80)} and {label_of(heat.labels[column], 80)}"
            text = "–" if value is None else f"{value:.2f}".replace("-", "\u2212")
            found.append(
                {
                    "x": column * step + 1,
                    "x2": (column + 1) * step - 1,
                    "y": row * step + 1,
                    "y2": (row + 1) * step - 1,
                    "middle_x": (column + 0.5) * step,
                    "middle_y": (row + 0.5) * step,
                    "shade": shade,
                    "ink": "#fffffe" if shade == SHADES[-1] else "#14181c",
                    "text": text,
                    "says": f"{pair}: {heat.what} {text}",
                }
            )
    return found
