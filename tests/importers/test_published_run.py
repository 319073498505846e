"""The imported study run through the whole harness: the published kappas come out of the run folder."""

from __future__ import annotations

import json

import polars as pl
import pytest

import harness
from harness.api import FinishedRun
from harness.api.verdict_table import TableQuestion, score_tables
from harness.importers._files import write_imported
from harness.importers.fellowship import read_study
from support.paths import PUBLISHED

KAPPAS = PUBLISHED / "MA-PO" / "Kappa" / "Fair-Eval"

pytestmark = pytest.mark.skipif(
    not (PUBLISHED / "MA-PO").is_dir(), reason=f"the published data are not at {PUBLISHED} (HARNESS_PUBLISHED_DATA)"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """One run of the imported spec, as its user would do it."""
    folder = tmp_path_factory.mktemp("fellowship")
    write_imported(read_study(PUBLISHED / "MA-PO", fair_eval=PUBLISHED / "FairEval"), folder)
    spec = harness.load_spec(folder / "fair-eval.yaml")
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results", environment={})


def published(name: str) -> list[tuple[list[str], float]]:
    return [(models, kappa) for models, kappa in json.loads((KAPPAS / name).read_text(encoding="utf-8"))]


def kappas(run: FinishedRun) -> dict[str, dict[str, object]]:
    """The rows of the figure `kappa`, by cell."""
    frame = run.scores_frame().filter(pl.col("metric") == "kappa")
    return {row["cell"]: row for row in frame.iter_rows(named=True)}


def test_the_six_judges_have_the_published_kappas_with_intervals(run):
    found = kappas(run)
    judges = published("llm-as-a-judge.json")
    assert len(judges) == 6
    for [model], kappa in judges:
        row = found[f"fair-eval/combined-10/judge:{model}"]
        assert row["value"] == pytest.approx(kappa, abs=1e-12)
        assert row["low"] < kappa < row["high"]
        assert row["n"] == 80


def test_all_juries_have_the_published_kappas(run):
    found = {frozenset(row["models"]): row for row in kappas(run).values() if row["mode"] == "jury"}
    juries = published("llms-as-a-jury.json")
    assert len(juries) == len(found) == 57
    for models, kappa in juries:
        assert found[frozenset(models)]["value"] == pytest.approx(kappa, abs=1e-12)


def test_no_judge_scores_both_responses_equal_so_that_no_rule_for_ties_concerns_a_jury(run):
    judged = run.judgments_frame().filter(pl.col("cell").str.contains("/judge:"))
    assert set(judged["verdict"]) == {"a", "b"}


def test_all_debates_have_the_published_kappas_with_intervals(run):
    found = kappas(run)
    debates = published("llm-debate.json")
    assert len(debates) == 6
    for [model], kappa in debates:
        row = found[f"fair-eval/debate-10/debate:{model}"]
        assert row["value"] == pytest.approx(kappa, abs=1e-12)
        assert row["low"] < kappa < row["high"]


def test_nothing_else_was_compared_and_nothing_failed(run):
    assert len(run.manifest["cells"]) == 6 + 57 + 6
    assert run.judgments_frame()["failure"].null_count() == run.manifest["judgments"] == len(run.judgments_frame())


def test_verdicts_written_to_a_table_and_scored_again_have_the_same_figures(run, tmp_path):
    judged = run.judgments_frame().filter(pl.col("cell").str.contains("/judge:"))
    verdicts = judged.with_columns(pl.col("cell").str.split(":").list.last().alias("judge"))
    table = verdicts.pivot("judge", index="item", values="verdict", maintain_order=True)
    labels = pl.read_parquet(run.folder / "items.parquet").select("item", "reference")
    table.join(labels, on="item", maintain_order="left").write_csv(tmp_path / "verdicts.csv")
    judges = tuple(name for name in table.columns if name != "item")
    question = TableQuestion(judges, ("reference",), item="item")
    again = score_tables([tmp_path / "verdicts.csv"], question, results=tmp_path / "results")
    wanted, found = (
        {
            (row["models"][0], row["metric"]): (row["value"], row["n"])
            for row in one.scores_frame().filter(mode="judge").iter_rows(named=True)
            if row["metric"] in ("kappa", "accuracy")
        }
        for one in (run, again)
    )
    assert len(judges) == 6
    assert found.keys() == wanted.keys()
    assert {key: value for key, value in found.items() if value != wanted[key]} == {}


def test_the_files_of_a_run_scored_again_as_rows_have_the_same_figures(run, tmp_path):
    question = TableQuestion((), ("reference",), item="item", judge_column="cell", fields="verdict")
    files = [run.folder / name for name in ("judgments.parquet", "items.parquet")]
    again = score_tables(files, question, results=tmp_path / "results")
    wanted = run.scores_frame().filter(metric="kappa")["value"].to_list()
    assert len(wanted) == 69
    assert again.scores_frame().filter(metric="kappa")["value"].to_list() == wanted
