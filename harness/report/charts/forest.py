"""A forest plot: a value with its interval for each row, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.report.charts.frame import NARROW, WIDE, ChartData, Margins, domain_of, fixed
from harness.report.charts.palette import BEST, INK, MUTED, OTHER, PAPER
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

HEADER, LEFT, RIGHT = 26, 330, 236
"""Room for the header, the labels and the figures of a wide chart, in pixels."""


LINE, LONG_LINE = 46, 60
"""Characters of a label, and of each of two lines of one."""


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
        is_heading: whether its label is that of the rows below it, in bold.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    text: str
    note: str = ""
    colour: str = BEST
    is_hollow: bool = False
    is_heading: bool = False


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
    data = ChartData()
    layers = [
        *_guides(data, forest, Size(plot, height), is_narrow=is_narrow),
        *_marks(data, forest, rows, height),
        *_texts(data, forest, rows, Size(plot, height), is_narrow=is_narrow),
    ]
    return data.framed(layers, width, height, margins)


def label_lines(text: str) -> list[str]:
    """A label in one line, or in two of a smaller font, broken where a jury or its strategy can be."""
    text = label_of(text, 2 * LONG_LINE)
    if len(text) <= LINE:
        return [text]
    breaks = [at + 1 for at, one in enumerate(text) if one in "+ /"]
    at = min(breaks or [len(text) // 2], key=lambda place: abs(place - len(text) // 2))
    return [label_of(part, LONG_LINE) for part in (text[:at], text[at:])]


def _values(row: ForestRow, at: int, step: int, *, is_narrow: bool) -> dict[str, Any]:
    middle = (at + 0.5) * step
    one_line = is_narrow or row.is_heading
    lines = [label_of(row.label, 38 if is_narrow else LINE)] if one_line else label_lines(row.label)
    return {
        "label": lines[0] if len(lines) == 1 and not row.is_heading else "",
        "heading": lines[0] if row.is_heading else "",
        "upper": lines[0] if len(lines) > 1 else "",
        "lower": lines[1] if len(lines) > 1 else "",
        "upper_y": middle - 6,
        "lower_y": middle + 6,
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


class Size(NamedTuple):
    """Of the plot, in pixels."""

    width: int
    height: int


def _scales(forest: Forest, height: int) -> tuple[Any, Any]:
    import altair as alt

    ends = [end for row in forest.rows for end in (row.value, row.low, row.high)]
    include = () if forest.reference is None else (forest.reference,)
    axis = alt.Axis(title=forest.title, titlePadding=10, tickCount=6, titleAnchor="middle")
    x = {"scale": alt.Scale(domain=domain_of(ends, include=include), nice=False, zero=False), "axis": axis}
    return x, alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)


def _guides(data: ChartData, forest: Forest, size: Size, *, is_narrow: bool) -> list[Any]:
    """The vertical reference and the line that divides the rows."""
    import altair as alt

    x, y = _scales(forest, size.height)
    found = []
    if forest.reference is not None:
        mark = data.layer([{"at": forest.reference}]).mark_rule(color=MUTED, strokeDash=[3, 3])
        found.append(mark.encode(x=alt.X("at:Q", **x)))
    if forest.line_after is not None:
        at = forest.line_after * size.height / max(1, len(forest.rows))
        left, right = (0, size.width) if is_narrow else (8 - LEFT, size.width + RIGHT - 8)
        divided = data.layer([{"y": at, "text": forest.line_text}])
        shared = alt.Y("y:Q", scale=y, axis=None)
        found.append(
            divided.mark_rule(color=MUTED, strokeWidth=1).encode(x=fixed("X", left), x2=fixed("X2", right), y=shared)
        )
    return found


def _marks(data: ChartData, forest: Forest, rows: Sequence[dict[str, Any]], height: int) -> list[Any]:
    import altair as alt

    x, y = _scales(forest, height)
    shared = alt.Y("y:Q", scale=y, axis=None)
    colour = alt.Color("colour:N", scale=None)
    says = alt.Description("says:N")
    bars = data.layer([row for row in rows if row["low"] is not None and row["high"] is not None])
    points = data.layer([row for row in rows if row["value"] is not None])
    return [
        bars.mark_rule(strokeWidth=2.5, strokeCap="round").encode(
            x=alt.X("low:Q", **x), x2=alt.X2("high:Q"), y=shared, color=colour, description=says
        ),
        points.mark_point(size=62, strokeWidth=2, opacity=1).encode(
            x=alt.X("value:Q", **x), y=shared, stroke=colour, fill=fixed("Fill", PAPER), description=says
        ),
        points.mark_point(size=62, strokeWidth=0, opacity=1).encode(
            x=alt.X("value:Q", **x), y=shared, fill=alt.Fill("fill:N", scale=None), description=says
        ),
    ]


def _texts(
    data: ChartData, forest: Forest, rows: Sequence[dict[str, Any]], size: Size, *, is_narrow: bool
) -> list[Any]:
    import altair as alt

    _, y = _scales(forest, size.height)
    at, caption, upper, lower = (
        alt.Y(f"{name}:Q", scale=y, axis=None) for name in ("y", "caption", "upper_y", "lower_y")
    )
    line = data.layer(rows)

    def column(
        text: str, x: int, where: alt.Y, align: Literal["left", "right"] = "left", colour: str = INK, font: float = 12
    ) -> Any:
        weight: Literal["bold", "normal"] = "bold" if text == "heading" else "normal"
        mark = line.mark_text(align=align, baseline="middle", color=colour, fontSize=font, fontWeight=weight)
        return mark.encode(x=fixed("X", x), y=where, text=alt.Text(f"{text}:N"))

    has_headings = any(row.is_heading for row in forest.rows)

    if is_narrow:
        return [
            column("label", 0, caption, "left", INK),
            *([column("heading", 0, caption)] if has_headings else []),
            column("short", size.width, caption, "right", MUTED),
        ]
    header = data.layer([{"text": "", "note": forest.note}])
    return [
        column("label", 8 - LEFT, at),
        *([column("heading", 8 - LEFT, at)] if has_headings else []),
        column("upper", 8 - LEFT, upper, font=10),
        column("lower", 8 - LEFT, lower, font=10),
        column("text", size.width + 14, at, "left", INK),
        *([column("note", size.width + RIGHT - 8, at, "right", MUTED)] if forest.note else []),
        header.mark_text(align="right", baseline="bottom", color=MUTED).encode(
            x=fixed("X", size.width + RIGHT - 8), y=fixed("Y", -4), text=alt.Text("note:N")
        ),
    ]


def rank_colour(row: dict[str, Any] | Any) -> str:
    """The colour of a row of a leaderboard: cells that can be the best stand out."""
    ranks = row["rank"]
    return OTHER if ranks is not None and ranks["best"] > 1 else BEST
