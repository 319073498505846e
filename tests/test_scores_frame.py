"""Scores as a polars frame."""

import numpy as np
import polars as pl

from harness.hashing import rounded
from harness.runner.tables import SCORE_COLUMNS, scores_frame
from support.labelled import Labelled, judge, labels, score

CODES = labels(60)


def test_one_row_for_each_cell_and_figure():
    scores = score(Labelled(CODES), {"good": judge(CODES, 0.8), "poor": judge(CODES, 0.2, failing=0.2)}).scores
    frame = scores_frame(scores)
    assert frame.schema == pl.Schema(SCORE_COLUMNS)
    assert frame.height == sum(len(each.figures) for each in scores)
    kappa = frame.row(
        by_predicate=(pl.col("metric") == "kappa") & (pl.col("cell") == "fair/direct/judge:good"), named=True
    )
    figure = scores[0].figures["kappa"]
    assert kappa["value"] == rounded(figure.value)
    assert (kappa["low"], kappa["high"]) == (rounded(figure.low), rounded(figure.high))
    assert (kappa["models"], kappa["n"], kappa["seed"], kappa["reason"]) == (["good"], 60, figure.seed, None)


def test_undefined_is_null_and_types_stay():
    frame = scores_frame(score(Labelled(np.full(30, -1, dtype=np.int8)), {"m": CODES[:30]}).scores)
    assert frame.schema == pl.Schema(SCORE_COLUMNS)
    assert frame["value"].null_count() == frame.height
    assert set(frame["reason"]) == {"no reference labels"}
    assert scores_frame([]).schema == pl.Schema(SCORE_COLUMNS)
