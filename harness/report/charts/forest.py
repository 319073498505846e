"""A forest plot: a value with its interval for each row, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.report.charts.frame import NARROW, WIDE, Margins, data_of, domain_of, framed
from harness.report.charts.palette import BEST, INK, MUTED, OTHER, PAPER
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

HEADER, LEFT, RIGHT = 26, 330, 236
"""Room for the header, the labels and the figures of a wide chart, in pixels."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest plot.

    Attributes:
        label: on the left, such as the strategy and the evaluator of a cell.
        value: the estimate, None where undefined.
        low: lower end of the interval, None where there is none.
        high: upper end of the interval.
        text: the figures in words, on the right.
        note: a last column, such as the rank range.
        colour: of the row.
        is_hollow: whether its point is hollow: a simulated model.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    note: str = ""
    colour: str = BEST
    is_hollow: bool = False


@dataclass(frozen=True, slots=True)
class Forest:
    """A forest plot.

    Attributes:
        title: of the axis.
        note: header of the last column, "" for none.
        rows: from top to bottom.
        line_after: rows above a dividing line, None for no line.
        line_text: what the line divides.
        reference: a vertical line, None for none.
    """

    title: str
    note: str
    rows: Sequence[ForestRow]
    line_after: int | None = None
    line_text: str = ""
    reference: float | None = None


def forest_chart(forest: Forest, width: int = WIDE) -> alt.LayerChart:
    """A forest plot with labels on the left and figures on the right; above each other where it is narrow."""
    is_narrow = width <= NARROW
    step = 46 if is_narrow else 24
    margins = Margins(8, 8, 8, 44) if is_narrow else Margins(LEFT, HEADER, RIGHT, 44)
    plot, height = width - margins.left - margins.right, max(1, len(forest.rows)) * step
    rows = [_values(row, at, step, is_narrow=is_narrow) for at, row in enumerate(forest.rows)]
    layers = [
        *_guides(forest, rows, height, plot, is_narrow=is_narrow),
        *_marks(forest, rows, height),
        *_texts(forest, rows, height, plot, is_narrow=is_narrow),
    ]
    return framed(layers, width, height, margins)


def _values(row: ForestRow, at: int, step: int, *, is_narrow: bool) -> dict[str, Any]:
    middle = (at + 0.5) * step
    return {
        "label": label_of(row.label, 30 if is_narrow else 48),
        "value": row.value,
        "low": row.low,
        "high": row.high,
        "text": row.text,
        "note": row.note,
        "short": " · ".join(filter(None, [row.text.partition(" [")[0], row.note])),
        "colour": row.colour,
        "fill": "transparent" if row.is_hollow else row.colour,
        "y": middle + 10 if is_narrow else middle,
        "caption": middle - 8,
        "says": ": ".join([label_of(row.label, 200), ", ".join(filter(None, [row.text, row.note]))]),
    }


def _scales(forest: Forest, height: int) -> tuple[Any, Any]:
    import altair as alt

    ends = [end for row in forest.rows for end in (row.value, row.low, row.high)]
    include = () if forest.reference is None else (forest.reference,)
    axis = alt.Axis(title=forest.title, titlePadding=10, tickCount=6, titleAnchor="middle")
    x = {"scale": alt.Scale(domain=domain_of(ends, include=include), nice=False, zero=False), "axis": axis}
    return x, alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)


def _guides(
    forest: Forest, rows: Sequence[dict[str, Any]], height: int, plot: int, *, is_narrow: bool
) -> list[alt.Chart]:
    """The vertical reference and the line that divides the rows."""
    import altair as alt

    x, y = _scales(forest, height)
    found = []
    if forest.reference is not None:
        mark = alt.Chart(data_of([{"at": forest.reference}])).mark_rule(color=MUTED, strokeDash=[3, 3])
        found.append(mark.encode(x=alt.X("at:Q", **x)))
    if forest.line_after is not None:
        at = forest.line_after * height / max(1, len(rows))
        left, right = (0, plot) if is_narrow else (8 - LEFT, plot + RIGHT - 8)
        divided = alt.Chart(data_of([{"y": at, "text": forest.line_text}]))
        shared = alt.Y("y:Q", scale=y, axis=None)
        found.append(
            divided.mark_rule(color=MUTED, strokeWidth=1).encode(x=alt.value(left), x2=alt.value(right), y=shared)
        )
    return found


def _marks(forest: Forest, rows: Sequence[dict[str, Any]], height: int) -> list[alt.Chart]:
    import altair as alt

    x, y = _scales(forest, height)
    shared = alt.Y("y:Q", scale=y, axis=None)
    colour = alt.Color("colour:N", scale=None)
    says = alt.Description("says:N")
    bars = alt.Chart(data_of([row for row in rows if row["low"] is not None and row["high"] is not None]))
    points = alt.Chart(data_of([row for row in rows if row["value"] is not None]))
    return [
        bars.mark_rule(strokeWidth=2.5, strokeCap="round").encode(
            x=alt.X("low:Q", **x), x2="high:Q", y=shared, color=colour, description=says
        ),
        points.mark_point(size=62, strokeWidth=2, opacity=1).encode(
            x=alt.X("value:Q", **x), y=shared, stroke=colour, fill=alt.value(PAPER), description=says
        ),
        points.mark_point(size=62, strokeWidth=0, opacity=1).encode(
            x=alt.X("value:Q", **x), y=shared, fill=alt.Fill("fill:N", scale=None), description=says
        ),
    ]


def _texts(forest: Forest, rows: Sequence[dict[str, Any]], height: int, plot: int, *, is_narrow: bool) -> list[Any]:
    import altair as alt

    _, y = _scales(forest, height)
    at, caption = (alt.Y(f"{name}:Q", scale=y, axis=None) for name in ("y", "caption"))
    line = alt.Chart(data_of(rows))

    def column(text: str, x: int, where: alt.Y, align: Literal["left", "right"], colour: str) -> Any:
        return line.mark_text(align=align, baseline="middle", color=colour).encode(
            x=alt.value(x), y=where, text=alt.Text(f"{text}:N")
        )

    if is_narrow:
        return [
            column("label", 0, caption, "left", INK),
            column("short", plot, caption, "right", MUTED),
        ]
    header = alt.Chart(data_of([{"text": "", "note": forest.note}]))
    return [
        column("label", 8 - LEFT, at, "left", INK),
        column("text", plot + 14, at, "left", INK),
        *([column("note", plot + RIGHT - 8, at, "right", MUTED)] if forest.note else []),
        header.mark_text(align="right", baseline="bottom", color=MUTED).encode(
            x=alt.value(plot + RIGHT - 8), y=alt.value(-4), text="note:N"
        ),
    ]


def rank_colour(row: dict[str, Any] | Any) -> str:
    """The colour of a row of a leaderboard: cells that can be the best stand out."""
    ranks = row["rank"]
    return OTHER if ranks is not None and ranks["best"] > 1 else BEST
