"""A run folder, opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.api.experiment import board_tables
from harness.errors import RunFolderError
from harness.records.experiment import Spec
from harness.records.judgments import FAILURES
from harness.runner.find_run import find_run, newest_run
from harness.runner.run_check import check_run
from harness.runner.run_folder import (
    ENVIRONMENT,
    ITEMS,
    JUDGMENTS,
    LEADERBOARD,
    MANIFEST,
    SCORES,
    SPEC,
    read_frame,
    read_json,
)
from harness.text import html_list, html_table

if TYPE_CHECKING:
    import altair as alt
    import polars as pl


class Leaderboard(dict[str, Any]):
    """A leaderboard: a plain dictionary with a short repr, and the tables of the terminal as its view in a notebook."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.get('spec')} {self.get('run')}>"

    def _repr_html_(self) -> str:
        """The tables and the notes, every text escaped."""
        board = board_tables(self)
        tables = [html_table([column.name for column in one.columns], one.rows, one.title) for one in board.tables]
        return "".join([*tables, html_list(board.notes)])


@dataclass(frozen=True, slots=True, repr=False)
class FinishedRun:
    """A run folder, opened.

    Attributes:
        folder: where it is.
    """

    folder: Path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.folder.parent.name} {self.id}>"

    @property
    def id(self) -> str:
        """The run id, which is the folder's name."""
        return self.folder.name

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, every default written out."""
        return read_json(self.folder, SPEC)

    @property
    def manifest(self) -> dict[str, Any]:
        """Digests and versions."""
        return read_json(self.folder, MANIFEST)

    @property
    def leaderboard(self) -> Leaderboard:
        """The leaderboard as its schema describes it: `leaderboard`, or `win-rates` for a generation."""
        return Leaderboard(read_json(self.folder, LEADERBOARD))

    @property
    def environment(self) -> dict[str, Any]:
        """What differs between two runs with the same results: times, host, versions, calls made, spend."""
        return read_json(self.folder, ENVIRONMENT)

    def judgments_frame(self) -> pl.DataFrame:
        """One row for each judgment: cell, item, verdict or failure, scores, cache keys, tokens."""
        return read_frame(self.folder, JUDGMENTS)

    def items_frame(self) -> pl.DataFrame:
        """One row for each item: digest of its content, labels, cluster, who wrote the responses, their lengths."""
        return read_frame(self.folder, ITEMS)

    def scores_frame(self) -> pl.DataFrame:
        """One row for each cell and figure, with interval, n, method and seed."""
        return read_frame(self.folder, SCORES)

    def leaderboard_frame(self, *, wide: bool = False) -> pl.DataFrame:
        """One row for each row of the leaderboard, best first.

        Args:
            wide: give every column of the CSV. Otherwise `cell`, `strategy`, `evaluator`, the first metric with the
                ends of its interval as `low` and `high`, the range of its `rank`, `n` and `failed`, and `dataset` in
                front where there are several. The leaderboard of a generation is always wide.
        """
        import io

        import polars as pl

        from harness.leaderboard.formats import csv

        board = {key: value for key, value in self.leaderboard.items() if key != "slices"}
        frame = pl.read_csv(io.StringIO(csv.render(board_tables(board))))
        if wide or "metric" not in board:
            return frame
        metric = board["metric"]
        low, high = (pl.col(f"{metric}_rank_{end}") for end in ("best", "worst"))
        rank = pl.when(low == high).then(low.cast(pl.String)).otherwise(pl.format("{}–{}", low, high))
        return frame.select(
            *(["dataset"] if frame["dataset"].n_unique() > 1 else []),
            "cell",
            "strategy",
            "evaluator",
            metric,
            pl.col(f"{metric}_low").alias("low"),
            pl.col(f"{metric}_high").alias("high"),
            rank.alias("rank"),
            "n",
            pl.sum_horizontal(*FAILURES).alias("failed"),
        )

    def chart(self, name: str | None = None, part: str | None = None, *, width: int = 860) -> alt.LayerChart:
        """A chart of the run, as Altair draws it in a notebook.

        Args:
            name: a metric of the run (its first one by default), `differences`, `cost`, `agreement`, `confusion` or
                `slices`; of a generation `win-rate` (by default) or `drafts`.
            part: name of the dataset; of the opponent for `win-rate`, the cell for `confusion`, the column for
                `slices`. None for the first one, and the best cell.
            width: in pixels.

        Raises:
            InputError: where there is no such chart, or the extra `report` is not installed.
        """
        from harness.report.run_charts import chart_names, chart_of
        from harness.report.run_source import RunSource

        source = RunSource(self.folder)
        return chart_of(source, chart_names(source)[0] if name is None else name, part, width)

    def _repr_html_(self) -> str:
        """The leaderboard, as a notebook shows a run."""
        return self.leaderboard._repr_html_()


AnyRun: TypeAlias = FinishedRun | Spec | str | Path
"""A finished run, a run folder, or a spec or its file or name, which stand for the newest run."""


def folder_of(run: AnyRun, results: str | Path, allow_paths: Iterable[Path] = ()) -> Path:
    """The folder of a run.

    Raises:
        RunFolderError: where there is none, or one of its files is not as the run wrote it.
    """
    if isinstance(run, FinishedRun):
        return run.folder
    if isinstance(run, Spec):
        found = newest_run(run.name, Path(results))
        if found is None:
            raise RunFolderError(f"there is no run of {run.name} in {results}", hint="make one with `harness.run_spec`")
        check_run(found)
        return found
    return find_run(str(run), Path(results), allow_paths=allow_paths)


def open_run(run: AnyRun, results: str | Path = "results", *, allow_paths: Iterable[str | Path] = ()) -> FinishedRun:
    """Open a run folder, or the newest run of a spec.

    Args:
        run: a run folder, a spec, or its file or name.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by its file.

    Raises:
        RunFolderError: where there is none.
    """
    return FinishedRun(folder_of(run, results, tuple(map(Path, allow_paths))))
