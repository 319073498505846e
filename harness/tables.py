"""Results as polars frames; the columns are declared here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from harness.digest import rounded
from harness.records import CellScore

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
