"""Results as polars frames; the columns are declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from harness.data.number_labels import mean_numbers, number_texts
from harness.hashing import rounded
from harness.records.datasets import LENGTHS, OPINION, SLICE, SOFT_LABEL, Dataset
from harness.records.label_set import LabelSet
from harness.records.scores import CellScore

SCORE_COLUMNS = {
    "cell": pl.String(),
    "dataset": pl.String(),
    "strategy": pl.String(),
    "mode": pl.String(),
    "models": pl.List(pl.String()),
    "variant": pl.String(),
    "order": pl.String(),
    "repeats": pl.Int64(),
    "metric": pl.String(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "reason": pl.String(),
    "n": pl.Int64(),
    "items": pl.Int64(),
    "method": pl.String(),
    "resamples": pl.Int64(),
    "level": pl.Float64(),
    "seed": pl.String(),
    "unit": pl.String(),
    "units": pl.Int64(),
    "undefined_share": pl.Float64(),
    "design_effect": pl.Float64(),
    "systems": pl.Int64(),
    "flags": pl.List(pl.String()),
}
"""Of `scores.parquet`: one row for each cell and figure."""

ITEM_COLUMNS = {
    "dataset": pl.String(),
    "item": pl.String(),
    "content": pl.String(),
    "reference": pl.String(),
    "labels": pl.List(pl.String()),
    "cluster": pl.String(),
    "category": pl.String(),
    "model_a": pl.String(),
    "model_b": pl.String(),
    "length_a": pl.Int64(),
    "length_b": pl.Int64(),
}
"""Of `items.parquet`: one row for each item. `content` is a digest of the prompt and both responses, `reference` the
reference verdict, `labels` that of each annotator (a number as text that gives it back), and the lengths are those of
the responses in characters. Columns that `score: {by}` names follow as `slice.NAME`, as text, and where labels are
shares, `soft_label` is the share that prefers response a, half of the ties included. Where items have several
responses, `opinion` holds a score of people for each and `lengths` the length of each. Runs without any have no such
column."""


def items_frame(datasets: Mapping[str, Dataset]) -> pl.DataFrame:
    """One row for each item of some datasets, one after the other, in their order."""
    parts = [pl.DataFrame(schema=ITEM_COLUMNS)]
    for name, dataset in datasets.items():
        reference, columns = _label_columns(dataset)
        labels = pl.DataFrame(columns)
        listed = labels.select(pl.concat_list(pl.all())) if labels.width else None
        parts.append(
            dataset.facts().with_columns(
                pl.lit(name).alias("dataset"),
                reference,
                (
                    listed.to_series()
                    if listed is not None
                    else pl.Series([[]] * len(dataset), dtype=pl.List(pl.String))
                ).alias("labels"),
            )
        )
    kept = dict.fromkeys(name for part in parts for name in part.columns if name.startswith(SLICE))
    optional = [name for name in (SOFT_LABEL, OPINION, LENGTHS) if any(name in part.columns for part in parts)]
    return pl.concat(parts, how="diagonal").select(*ITEM_COLUMNS, *optional, *kept)


def _label_columns(dataset: Dataset) -> tuple[pl.Series, list[pl.Series]]:
    """The reference label of each item as text, and the labels of each annotator."""
    if dataset.label_set.is_number:
        numbers = dataset.numbers()
        reference, labels = number_texts(mean_numbers(numbers)), [number_texts(column) for column in numbers.T]
        named = [pl.Series(f"{at}", column, dtype=pl.String) for at, column in enumerate(labels)]
        return pl.Series("reference", reference, dtype=pl.String), named
    codes = dataset.annotator_codes().T
    named = [_named(f"{at}", column, dataset.label_set) for at, column in enumerate(codes)]
    return _named("reference", dataset.reference_codes(), dataset.label_set), named


def _named(name: str, codes: Any, labels: LabelSet) -> pl.Series:
    """Codes as the labels they stand for, null for −1."""
    words = dict(enumerate(labels.names))
    return pl.Series(name, codes).replace_strict(words, default=None, return_dtype=pl.String)


def scores_frame(scores: Iterable[CellScore]) -> pl.DataFrame:
    """One row for each cell and figure, in the order of the cells; floats have 12 significant digits."""
    rows = [
        (
            score.cell.id,
            score.cell.dataset,
            score.cell.strategy,
            score.cell.mode,
            list(score.cell.models),
            score.cell.variant,
            score.cell.order,
            score.cell.repeats,
            name,
            rounded(figure.value),
            rounded(figure.low),
            rounded(figure.high),
            figure.reason or None,
            figure.n,
            score.items,
            figure.method,
            figure.resamples,
            figure.level,
            figure.seed or None,
            figure.unit,
            figure.units,
            rounded(figure.undefined_share),
            rounded(figure.design_effect),
            figure.systems,
            list(figure.flags),
        )
        for score in scores
        for name, figure in score.figures.items()
    ]
    return pl.DataFrame(rows, schema=SCORE_COLUMNS, orient="row")
