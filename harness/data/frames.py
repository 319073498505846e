"""Datasets in a polars frame, whose items are made as they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import orjson
import polars as pl

from harness.data.column_names import PLACES, RESPONSE, RESPONSES
from harness.data.labels import Codes, label_codes, majority
from harness.data.number_labels import Array, number_texts, numbers_in
from harness.records.datasets import LENGTHS, OPINION, SLICE, SOFT_LABEL, Item, Message
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.rankings import ranking_of

ITEMS_HELD = 4_096
"""Rows turned into Python objects at once while items are made."""


class FrameDataset:
    """A dataset in a polars frame; items are made as they are asked for. It is a `harness.records.datasets.Dataset`.

    Args:
        name: the name that the spec gives it.
        digest: of the file's content and of how the spec reads it.
        frame: one row for each item, in the columns of `harness.data.columns`, without faults.
        annotators: names of those who labelled, in the order of the label columns.
        notes: what a reader of the results should know of how the file was read.
        label_set: the labels that items can have.
    """

    def __init__(
        self,
        name: str,
        digest: str,
        frame: pl.DataFrame,
        annotators: tuple[str, ...],
        *,
        notes: tuple[str, ...] = (),
        label_set: LabelSet = VERDICT_LABELS,
    ) -> None:
        self.name = name
        self.digest = digest
        self.annotators = annotators
        self.notes = notes
        self.label_set = label_set
        self._frame = _with_clusters(as_first_response(frame) if label_set.is_single else frame)
        self._labels: Codes | None = None
        self.clustered: bool = not self._frame["unit"].is_unique().all()

    def __len__(self) -> int:
        return len(self._frame)

    def with_responses(
        self, name: str, responses: tuple[Sequence[str], Sequence[str]], writers: tuple[str, str]
    ) -> FrameDataset:
        """The same prompts with two responses each.

        Args:
            name: of the new dataset.
            responses: texts a and b, one for each prompt.
            writers: who wrote response a, and who b.
        """
        material = hashlib.sha256(orjson.dumps([self.digest, *map(list, responses), *writers])).hexdigest()
        texts = (pl.Series(f"response_{side}", texts) for side, texts in zip("ab", responses, strict=True))
        models = (pl.lit(writer).alias(f"model_{side}") for side, writer in zip("ab", writers, strict=True))
        prompts = self._whole().drop(pl.selectors.matches(f"^{SOFT_LABEL}$"))
        return FrameDataset(name, material, prompts.with_columns(*texts, *models), ())

    def only(self, row: int) -> FrameDataset:
        """The item in one row, as a dataset of its own."""
        one = self._rows(row, row + 1).drop("unit")
        return FrameDataset(self.name, self.digest, one, self.annotators, label_set=self.label_set)

    def part(self, rows: Sequence[int]) -> FrameDataset:
        """Some rows, in the order given, with the digest of the whole."""
        frame = self._whole()[list(rows)]
        return FrameDataset(self.name, self.digest, frame, self.annotators, notes=self.notes, label_set=self.label_set)

    def prompts(self) -> pl.DataFrame:
        """The prompts as they are kept with a run: `item`, `prompt` (a JSON list of messages), cluster and category."""
        items = [(item.id, orjson.dumps(item.prompt).decode(), item.cluster, item.category) for item in self.items()]
        return pl.DataFrame(
            items, schema=dict.fromkeys(("item", "prompt", "cluster", "category"), pl.String), orient="row"
        )

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        """Items of the rows `start` to `stop`, made as they are asked for."""
        start, stop, _ = slice(start, stop).indices(len(self))
        for first in range(start, stop, ITEMS_HELD):
            last = min(first + ITEMS_HELD, stop)
            rows = self._rows(first, last)
            yield from _items(rows, _rankings(rows) if self.label_set.is_ranking else self._label_words(first, last))

    def ids(self) -> Sequence[str]:
        """The ids of all items, in order."""
        ids: list[str] = self._frame["id"].to_list()
        return ids

    def has_text(self, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each item has a text in its prompt or in a response, in any case."""
        return has_text(self._frame, text)

    def facts(self) -> pl.DataFrame:
        """Everything known about each item except its texts: its own columns of `harness.runner.tables.ITEM_COLUMNS`.

        The digest of an item's content shows whether an id means the same item in two datasets.
        """
        frame = self._frame
        names = ("category", "model_a", "model_b")
        return frame.select(
            pl.col("id").alias("item"),
            self._contents(),
            "cluster",
            *(pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name) for name in names),
            *self._lengths(),
            pl.col(f"^({OPINION}|{SOFT_LABEL}|{SLICE.replace('.', '[.]')}.*)$"),
        )

    def reference_codes(self) -> Codes:
        """The majority of each item's labels as position in the label set, −1 without one; 0 for a number.

        Of items with several responses it is `ranked` where people rank them.
        """
        if self.label_set.is_ranking:
            there = self._frame[OPINION].is_not_null() if OPINION in self._frame.columns else [False] * len(self)
            return np.where(np.asarray(there, bool), 0, -1).astype(np.int8)
        return majority(self.annotator_codes(), self.label_set)

    def annotator_codes(self) -> Codes:
        """Every annotator's label (items × annotators) as position in the label set, −1 where there is none."""
        return self._label_codes().copy()

    def numbers(self) -> Array:
        """Every annotator's label (items × annotators) where labels are numbers, NaN where there is none."""
        return numbers_in(self._frame, len(self.annotators))

    def _rows(self, first: int, last: int) -> pl.DataFrame:
        """The rows from one to the one before another, with their texts."""
        return self._frame.slice(first, last - first)

    def _whole(self) -> pl.DataFrame:
        """All rows with their texts, without what is made of them here."""
        return self._frame.drop("unit")

    def _contents(self) -> pl.Series:
        """The digest of each item's content."""
        sides = [RESPONSES] if self.label_set.is_ranking else ["response_a", "response_b"]
        return pl.Series("content", contents_of(self._frame.select("prompt", "is_chat", *sides)), dtype=pl.String)

    def _lengths(self) -> Iterable[pl.Expr | pl.Series]:
        """The lengths of each item's responses in characters."""
        return _lengths_of_lists(self._frame) if self.label_set.is_ranking else lengths_of_pairs()

    def _label_words(self, first: int, last: int) -> Iterable[tuple[str | None, ...]]:
        """The labels of some items as text."""
        if self.label_set.is_number:
            rows = self._frame.slice(first, last - first)
            return _zipped([number_texts(column) for column in numbers_in(rows, len(self.annotators)).T])
        words = (*self.label_set.names, None)  # the code −1, no label, finds the last
        return _zipped([[words[code] for code in each] for each in self._label_codes()[first:last].T.tolist()])

    def _label_codes(self) -> Codes:
        if self._labels is None:
            self._labels = label_codes(self._frame, len(self.annotators))
        return self._labels

    def cluster_codes(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The position of the first item of each item's cluster."""
        return self._frame["unit"].to_numpy().astype(np.int64)


def contents_of(texts: pl.DataFrame) -> list[str]:
    """The digest of the content of each item, from its texts."""
    return [hashlib.blake2b(orjson.dumps(row), digest_size=8).hexdigest() for row in texts.iter_rows()]


def has_text(frame: pl.DataFrame, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each row has a text in its prompt or in a response, in any case."""
    columns = [name for name in ("prompt", "response_a", "response_b", RESPONSES) if name in frame.columns]
    holds = (pl.col(name).str.to_lowercase().str.contains(text.lower(), literal=True) for name in columns)
    found = frame.lazy().select(pl.any_horizontal(*holds).fill_null(False)).collect().to_series()
    return np.asarray(found.to_numpy(), np.bool_)


def as_first_response(frame: pl.DataFrame) -> pl.DataFrame:
    """Single responses in the columns of pairs: each is response a, and response b is an empty text."""
    if RESPONSE not in frame.columns:
        return frame
    return frame.rename({RESPONSE: "response_a", "model": "model_a"}, strict=False).with_columns(
        pl.lit("").alias("response_b")
    )


def lengths_of_pairs() -> Iterator[pl.Expr]:
    """The lengths of both responses in characters."""
    for side in "ab":
        yield pl.col(f"response_{side}").str.len_chars().cast(pl.Int64).alias(f"length_{side}")


def _lengths_of_lists(frame: pl.DataFrame) -> Iterator[pl.Expr | pl.Series]:
    """The lengths of several responses in characters; the columns of pairs are null."""
    lengths = [[len(one) for one in orjson.loads(texts)] for texts in frame[RESPONSES]]
    yield from (pl.lit(None, pl.Int64).alias(name) for name in ("length_a", "length_b"))
    yield pl.Series(LENGTHS, lengths, dtype=pl.List(pl.Int64))


def _with_clusters(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `unit`, the position of the first row of each row's cluster, and `cluster` filled.

    Where the file names no cluster at all, rows with the same prompt are one, named by the id of its first row. Where
    it names some, a row without is a cluster of its own, named by its id.
    """
    frame = frame.with_columns(pl.int_range(len(frame), dtype=pl.Int64, eager=True).alias("unit"))
    own = pl.col("unit")
    if "cluster" in frame.columns and frame["cluster"].null_count() < len(frame):
        unit = pl.when(pl.col("cluster").is_null()).then(own).otherwise(own.first().over("cluster"))
        name = pl.coalesce("cluster", "id")
    else:
        unit = own.first().over("prompt", "is_chat")
        name = pl.col("id").gather(pl.col("unit"))
    return frame.with_columns(unit).with_columns(name.alias("cluster"))


def _items(rows: pl.DataFrame, labels: Iterable[tuple[str | None, ...]]) -> Iterator[Item]:
    """The items of some rows with the labels of each, column by column: an item costs a microsecond."""

    def column(name: str) -> Iterable[Any]:
        return rows[name].to_list() if name in rows.columns else repeat(None)

    is_many = RESPONSES in rows.columns
    sides = (repeat(""), repeat("")) if is_many else (column("response_a"), column("response_b"))
    lists = (tuple(orjson.loads(texts)) for texts in rows[RESPONSES].to_list()) if is_many else repeat(())

    return map(
        Item,
        column("id"),
        _prompts(rows),
        *sides,
        labels,
        column("cluster"),
        column("category"),
        column("model_a"),
        column("model_b"),
        column("reference"),
        lists,
        _places(rows, is_many=is_many),
    )


def _places(rows: pl.DataFrame, *, is_many: bool) -> Iterable[tuple[int, ...]]:
    """The place in the file of each response of each item."""
    if not is_many:
        return repeat(())
    if PLACES in rows.columns:
        return (tuple(places or ()) for places in rows[PLACES].to_list())
    return (tuple(range(len(orjson.loads(texts)))) for texts in rows[RESPONSES].to_list())


def _prompts(rows: pl.DataFrame) -> Iterator[tuple[Message, ...]]:
    for prompt, is_chat in zip(rows["prompt"].to_list(), rows["is_chat"].to_list(), strict=True):
        yield tuple(orjson.loads(prompt)) if is_chat else ({"role": "user", "content": prompt},)


def _zipped(columns: Sequence[Sequence[str | None]]) -> Iterable[tuple[str | None, ...]]:
    return zip(*columns, strict=True) if columns else repeat(())


def _rankings(rows: pl.DataFrame) -> Iterable[tuple[str, ...]]:
    """How people rank the responses of each item, as text; nothing where they do not."""
    if OPINION not in rows.columns:
        return repeat(())
    return (() if scores is None else (ranking_of(scores),) for scores in rows[OPINION].to_list())
