"""The outcomes of a run as columns: one byte for each judgment, read lazily and without any text.

A million judgments take a megabyte here. Filters and the choice of the most telling items work on these columns; the
rows of a page are then read from the Parquet files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.data.parquet_bounds import checked
from harness.errors import RunFolderError
from harness.records.datasets import OPINION
from harness.records.label_set import LabelSet, label_set_from
from harness.report.items.rankings import people_ranking, tops_of
from harness.report.items.run_rows import RunFiles, reading
from harness.runner.run_check import RETRY
from harness.runner.run_folder import ITEMS, JUDGMENTS
from harness.statistics.codes import Codes


@dataclass(frozen=True, slots=True, eq=False)
class DatasetIndex:
    """The outcomes of one dataset.

    Attributes:
        name: of the dataset.
        cells: entries of the manifest, in canonical order.
        outcomes: items × cells, codes of the label set.
        flips: items × cells, whether the two orders of the responses led to different verdicts.
        reference: of each item, its position in the label set, −1 without labels.
        frame: `item`, `category` and `reference`, the reference label as text, of each item.
        labels: the label set.
        numbers: items × cells, the number of each cell, NaN where it failed; None where labels are classes.
        tops: of rankings, what each cell ranks first, items × cells, as text; None elsewhere.
        right: of rankings, whether what a cell ranks first is among the best by people, items × cells; None elsewhere.
    """

    name: str
    cells: tuple[Mapping[str, Any], ...]
    outcomes: Codes
    flips: NDArray[np.bool_]
    reference: Codes
    frame: pl.DataFrame
    labels: LabelSet
    numbers: NDArray[np.float64] | None = None
    tops: NDArray[np.str_] | None = None
    right: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def ids(self) -> pl.Series:
        """The ids of all items, in order."""
        return self.frame["item"]

    @property
    def categories(self) -> list[str]:
        """The categories that there are, sorted."""
        found: list[str] = self.frame["category"].cast(pl.String).drop_nulls().unique().sort().to_list()
        return found

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """How much the cells disagree on each item, 0 to 1.

        Of pairs four times the product of the shares of verdicts a and b; of single responses one less the sum of the
        squared shares of the labels, as a share of what equal shares would make it; of numbers their range, as a share
        of the scale; of rankings the share of the cells that do not rank first what most do.
        """
        if self.tops is not None:
            counts = [np.unique(row[row != ""], return_counts=True)[1] for row in self.tops]
            return np.array([1 - one.max() / one.sum() if one.size else 0.0 for one in counts], np.float64)
        if self.labels.scale is not None and self.numbers is not None:
            low, high = self.labels.scale
            known = np.ma.masked_invalid(self.numbers)
            return np.asarray((known.max(axis=1) - known.min(axis=1)).filled(0.0) / (high - low), np.float64)
        classes = len(self.labels.names)
        shares = np.stack([(self.outcomes == code).mean(axis=1) for code in range(classes)])
        if self.labels.is_pair:
            return np.asarray(4 * shares[0] * shares[-1], np.float64)
        answered = shares / np.maximum(shares.sum(axis=0), 1e-12)
        found = (1 - (answered**2).sum(axis=0)) * classes / (classes - 1)
        return np.where(shares.sum(axis=0) > 0, np.maximum(found, 0.0), 0.0)

    @property
    def is_failed(self) -> NDArray[np.bool_]:
        """Items × cells: whether the judgment failed."""
        return np.asarray(self.outcomes >= len(self.labels.names), np.bool_)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Items × cells: whether the verdict is the reference verdict."""
        found = self.outcomes == self.reference[:, None] if self.right is None else self.right
        return np.asarray(found, np.bool_)

    @property
    def is_wrong(self) -> NDArray[np.bool_]:
        """Items × cells: whether there is a verdict and it is not the reference verdict."""
        labelled = self.reference >= 0
        return np.asarray(~self.is_failed & ~self.is_right & labelled[:, None], np.bool_)

    @property
    def is_all_wrong(self) -> NDArray[np.bool_]:
        """Whether no cell has the reference verdict and at least one has another verdict."""
        has_right = self.is_right.any(axis=1)
        return np.asarray(self.is_wrong.any(axis=1) & ~has_right, np.bool_)


