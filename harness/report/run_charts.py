"""The charts of a run by name, for notebooks: those of the pages, as Altair charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.leaderboard.view import Row, datasets, metric_names, sorted_by
from harness.report.charts.confusion import confusion_chart
from harness.report.charts.cost import cost_chart
from harness.report.charts.forest import forest_chart
from harness.report.charts.frame import WIDE
from harness.report.charts.heatmap import heatmap_chart
from harness.report.charts.picks import picks_chart
from harness.report.charts.svg import check_installed
from harness.report.pages.agreement import MOST_CELLS, heatmap_of
from harness.report.pages.cells import confusion_of
from harness.report.pages.cost import costed_cells, unit_of
from harness.report.pages.differences import difference_forest
from harness.report.pages.generation import picks_of, win_rate_forest
from harness.report.pages.overview import forest_of
from harness.report.pages.slices import kept_columns, slice_forest, slices_by
from harness.report.run_source import RunSource
from harness.text import listed, quoted, suggestion

if TYPE_CHECKING:
    import altair as alt

OTHERS = ("differences", "cost", "agreement", "confusion", "slices")
"""Charts of an evaluation beside those of its metrics."""
LOOPS = ("win-rate", "drafts")
"""Charts of a generation."""

Make = Callable[[RunSource, str, list[Row], int], Any]


def chart_names(source: RunSource) -> list[str]:
    """The names of the charts of a run: its metrics and others."""
    return list(LOOPS) if source.kind == "generation" else [*metric_names(source.board), *OTHERS]


def chart_of(source: RunSource, name: str, part: str | None = None, width: int = WIDE) -> alt.LayerChart:
    """A chart of a run.

    Args:
        source: the run.
        name: one of `chart_names`.
        part: name of the dataset; of the opponent for `win-rate`, the cell for `confusion`, the column for `slices`.
            None for the first one, and the best cell.
        width: of the chart in pixels.

    Raises:
        InputError: where there is no such chart or part, or Altair is not installed.
    """
    check_installed()
    names = chart_names(source)
    if name not in names:
        raise InputError(
            f"this run has no chart {quoted(name)}", hint=suggestion(name, names) or f"known: {listed(names)}"
        )
    if source.kind == "generation":
        return _of_generation(source, name, part, width)
    if name in _OF_PARTS:
        drawn: alt.LayerChart = _OF_PARTS[name](source, part, width)
        return drawn
    board = sorted_by(source.board, name) if name in metric_names(source.board) else source.board
    groups = dict(datasets(board))
    dataset, rows = _chosen(groups, part, "dataset")
    if name in _MAKERS:
        chart: alt.LayerChart = _MAKERS[name](source, dataset, rows, width)
        return chart
    return forest_chart(forest_of(board, rows), width)


def _of_generation(source: RunSource, name: str, part: str | None, width: int) -> alt.LayerChart:
    board = source.board
    if name == "drafts":
        return picks_chart([picks_of(one) for one in board["systems"]], width)
    _, found = _chosen({one["opponent"]: one for one in reversed(board["boards"])}, part, "opponent")
    return forest_chart(win_rate_forest(found, board["score"]), width)


def _chosen(groups: Mapping[str, Any], part: str | None, noun: str) -> tuple[str, Any]:
    """The part of that name, or the first one."""
    if not groups:
        raise InputError(f"this run has no {noun}")
    if part is not None and part not in groups:
        raise InputError(f"this run has no {noun} {quoted(part)}", hint=suggestion(part, groups))
    key = next(iter(groups)) if part is None else part
    return key, groups[key]


def _differences(source: RunSource, dataset: str, rows: list[Row], width: int) -> Any:
    return forest_chart(difference_forest(source.metric, rows), width)


def _cost(source: RunSource, dataset: str, rows: list[Row], width: int) -> Any:
    unit = unit_of(rows)
    points = [one.point for one in costed_cells(rows, source.metric, unit) if one.point is not None]
    if not points:
        raise InputError(f"no cell of {dataset} has both a cost and a value of {source.metric}")
    return cost_chart(points, source.metric, unit, width)


def _agreement(source: RunSource, dataset: str, rows: list[Row], width: int) -> Any:
    return heatmap_chart(heatmap_of(source, dataset, rows[:MOST_CELLS]), width)


def _confusion(source: RunSource, part: str | None, width: int) -> Any:
    rows = {row["cell"]: row for _, rows in source.groups for row in rows}
    short = {cell.partition("/")[2]: row for cell, row in reversed(rows.items())}
    _, row = _chosen(rows if part is None or part in rows else short, part, "cell")
    return confusion_chart(confusion_of(row), min(width, MOST_CONFUSION))


def _slices(source: RunSource, part: str | None, width: int) -> Any:
    columns = kept_columns(source)
    named = [found["column"] for found in source.board.get("slices", ())]
    column, _ = _chosen(dict.fromkeys([*named, *columns]), part, "column")
    found = slices_by(source, column)[0]
    rows = next(rows for name, rows in source.groups if name == found["dataset"])
    return forest_chart(slice_forest(source.metric, rows, found)[0], width)


MOST_CONFUSION = 480
"""Width of the chart of a confusion, in pixels."""
_OF_PARTS: Mapping[str, Callable[[RunSource, str | None, int], Any]] = {"confusion": _confusion, "slices": _slices}
_MAKERS: Mapping[str, Make] = {"differences": _differences, "cost": _cost, "agreement": _agreement}
