"""The leaderboard of an evaluation for a terminal: the columns that matter, one line for each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.leaderboard.escalation import ESCALATED, any_escalated, escalated
from harness.leaderboard.headline import headlines
from harness.leaderboard.interval_bar import axis_of, bar, bar_header
from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.leaderboard.short_notes import notes_to_show
from harness.leaderboard.slices import slice_summaries
from harness.leaderboard.tables import Field, Form, Marked, Summary, SummaryTable
from harness.leaderboard.view import (
    ABSTAINED,
    CONSISTENCY,
    Board,
    Remarks,
    Row,
    cell_names,
    cost,
    datasets,
    ends_top_group,
    failures,
    has_one_strategy,
    metric_names,
    rank,
)
from harness.scoring.soft_metric import gain_of

BARS = ((40, 12), (61, 20), (66, 32))
"""Priority and width of the bars."""


def summary_of(board: Board) -> Summary:
    """The summary of a leaderboard, a table for each dataset."""
    remarks = Remarks()
    tables = []
    for (dataset, rows), headline in zip(datasets(board), headlines(board), strict=True):
        last_of_top = ends_top_group(rows)
        fields = list(_fields(board, rows, remarks))
        top_rows = None if last_of_top is None else last_of_top + 1
        tables.append(SummaryTable(_title(dataset, rows), dataset, headline.sentence, fields, top_rows))
    tables += slice_summaries(board, remarks)
    return Summary(tables, notes_to_show(board, remarks))


def _title(dataset: str, rows: Sequence[Row]) -> str:
    """The dataset and what all its rows have in common."""
    parts = [f"n = {rows[0]['n']:,}"] if len({row["n"] for row in rows}) == 1 else []
    parts += [f"strategy {rows[0]['strategy']}"] if has_one_strategy(rows) else []
    parts += ["simulated"] if all(row["simulated"] for row in rows) else []
    return f"{dataset} ({', '.join(parts)})" if parts else dataset


def _fields(board: Board, rows: Sequence[Row], remarks: Remarks) -> Iterator[Field]:
    metric = board["metric"]
    figures = [row["metrics"][metric] for row in rows]
    tops = [row["rank"] is not None and row["rank"]["best"] == 1 for row in rows]
    yield Field([Form("rank", [_best(rank(row), top) for row, top in zip(rows, tops, strict=True)])])
    names = [_best(name, top) for name, top in zip(cell_names(rows), tops, strict=True)]
    yield Field([Form("cell", names)], is_number=False, is_name=True)
    marks = [remarks.marks(figure) for figure in figures]
    yield Field([Form(metric, _values(figures, form, marks), at) for form, at in ((".2f", 0), (".3f", 50))])
    axis = axis_of(figures)
    if axis:
        bars = [Form(bar_header(axis, wide), [bar(one, axis, wide) for one in figures], at) for at, wide in BARS]
        yield Field(bars, is_number=False)
    yield from _differences(board, rows)
    for other in metric_names(board)[1:]:
        found = [row["metrics"][other] for row in rows]
        marks = [remarks.marks(figure) for figure in found]
        values = [value_only(figure) + mark for figure, mark in zip(found, marks, strict=True)]
        yield Field([Form(other, values, 20), Form(other, _values(found, ".2f", marks), 60)])
    for name, header in CONSISTENCY.items():
        if any(name in row["companions"] for row in rows):
            shares = [value_only(row["companions"][name]) if name in row["companions"] else "" for row in rows]
            yield Field([Form(header, shares, 45)])
    yield from _counts(rows)


def _counts(rows: Sequence[Row]) -> Iterator[Field]:
    """The columns of counts and cost: those that differ or are not zero."""
    if len({row["n"] for row in rows}) > 1:
        yield Field([Form("n", [f"{row['n']:,}" for row in rows])])
    failed = [sum(row["failures"].values()) for row in rows]
    if any(failed):
        counts = [Marked(f"{count:,}", "failure") if count else "0" for count in failed]
        kinds = [Marked(failures(row), "failure") if count else "0" for row, count in zip(rows, failed, strict=True)]
        yield Field([Form("failed", counts), Form("failed", kinds, 64)])
    if any(row["abstained"] for row in rows):
        yield Field([Form(ABSTAINED, [str(row["abstained"]) for row in rows], 46)])
    has_cascades = any_escalated(rows)  # whose shares and costs are what one compares
    if has_cascades:
        yield Field([Form(ESCALATED, [escalated(row) for row in rows], 5)])
    if any(row["cost_usd"] for row in rows):
        yield Field([Form("USD", [cost(row) for row in rows], 7 if has_cascades else 35)])
    if any(row["cost_usd"] for row in rows) or len({row["mode"] for row in rows}) > 1:
        yield Field([Form("calls", [f"{row['calls']:,}" for row in rows], 47)])


def _differences(board: Board, rows: Sequence[Row]) -> Iterator[Field]:
    """The differences to the best cell or to a baseline, from the value alone to the value with its interval."""
    found = [row["metrics"][board["metric"]].get("difference") for row in rows]
    if any(found):
        header = "vs baseline" if board.get("against") else "vs best"
        yield Field(difference_forms(header, found, board["metric"]))


def difference_forms(header: str, found: Sequence[Any], metric: str) -> list[Form]:
    """Differences as a column: the values alone, with intervals, and with intervals of three decimals.

    Args:
        header: name of the column.
        found: differences as the schema describes them, None for what is compared with itself.
        metric: whose differences they are.
    """
    forms = ((10, False, "+.2f"), (30, True, "+.2f"), (55, True, "+.3f"))
    return [
        Form(header, [_difference(one, form, metric, with_ends=ends) for one in found], at) for at, ends, form in forms
    ]


def _difference(found: Any, form: str, metric: str, *, with_ends: bool) -> str:
    if found is None:
        return ""
    if found["value"] is None:
        return UNDEFINED
    low, high = (found["low"], found["high"]) if with_ends else (None, None)
    text = with_interval(found["value"], low, high, form)
    return Marked(text, "worse") if found["is_distinguishable"] and gain_of(metric, found["value"]) < 0 else text


def _values(figures: Sequence[Any], form: str, marks: Sequence[str]) -> list[str]:
    """Figures with their intervals and the numbers of their remarks."""
    texts = (
        UNDEFINED if figure["value"] is None else with_interval(figure["value"], figure["low"], figure["high"], form)
        for figure in figures
    )
    return [text + mark for text, mark in zip(texts, marks, strict=True)]


def value_only(figure: Any) -> str:
    """A figure with two decimals and without its interval."""
    return UNDEFINED if figure["value"] is None else with_interval(figure["value"], None, None, ".2f")


def _best(text: str, is_top: bool) -> str:
    return Marked(text, "best") if is_top else text