class RunIndex:
    """The outcomes of a run by dataset, each read when it is first needed.

    Args:
        source: the run folder, opened.
    """

    def __init__(self, source: RunFiles) -> None:
        self._source = source
        self._datasets: dict[str, DatasetIndex] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The datasets of the run, in the order of the spec."""
        return tuple(self._source.manifest["datasets"])

    @cached_property
    def labels(self) -> LabelSet:
        """The label set of the run."""
        return label_set_from(self._source.manifest.get("labels"))

    def dataset(self, name: str) -> DatasetIndex:
        """The outcomes of one dataset.

        Raises:
            RunFolderError: where a file of the run is missing, damaged or not what the manifest says.
        """
        if name not in self._datasets:
            self._datasets[name] = self._read(name)
        return self._datasets[name]

    def cells_of(self, name: str) -> list[str]:
        """The ids of the cells that judged a dataset, in canonical order."""
        return [entry["id"] for entry in self._cells if entry["dataset"] == name]

    @cached_property
    def _outcomes(self) -> Codes:
        """The outcomes of all judgments, in the order of the file."""
        folder = self._source.folder
        words = pl.Enum(self.labels.outcomes)
        with reading(folder):
            lazy = pl.scan_parquet(folder / JUDGMENTS)
            verdict = pl.col("verdict")
            if self.labels.is_ranking:
                verdict = pl.when(verdict.is_not_null()).then(pl.lit(self.labels.names[0]))
            found = lazy.select(pl.coalesce(verdict, "failure").cast(words).to_physical().cast(pl.Int8)).collect()
            runs = lazy.select(pl.col("cell").rle()).collect().to_series().struct.unnest()
        sizes = [self._source.manifest["datasets"][entry["dataset"]]["items"] for entry in self._cells]
        ids = [entry["id"] for entry in self._cells]
        if runs["value"].to_list() != ids or runs["len"].to_list() != sizes:
            message = f"{folder / JUDGMENTS} does not hold the judgments of its manifest"
            raise RunFolderError(message, hint=RETRY)
        return found.to_series().to_numpy()

    @property
    def _cells(self) -> Sequence[Mapping[str, Any]]:
        cells: Sequence[Mapping[str, Any]] = self._source.manifest["cells"]
        return cells

    def _read(self, name: str) -> DatasetIndex:
        size = self._source.manifest["datasets"][name]["items"]
        frame = _items(self._source.folder, name)
        if len(frame) != size:
            raise RunFolderError(f"{self._source.folder / ITEMS} does not hold the items of its manifest", hint=RETRY)
        start, cells, columns, flips, starts = 0, [], [], [], []
        for entry in self._cells:
            items = self._source.manifest["datasets"][entry["dataset"]]["items"]
            if entry["dataset"] == name:
                cells.append(entry)
                starts.append(start)
                columns.append(self._outcomes[start : start + items])
                flips.append(self._flips(entry, start, items))
            start += items
        if self.labels.is_number:
            reference = np.where(frame["reference"].is_null().to_numpy(), -1, 0).astype(np.int8)
        else:
            words = frame["reference"].cast(pl.Enum(self.labels.names))
            reference = words.to_physical().cast(pl.Int8).fill_null(-1).to_numpy()
        outcomes = np.column_stack(columns) if columns else np.zeros((size, 0), np.int8)
        flipped = np.column_stack(flips) if flips else np.zeros((size, 0), np.bool_)
        found = DatasetIndex(name, tuple(cells), outcomes, flipped, reference, frame, self.labels, self._numbers(name))
        return self._with_rankings(found, starts) if self.labels.is_ranking else found

    def _with_rankings(self, found: DatasetIndex, starts: Sequence[int]) -> DatasetIndex:
        """The outcomes of a dataset with what is ranked first, and people's rankings as reference labels."""
        folder, size = self._source.folder, len(found)
        with reading(folder):
            lazy = pl.scan_parquet(folder / ITEMS).filter(pl.col("dataset") == found.name)
            has_opinion = OPINION in lazy.collect_schema()
            opinions = (
                checked(lazy.select(OPINION).collect(), folder / ITEMS)[OPINION].to_list()
                if has_opinion
                else [None] * size
            )
            verdicts = pl.scan_parquet(folder / JUDGMENTS).select("verdict")
            texts = checked(verdicts.collect(), folder / JUDGMENTS)["verdict"]
        tops, right = tops_of([texts[start : start + size].to_list() for start in starts], opinions)
        people = pl.Series("reference", [people_ranking(scores) for scores in opinions], dtype=pl.String)
        return replace(found, frame=found.frame.with_columns(people), tops=tops, right=right)

    def _numbers(self, name: str) -> NDArray[np.float64] | None:
        """Items × cells: the numbers that the cells gave, NaN where they failed; None where labels are classes."""
        if not self.labels.is_number:
            return None
        ids = self.cells_of(name)
        with reading(self._source.folder):
            lazy = pl.scan_parquet(self._source.folder / JUDGMENTS).filter(pl.col("cell").is_in(ids))
            parts = lazy.select("cell", "score_a").collect().partition_by("cell", as_dict=True)
        return np.column_stack([parts[(one,)]["score_a"].fill_null(np.nan).to_numpy() for one in ids])

    def _flips(self, entry: Mapping[str, Any], start: int, items: int) -> NDArray[np.bool_]:
        """Whether the votes of the two orders differ, for a cell that asks in both."""
        if entry["order"] != "both":
            return np.zeros(items, np.bool_)
        votes, half = pl.col("votes"), pl.col("votes").list.len() // 2
        differ = votes.list.head(half).list.sort() != votes.list.tail(half).list.sort()
        with reading(self._source.folder):
            lazy = pl.scan_parquet(self._source.folder / JUDGMENTS).select("votes").slice(start, items)
            found = lazy.select(differ.fill_null(False)).collect()
        return found.to_series().to_numpy()


def _items(folder: Path, dataset: str) -> pl.DataFrame:
    """The ids, reference labels and categories of a dataset, in order."""
    with reading(folder):
        found = pl.scan_parquet(folder / ITEMS).filter(pl.col("dataset") == dataset)
        frame = checked(found.select("item", "reference", "category").collect(), folder / ITEMS)
        return frame.with_columns(pl.col("category").cast(pl.Categorical))
