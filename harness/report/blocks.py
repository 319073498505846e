"""What pages consist of: charts in two widths, and tables whose texts may be links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from harness.leaderboard.tables import Column, Table
from harness.report.charts.frame import NARROW, WIDE
from harness.report.charts.svg import svg_of

if TYPE_CHECKING:
    import altair as alt
    from markupsafe import Markup


SIMULATED = " (simulated)"
"""The mark of evaluators of a leaderboard, left out where all have it and the page says so above."""


class ChartBlock:
    """A chart for screens and for phones, of which the style sheet shows one; drawn when a template asks for it.

    Args:
        title: what it shows, in one sentence.
        make: the chart of a width in pixels.
    """

    def __init__(self, title: str, make: Callable[[int], alt.TopLevelMixin]) -> None:
        self.title, self._make = title, make

    @cached_property
    def wide(self) -> Markup:
        """For screens and paper."""
        return svg_of(self._make(WIDE), self.title, "wide")

    @cached_property
    def narrow(self) -> Markup:
        """For phones."""
        return svg_of(self._make(NARROW), self.title, "narrow")


class SmallChart:
    """A chart of one width, for screens and phones; drawn when a template asks for it.

    Args:
        title: what it shows, in one sentence.
        make: the chart.
    """

    def __init__(self, title: str, make: Callable[[], alt.TopLevelMixin]) -> None:
        self.title, self._make = title, make

    def made(self) -> alt.TopLevelMixin:
        """The chart before it is drawn."""
        return self._make()

    @cached_property
    def drawn(self) -> Markup:
        """The chart."""
        return svg_of(self._make(), self.title, "")


class TableText(NamedTuple):
    """A text in a table.

    Attributes:
        text: it.
        href: where it leads, None for nowhere.
        shade: from 0 to 1, how strongly its background is coloured; None for not at all.
        tone: class of its colour, such as `good`, "" for the usual one.
    """

    text: str
    href: str | None = None
    shade: float | None = None
    tone: str = ""

    @property
    def percent(self) -> int:
        """The shade in percent."""
        return round(100 * min(1.0, max(0.0, self.shade or 0.0)))


class TableBlock(NamedTuple):
    """A table of a page.

    Attributes:
        caption: what it shows.
        columns: from left to right.
        rows: one text for each column; the first is the header of the row.
        top_rows: rows above a dividing line, None for no line.
        line_text: what the line divides.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[TableText]]
    top_rows: int | None = None
    line_text: str = ""


def table_block(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str | TableText]]) -> TableBlock:
    """A table of texts and links."""
    return TableBlock(
        caption, columns, [[TableText(one) if isinstance(one, str) else one for one in row] for row in rows]
    )


def block_of(table: Table, hrefs: Sequence[str | None], link_column: int, line_text: str = "") -> TableBlock:
    """A table of a leaderboard as a table of a page.

    Args:
        table: the table.
        hrefs: where each row leads.
        link_column: the column whose text is the link.
        line_text: what the line of the table divides.
    """
    table = _named(table)
    marked = all(row[link_column].endswith(SIMULATED) for row in table.rows)
    rows = [
        [
            TableText(text.removesuffix(SIMULATED) if marked else text, href if at == link_column else None)
            for at, text in enumerate(row)
        ]
        for row, href in zip(table.rows, hrefs, strict=True)
    ]
    return TableBlock(table.title, table.columns, rows, table.top_rows, line_text)


def _named(table: Table) -> Table:
    """The table with a name for every column; an unnamed column at its end without any text is left out."""
    width = len(table.columns)
    if not table.columns[-1].name and not any(row[-1] for row in table.rows):
        width -= 1
    columns = [column if column.name else column._replace(name="note") for column in table.columns[:width]]
    return table._replace(columns=columns, rows=[row[:width] for row in table.rows])


def numbers(*names: str) -> list[Column]:
    """Columns of numbers."""
    return [Column(name, is_number=True) for name in names]
