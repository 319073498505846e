"""The specs in `specs/published/`: the figures of studies come out of their own files, read by columns."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

import harness
from harness.api import FinishedRun
from harness.leaderboard.slices import with_slices
from support.paths import PUBLISHED, ROOT

SPECS = ROOT / "specs" / "published"
ALPACA_EVAL = PUBLISHED / "AlpacaEval"


def run_of(name: str, clone: str, folder: Path) -> FinishedRun:
    """The spec beside the clone that it reads, as its user would run it."""
    if not (PUBLISHED / clone).is_dir():
        pytest.skip(f"the published data are not at {PUBLISHED} (HARNESS_PUBLISHED_DATA)")
    shutil.copy(SPECS / f"{name}.yaml", folder)
    (folder / clone).symlink_to(PUBLISHED / clone, target_is_directory=True)
    spec = harness.load_spec(folder / f"{name}.yaml", allow_paths=[PUBLISHED])
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results", environment={}, offline=True)


def test_judgebench(tmp_path):
    run = run_of("judgebench", "JudgeBench", tmp_path)
    found = {
        (row["dataset"], row["models"][0]): round(100 * row["value"], 2)
        for row in pl.read_parquet(run.folder / "scores.parquet").filter(metric="accuracy").iter_rows(named=True)
    }
    assert {dataset: value for (dataset, model), value in found.items() if model == "o1-mini"} == {
        "mmlu-pro": 58.44,
        "livebench-reasoning": 62.24,
        "livebench-math": 82.14,
        "livecodebench": 78.57,
        "all": 65.71,
    }
    assert found["all", "skywork-reward-gemma-2-27b"] == 64.29
    (by_category,) = (
        one for one in with_slices(run.folder, run.leaderboard, ["category"])["slices"] if one["dataset"] == "all"
    )
    (o1_mini,) = (cell for cell in by_category["cells"] if "judge:o1-mini" in cell["cell"])
    values = {part["value"]: part["metrics"]["accuracy"]["value"] for part in o1_mini["slices"]}
    assert {name: round(100 * value, 2) for name, value in values.items() if value is not None} == {
        "livebench-reasoning": 62.24,
        "livebench-math": 82.14,
        "livecodebench": 78.57,
    }
    assert len(values) == 17  # the 14 subjects of MMLU-Pro have 11 items each: too few for a figure


def test_llmbar(tmp_path):
    run = run_of("llmbar", "LLMBar", tmp_path)
    folder = PUBLISHED / "LLMBar" / "Dataset" / "LLMBar" / "Natural" / "evaluators"
    ways = {"vanilla": "Vanilla", "cot": "CoT", "swap": "Swap", "swap-cot": "Swap_CoT", "rating": "Rating"}
    models = {"gpt-4": "GPT-4", "chatgpt": "ChatGPT"}
    judgments = pl.read_parquet(run.folder / "judgments.parquet").join(
        pl.read_parquet(run.folder / "items.parquet").select("item", "reference"), on="item"
    )
    right = judgments.group_by("cell").agg((pl.col("verdict") == pl.col("reference")).sum())
    found = dict(right.iter_rows())
    expected = {}
    for model, way in itertools.product(models, ways):
        statistics = json.loads((folder / models[model] / ways[way] / "statistics.json").read_text())
        for order, key in (("", "correct_False"), ("/swapped", "correct_True")):
            expected[f"natural/recorded/judge:{model}-{way}{order}"] = int(statistics[key].partition(" ")[0])
    assert found == expected


def test_auto_j(tmp_path):
    run = run_of("auto-j", "auto-j", tmp_path)
    given, swapped = (
        pl.read_parquet(run.folder / "judgments.parquet").filter(cell=cell)["verdict"]
        for cell in ("scenarios/direct/judge:auto-j", "scenarios/direct/judge:auto-j-exchanged/swapped")
    )
    people = pl.read_parquet(run.folder / "items.parquet")["reference"]
    assert len(people) == 1392
    assert round(100 * float(((given == people) & (swapped == people)).mean()), 2) == 54.96
    assert round(100 * float((given == swapped).mean()), 2) == 83.41
    rows = {row["models"][0]: row["metrics"]["accuracy"]["value"] for row in run.leaderboard["rows"]}
    found = {name: round(100 * value, 2) for name, value in rows.items()}
    assert found == {"auto-j": 59.99, "auto-j-exchanged": 60.63}


def published(model: str) -> dict[str, Any]:
    board = pl.read_csv(ALPACA_EVAL / "leaderboards" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv")
    return board.filter(pl.col("") == model).row(0, named=True)


def test_alpaca_eval(tmp_path):
    run = run_of("alpaca-eval-2", "AlpacaEval", tmp_path)
    judgments = pl.read_parquet(run.folder / "judgments.parquet")
    for model in ("claude-2.1", "gemma-7b-it"):
        expected = published(model)
        cell = judgments.filter(pl.col("cell") == f"{model}/recorded/judge:gpt-4-turbo-on-{model}")
        wins = 100 * (1 - cell["preference"].to_numpy())
        verdicts = dict(cell["verdict"].value_counts().iter_rows())
        assert verdicts["b"] == expected["n_wins"]
        assert verdicts["a"] == expected["n_wins_base"]
        assert verdicts["tie"] == expected["n_draws"]
        discrete = 100 * (verdicts["b"] + verdicts["tie"] / 2) / len(cell)
        figures = [wins.mean(), wins.std(ddof=1) / np.sqrt(len(wins)), discrete]
        columns = ["win_rate", "standard_error", "discrete_win_rate"]
        assert figures == pytest.approx([expected[name] for name in columns], abs=1e-6)
    for found in harness.correct(run)["datasets"]:
        model, expected = found["dataset"], published(found["dataset"])
        assert found["win_rate_of"]["of"] == model
        (cell,) = (one for one in found["cells"] if one["cell"].endswith(f"gpt-4-turbo-on-{model}"))
        (soft,) = (one for one in found["soft"]["cells"] if one["cell"] == cell["cell"])
        assert (cell["counts"]["won"], cell["counts"]["tied"]) == (expected["n_wins"], expected["n_draws"])
        printed = [soft["judge"]["value"], soft["standard_error"], cell["rates"]["half"]["judge"]["value"]]
        columns = ["win_rate", "standard_error", "discrete_win_rate"]
        assert [100 * value for value in printed] == pytest.approx([expected[name] for name in columns], abs=1e-6)
    rows = {row["cell"]: row["metrics"] for row in run.leaderboard["rows"]}
    for model, without in (("claude-2.1", 32.41), ("gemma-7b-it", 12.97)):
        found = rows[f"{model}/recorded/judge:gpt-4-turbo-on-{model}"]
        expected = published(model)
        assert 100 * (1 - found["soft-win-rate"]["value"]) == pytest.approx(expected["win_rate"], abs=1e-6)
        controlled = found["length-controlled-win-rate"]
        assert 100 * (1 - controlled["value"]) == pytest.approx(without, abs=0.005)
        # The published figure also has the difficulty of the instructions and a regulariser, which are not there.
        assert expected["win_rate"] < expected["length_controlled_winrate"] < 100 * (1 - controlled["value"])
    read, published_ = (
        judgments.filter(pl.col("cell") == f"claude-2.1/recorded/judge:{judge}-on-claude-2.1")["preference"].to_numpy()
        for judge in ("logprobs", "gpt-4-turbo")
    )
    assert np.abs(read - published_).max() < 1e-6


def test_judging_the_judges(tmp_path):
    run = run_of("judging-the-judges", "llm_eval", tmp_path)
    scores = pl.read_parquet(run.folder / "scores.parquet")
    kappas = {row["models"][0]: row["value"] for row in scores.filter(metric="kappa").iter_rows(named=True)}
    table = pl.read_csv(PUBLISHED / "llm_eval/results/TriviaQA_Judges_w_HumanJudgement_V2.csv", infer_schema=False)
    table = table.filter(pl.col("Human-Eval") != "")
    columns = {"gpt-4": "GPT-4", "llama-3-70b": "Llama3-70B", "llama-2-13b": "Llama-13B", "gemma-2b": "Gemma-2B"}
    expected = {name: cohen_kappa_score(table["Human-Eval"], table[column]) for name, column in columns.items()}
    assert {name: kappas[name] for name in columns} == pytest.approx(expected, abs=1e-12)
    assert {name: round(value, 3) for name, value in expected.items()} == {
        "gpt-4": 0.892,
        "llama-3-70b": 0.876,
        "llama-2-13b": 0.721,
        "gemma-2b": 0.05,
    }


def test_rewardbench_2_reads_its_format(tmp_path):
    """The format of the file on the Hub, with answers of the simulated world; its text is not in the repository."""
    from harness.providers.simulation.dataset import make_many

    rows = []
    for at, row in enumerate(make_many(3, 30)):
        ranked = sorted(range(len(row["responses"])), key=lambda place: -row["scores"][place])
        texts = [row["responses"][place] for place in ranked]
        right = 1 if at < 24 else 2
        rows.append(
            {
                "id": str(at),
                "prompt": row["prompt"],
                "chosen": texts[:right],
                "rejected": texts[right:],
                "num_correct": right,
                "num_incorrect": len(texts) - right,
                "total_completions": len(texts),
                "models": ["x"] * len(texts),
                "subset": "Ties" if right > 1 else "Math",
                "additional_metadata": {"category": None},
            }
        )
    (tmp_path / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    text = (SPECS / "rewardbench-2.yaml").read_text(encoding="utf-8")
    text = text.replace("hf://datasets/allenai/reward-bench-2@main/test", "test.jsonl")
    start, _, rest = text.partition("  gpt-4o-mini:\n")
    text = (
        f"{start}  gpt-4o-mini: {{provider: simulated, skill: 0.95}}\n\nstrategies:{rest.partition('strategies:')[2]}"
    )
    (tmp_path / "rewardbench-2.yaml").write_text(text, encoding="utf-8")
    spec = harness.load_spec(tmp_path / "rewardbench-2.yaml")
    run = harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "results")
    scores = pl.read_parquet(run.folder / "scores.parquet")
    found = {(row["dataset"], row["strategy"], row["metric"]): row for row in scores.iter_rows(named=True)}
    assert found["best-of-four", "rating-10", "top-1"]["n"] == 24
    assert found["best-of-four", "rating-10", "top-1"]["value"] > 0.5
    assert found["ties", "rating-10", "all-best"]["n"] == 6
    assert ("ties", "four-way", "top-1") not in found
    items = pl.read_parquet(run.folder / "items.parquet").filter(dataset="best-of-four")
    assert items["opinion"].list.arg_max().n_unique() > 1  # the right answer is not always shown first


def test_llmbar_by_singles(tmp_path):
    run = run_of("llmbar-singles", "LLMBar", tmp_path)
    found = {row["cell"]: row["metrics"]["auc"]["value"] for row in run.leaderboard["rows"]}
    folder = PUBLISHED / "LLMBar" / "Dataset" / "LLMBar" / "Natural" / "evaluators"
    for model, name in (("gpt-4", "GPT-4"), ("chatgpt", "ChatGPT")):
        rows = json.loads((folder / name / "Rating" / "result.json").read_text())
        scores = np.array([[int(row["results"][-1][f"score_{at}"][0]) for at in (1, 2)] for row in rows])
        better = np.array([row["label"] for row in rows])
        for at, which in ((1, "first"), (2, "second")):
            expected = roc_auc_score(better == at, scores[:, at - 1])
            assert found[f"{which}/rating/judge:{model}-{which}"] == pytest.approx(expected, abs=1e-12)
        difference = np.where(better == 1, 1, -1) * (scores[:, 0] - scores[:, 1])
        statistics = json.loads((folder / name / "Rating" / "statistics.json").read_text())
        right = int(statistics["correct_False"].partition(" ")[0])
        assert (difference > 0).sum() <= right <= (difference >= 0).sum()
