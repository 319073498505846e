"""The confusion of one cell: labels as rows, verdicts and failures as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.frame import ChartData, Margins, fixed
from harness.report.charts.heatmap import SHADES
from harness.report.charts.palette import FAINT, INK, MUTED

if TYPE_CHECKING:
    import altair as alt

WIDTH = 350
"""Of a chart beside its table, in pixels; a phone shows the same."""
STEP = 44


class Confusion(NamedTuple):
    """The confusion of a cell.

    Attributes:
        labels: of the rows.
        verdicts: of the columns; the first ones are the labels, in their order.
        counts: rows × columns, in items.
    """

    labels: Sequence[str]
    verdicts: Sequence[str]
    counts: Sequence[Sequence[int]]


def confusion_chart(confusion: Confusion, width: int = WIDTH) -> alt.LayerChart:
    """Squares with their count and share of the label, darker for a larger share; a frame where both are the same."""
    import altair as alt

    data, margins = ChartData(), Margins(62, 40, 8, 8)
    step = (width - margins.left - margins.right) / max(1, len(confusion.verdicts))
    height = STEP * max(1, len(confusion.labels))
    across = alt.Scale(domain=[0, step * len(confusion.verdicts)], nice=False, zero=False)
    down = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    squares = data.layer(_squares(confusion, step))
    rows = data.layer({"text": text, "y": (at + 0.5) * STEP} for at, text in enumerate(confusion.labels))
    columns = data.layer({"text": text, "x": (at + 0.5) * step} for at, text in enumerate(confusion.verdicts))
    titles = data.layer([{"labels": "label", "verdicts": "verdict"}])
    x, y = alt.X("x:Q", scale=across, axis=None), alt.Y("y:Q", scale=down, axis=None)

    def text(name: str, size: int, shift: int) -> Any:
        mark = squares.mark_text(align="center", baseline="middle", fontSize=size, dy=shift)
        return mark.encode(
            x=alt.X("middle_x:Q", scale=across, axis=None), y=alt.Y("middle_y:Q", scale=down, axis=None),
            text=alt.Text(f"{name}:N"), color=alt.Color("ink:N", scale=None),
        )  # fmt: skip

    layers: list[Any] = [
        squares.mark_rect(strokeWidth=2).encode(
            x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q"), fill=alt.Fill("shade:N", scale=None),
            stroke=alt.Stroke("frame:N", scale=None), description=alt.Description("says:N"),
        ),
        text("count", 13, -7),
        text("share", 11, 9),
        rows.mark_text(align="left", baseline="middle", color=INK).encode(
            x=fixed("X", -56), y=y, text=alt.Text("text:N")
        ),
        columns.mark_text(align="center", baseline="bottom", color=INK).encode(
            x=x, y=fixed("Y", -5), text=alt.Text("text:N")
        ),
        titles.mark_text(align="left", baseline="bottom", color=MUTED).encode(
            x=fixed("X", -56), y=fixed("Y", -5), text=alt.Text("labels:N")
        ),
        titles.mark_text(align="left", baseline="bottom", color=MUTED).encode(
            x=fixed("X", 2), y=fixed("Y", -22), text=alt.Text("verdicts:N")
        ),
    ]  # fmt: skip
    return data.framed(layers, width, height, margins)


def _squares(confusion: Confusion, step: float) -> list[dict[str, Any]]:
    found = []
    for row, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        total = sum(counts)
        for column, (verdict, count) in enumerate(zip(confusion.verdicts, counts, strict=True)):
            share = count / total if total else 0.0
            shade = SHADES[min(len(SHADES) - 1, int(share * len(SHADES)))] if count else FAINT
            text = f"{100 * share:.0f} %" if total else ""
            found.append(
                {
                    "x": column * step + 2,
                    "x2": (column + 1) * step - 2,
                    "y": row * STEP + 2,
                    "y2": (row + 1) * STEP - 2,
                    "middle_x": (column + 0.5) * step,
                    "middle_y": (row + 0.5) * STEP,
                    "shade": shade,
                    "frame": INK if row == column else shade,
                    "ink": _ink(shade),
                    "count": f"{count:,}",
                    "share": text,
                    "says": f"label {label}, verdict {verdict}: {count:,} of {total:,}",
                }
            )
    return found


def _ink(shade: str) -> str:
    """The colour of a text on a shade; on the faint one it follows the page, which may be dark."""
    return INK if shade == FAINT else "#fffffe" if shade == SHADES[-1] else "#14181c"
