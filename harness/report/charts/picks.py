"""Which draft the loops picked: the share of each round for each system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.charts.frame import NARROW, WIDE, ChartData, Margins, fixed
from harness.report.charts.palette import INK
from harness.report.charts.svg import label_of

if TYPE_CHECKING:
    import altair as alt

SHADES = ("#c3ddee", "#8fc1e0", "#4f9fcd", "#0072b3", "#00517f")
"""Of the rounds, from the first to the last; later rounds share the last one."""
NONE = "#d55e00"
"""Of loops without a draft."""


class Picks(NamedTuple):
    """How often each draft of a system was picked.

    Attributes:
        label: the system.
        counts: by draft, from the first.
        without: loops without a draft.
    """

    label: str
    counts: Sequence[int]
    without: int


def picks_chart(systems: Sequence[Picks], width: int = WIDE) -> alt.LayerChart:
    """A bar for each system, divided by the draft that was picked."""
    import altair as alt

    is_narrow = width <= NARROW
    step = 46 if is_narrow else 28
    margins = Margins(8, 8, 8, 44) if is_narrow else Margins(330, 8, 60, 44)
    height, data = max(1, len(systems)) * step, ChartData()
    ends = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    axis = alt.Axis(
        title="share of the prompts, by the draft that was picked", format="%", tickCount=5, titlePadding=10
    )
    x = alt.X("start:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    parts = data.layer(part for at, one in enumerate(systems) for part in _parts(one, at, step, is_narrow=is_narrow))
    labels = data.layer(
        {"label": label_of(one.label, 40), "y": at * step + (12 if is_narrow else step / 2)}
        for at, one in enumerate(systems)
    )
    layers: list[Any] = [
        parts.mark_rect().encode(
            x=x, x2=alt.X2("end:Q"), y=alt.Y("y:Q", scale=ends, axis=None), y2=alt.Y2("y2:Q"),
            fill=alt.Fill("shade:N", scale=None), description=alt.Description("says:N"),
        ),
        parts.mark_text(align="center", baseline="middle", fontSize=11).encode(
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, 1])), y=alt.Y("centre:Q", scale=ends, axis=None),
            text=alt.Text("text:N"), color=alt.Color("ink:N", scale=None),
        ),
        labels.mark_text(align="left", baseline="middle", color=INK).encode(
            x=fixed("X", 0 if is_narrow else -322), y=alt.Y("y:Q", scale=ends, axis=None), text=alt.Text("label:N")
        ),
    ]  # fmt: skip
    return data.framed(layers, width, height, margins)


def _parts(one: Picks, at: int, step: int, *, is_narrow: bool) -> list[dict[str, Any]]:
    total = sum(one.counts) + one.without
    top = at * step + (22 if is_narrow else 3)
    found, start = [], 0
    names = [*(f"draft {number}" for number in range(1, len(one.counts) + 1)), "no draft"]
    for number, (name, count) in enumerate(zip(names, [*one.counts, one.without], strict=True)):
        if not count:
            continue
        shade = NONE if number == len(one.counts) else SHADES[min(number, len(SHADES) - 1)]
        found.append(
            {
                "start": start / total,
                "end": (start + count) / total,
                "middle": (start + count / 2) / total,
                "y": top,
                "y2": (at + 1) * step - 3,
                "centre": (top + (at + 1) * step - 3) / 2,
                "shade": shade,
                "ink": "#14181c" if number < 3 and shade != NONE else "#fffffe",
                "text": (str(number + 1) if number < len(one.counts) else "–") if count / total > 0.04 else "",
                "says": f"{label_of(one.label, 80)}, {name}: {count} of {total}",
            }
        )
        start += count
    return found
