"""Soft win rates: the mean probability of a win by an evaluator, by shares of annotators, and by both."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from harness.analysis.correct.correct import correct
from harness.analysis.correct.document import correction_json
from harness.analysis.correct.given_labels import LabelSource
from harness.api.verdict_table import TableQuestion, score_tables
from harness.records.document import Document
from harness.runner.run_reader import Judged, read_judged
from harness.spec.schema import check
from harness.statistics.prediction_powered import corrected_mean

N, LABELLED = 60, 40


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    random = np.random.default_rng(0)
    truth = random.uniform(0.1, 0.9, N)
    votes = random.binomial(5, truth)
    labelled = np.arange(N) < LABELLED
    return pl.DataFrame(
        {
            "id": [str(n) for n in range(N)],
            "p": [None if n == 3 else one for n, one in enumerate(np.clip(truth + random.normal(0.1, 0.1, N), 0, 1))],
            "hard": np.where(truth > 0.5, "a", "b"),
            "va": pl.Series([int(one) if here else None for one, here in zip(votes, labelled, strict=True)]),
            "vb": pl.Series([int(5 - one) if here else None for one, here in zip(votes, labelled, strict=True)]),
            "pair": [str(n // 2) for n in range(N)],
        }
    )


def judged(table: pl.DataFrame, folder: Path, **question: object) -> Judged:
    table.write_csv(folder / "t.csv")
    asked = TableQuestion(("soft=p_a:p", "hard"), ("a:va,b:vb",), **question)  # type: ignore[arg-type]
    return read_judged(score_tables([folder / "t.csv"], asked, results=folder / "results").folder)


@pytest.fixture(scope="module")
def run(table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judged(table, tmp_path_factory.mktemp("soft"))


def test_the_rate_is_the_mean_probability_and_its_standard_error_that_of_a_mean(run, table):
    (found,) = correct(run).datasets
    assert found.soft is not None
    p = 1 - table["p"].drop_nulls().to_numpy()  # of response b
    soft = found.soft.cells["t/recorded/judge:soft"]
    assert (soft.judge.value, soft.judge.n) == (pytest.approx(p.mean()), N - 1)
    assert soft.error == pytest.approx(p.std(ddof=1) / np.sqrt(N - 1))
    assert soft.judge.low < p.mean() < soft.judge.high
    shares = (table["vb"] / 5).drop_nulls()
    assert (found.soft.human.value, found.soft.human.n) == (pytest.approx(shares.mean()), LABELLED)
    hard = found.soft.cells["t/recorded/judge:hard"]
    assert hard.judge.value == pytest.approx(found.cells[1].rates["half"].judge.value)


def test_the_corrected_rate_is_the_prediction_powered_mean(run, table):
    (found,) = correct(run).datasets
    assert found.soft is not None
    p = 1 - table["p"].to_numpy().astype(float)
    p = np.where(np.isnan(p), np.nanmean(p), p)
    y = (table["vb"] / 5).to_numpy()
    wanted = corrected_mean(y[:LABELLED], p[:LABELLED], p[LABELLED:])
    one = found.soft.cells["t/recorded/judge:soft"]
    assert one.corrected.value == pytest.approx(wanted.value)
    assert one.gain == pytest.approx(wanted.gain)
    assert one.gain is not None
    assert one.gain > 1
    assert one.corrected.low < wanted.value < one.corrected.high


def test_clusters_widen_and_the_document_matches_its_schema(table, tmp_path, run):
    twice = table.with_columns(pl.col("p", "va", "vb", "hard").first().over("pair"))
    of_clusters = judged(twice, tmp_path, cluster="pair")
    assert check(Document("", correction_json(correct(of_clusters))), "correct") == []
    (found,) = correct(of_clusters).datasets
    assert found.soft is not None
    one = found.soft.cells["t/recorded/judge:soft"]
    (alone,) = correct(run).datasets
    assert alone.soft is not None
    p = 1 - twice["p"].to_numpy().astype(float)
    assert one.error == pytest.approx(np.nanstd(p[::2], ddof=1) / np.sqrt(np.isfinite(p[::2]).sum()), rel=1e-6)
    assert one.corrected.unit == "cluster"
    assert one.error > alone.soft.cells["t/recorded/judge:soft"].error


def test_labels_of_a_file_are_shares_of_its_annotators_and_few_have_no_interval(run, tmp_path):
    rows = [f"{n},{who},{'a' if (n + at) % 2 else 'b'}" for n in range(6) for at, who in enumerate(("x", "y", "z"))]
    (tmp_path / "labels.csv").write_text("id,annotator,label\n" + "\n".join(rows) + "\n")
    (found,) = correct(run, LabelSource(tmp_path / "labels.csv")).datasets
    assert found.soft is not None
    assert found.soft.human.value == pytest.approx(0.5)
    assert found.soft.human.reason == found.soft.cells["t/recorded/judge:soft"].corrected.reason != ""


def test_without_soft_verdicts_and_labels_there_is_no_soft_rate(run, table, tmp_path):
    table.with_columns(pl.lit("a").alias("label")).write_csv(tmp_path / "t.csv")
    asked = TableQuestion(("hard",), ("label",))
    hard = read_judged(score_tables([tmp_path / "t.csv"], asked, results=tmp_path / "results").folder)
    assert [one.soft for one in correct(hard).datasets] == [None]
    unlabelled = dataclasses.replace(asked, judges=("soft=p_a:p",), people=())
    bare = read_judged(score_tables([tmp_path / "t.csv"], unlabelled, results=tmp_path / "results").folder)
    (found,) = correct(bare).datasets
    assert found.soft is not None
    assert found.soft.cells["t/recorded/judge:soft"].corrected.reason == "no human labels"


def test_unequal_probabilities_weight_soft_rates(run, tmp_path):
    rows = [{"id": str(n), "label": "ab"[n % 2], "probability": 0.2 if n % 2 else 0.8} for n in range(40)]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = LabelSource(tmp_path / "labels.jsonl")
    (found,) = correct(run, source).datasets
    assert found.soft is not None
    assert found.soft.human.value == pytest.approx(5 / 6.25)
    one = found.soft.cells["t/recorded/judge:soft"]
    assert one.corrected.method == found.soft.human.method == "weighted"
    assert one.corrected.low < one.corrected.value < one.corrected.high
    assert check(Document("", correction_json(correct(run, source))), "correct") == []
    (tmp_path / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:6]))
    (few,) = correct(run, LabelSource(tmp_path / "few.jsonl")).datasets
    assert few.soft.human.low is None
    assert few.soft.human.reason
