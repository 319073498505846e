"""Metrics of soft verdicts through the command line: leaderboard, gate, comparison and power."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.spec.schema import check

SPEC = """\
schema: 1
name: NAME
seed: 7
datasets: {pairs: {path: pairs.jsonl}}
models:
  good: {provider: simulated, skill: SKILL}
  bad: {provider: simulated, skill: 0.55}
matrix:
  dataset: [pairs]
  strategy: [logprobs, direct]
  evaluator: [{judge: [good, bad]}, {jury: {of: [good, bad], sizes: [2]}}]
score: {metrics: [brier, auc, kappa, length-controlled-win-rate], resamples: 200}
"""


def harness(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soft-boards")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 60)))
    for name, skill in (("one", "0.9"), ("two", "0.5")):
        (folder / f"{name}.yaml").write_text(SPEC.replace("NAME", name).replace("SKILL", skill))
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    if not Path("results").exists():
        for name in ("one", "two"):
            done = harness("run", f"{name}.yaml")
            assert done.exit_code == 0, done.output


def board(*arguments: str):
    found = json.loads(harness("leaderboard", "one", "--format", "json", *arguments).stdout)
    assert check(Document("", found), "leaderboard") == []
    return found


@pytest.mark.whole
def test_lower_brier_scores_come_first_and_ranks_follow():
    found = board()
    assert found["lower_is_better"] == ["brier"]
    values = [row["metrics"]["brier"]["value"] for row in found["rows"]]
    known = [value for value in values if value is not None]
    assert known == sorted(known)
    assert values[len(known) :] == [None] * 2  # direct judges give no probability; a jury of them gives shares of votes
    assert found["rows"][0]["rank"]["best"] == 1
    assert found["rows"][1]["metrics"]["brier"]["difference"]["value"] > 0
    assert found["winners"][0]["cell"] == found["rows"][0]["cell"]
    kinds = {row["cell"]: row["metrics"]["length-controlled-win-rate"]["method"] for row in found["rows"]}
    assert kinds["pairs/logprobs/judge:good"] == "jackknife"
    assert kinds["pairs/direct/judge:good"] == "jackknife"  # from its verdicts


@pytest.mark.whole
def test_another_metric_and_a_baseline_are_compared_as_when_the_run_was_scored():
    stored = {row["cell"]: row["metrics"]["auc"] for row in board()["rows"]}
    again = board("--metric", "auc")
    assert [row["metrics"]["auc"]["value"] for row in again["rows"][:2]] == sorted(
        (one["value"] for one in stored.values() if one["value"] is not None), reverse=True
    )[:2]
    against = board("--vs", "logprobs/judge:bad")
    for row in again["rows"]:
        assert row["metrics"]["auc"]["rank"] == stored[row["cell"]]["rank"]
    text = " ".join(against["notes"])
    assert "logprobs/judge:bad by brier" in text


@pytest.mark.whole
def test_gate_has_a_side_for_each_direction():
    wrong = harness("run", "one.yaml", "--fail-below", "brier=0.2", "--fail-above", "kappa=0.9")
    assert wrong.exit_code == 2
    assert "lower values of brier are better; use --fail-above" in wrong.stderr
    assert "higher values of kappa are better; use --fail-below" in wrong.stderr
    passed = harness("run", "one.yaml", "--fail-above", "best:brier=0.9", "--fail-below", "best:auc=0.1")
    assert passed.exit_code == 0, passed.output
    assert "at most best:brier=0.9 by the upper end of the interval: passed" in passed.stderr
    failed = harness("run", "one.yaml", "--fail-above", "best:brier=0.001")
    assert failed.exit_code == 1
    assert "the upper end of the interval is above 0.001" in failed.stderr
    undefined = harness("run", "one.yaml", "--fail-above", "direct/judge:good:brier=1")
    assert undefined.exit_code == 1
    assert "without a probability" in undefined.stderr


def test_runs_are_compared_and_a_rise_of_the_brier_score_is_worse():
    done = harness("compare", "one", "two", "--metric", "brier", "--json", "--fail-if-worse", "0.005")
    found = json.loads(done.stdout)
    assert check(Document("", found), "compare") == []
    pairs = {
        pair["other_cell"]: pair["metrics"]["brier"]
        for part in found["comparisons"][0]["datasets"]
        for pair in part["pairs"]
    }
    assert pairs["pairs/logprobs/judge:bad"]["difference"]["value"] == 0
    rise = pairs["pairs/logprobs/judge:good"]["difference"]
    assert rise["value"] > 0
    assert rise["low"] < rise["value"] < rise["high"]
    assert pairs["pairs/direct/judge:good"]["difference"]["low"] is None
    assert done.exit_code == 1
    back = harness("compare", "two", "one", "--metric", "brier", "--json", "--fail-if-worse", "0.005")
    assert not [one for one in json.loads(back.stdout)["gate"]["findings"] if one["kind"] == "worse"]


def test_several_runs_are_merged():
    text = harness("compare", "one", "two", "one", "--metric", "brier").stdout
    assert "merged leaderboard on the 60 items of pairs shared by all runs, by brier" in text


def test_a_metric_that_describes_the_responses_has_no_worse():
    done = harness("compare", "one", "two", "--metric", "length-controlled-win-rate", "--fail-if-worse", "0.1")
    assert done.exit_code == 2
    assert "it describes the responses" in done.stderr


def test_power_is_planned_from_the_errors_of_the_run():
    found = json.loads(harness("power", "one", "--json").stdout)
    metrics = {one["metric"]: one for one in found["datasets"][0]["metrics"]}
    board = json.loads(harness("leaderboard", "one", "--metric", "brier", "--format", "json").stdout)
    detectable = [row["metrics"]["brier"]["difference"] for row in board["rows"]]
    known = [one["detectable"] for one in detectable if one and one["detectable"] is not None]
    assert min(known) <= metrics["brier"]["all_pairs"]["loss"]["value"] <= max(known)
    assert "no value of it is better" in metrics["length-controlled-win-rate"]["reason"]
    text = harness("power", "one").stdout
    assert "the error of a difference is taken to be that of the pilot" in text
    assert "kappa" in text


def test_metrics_are_listed_and_a_typo_gets_a_suggestion():
    assert "length-controlled-win-rate" in harness("list", "soft-metrics").stdout
    Path("typo.yaml").write_text(Path("one.yaml").read_text().replace("[brier,", "[brierr,"))
    done = harness("validate", "typo.yaml")
    assert done.exit_code == 2
    assert "did you mean `brier`" in done.output


@pytest.mark.slow
def test_the_other_analyses_use_the_metrics_of_verdicts():
    for command in ("audit", "correct", "calibrate", "report"):
        done = harness(command, "one", *(["--out", "report.html"] if command == "report" else []))
        assert done.exit_code == 0, done.output
    assert "kappa" in harness("correct", "one").stdout


def test_a_metric_by_which_no_evaluator_is_better_holds_nothing_out():
    text = Path("one.yaml").read_text().replace("resamples: 200", "holdout: 0.5")
    Path("held.yaml").write_text(re.sub(r"metrics: \[.*?\]", "metrics: [soft-win-rate]", text))
    done = harness("validate", "held.yaml")
    assert done.exit_code == 2
    assert "no evaluator is better by `soft-win-rate`" in done.output


@pytest.mark.slow
def test_the_report_shows_it():
    done = harness("report", "one", "--out", "report.html")
    assert done.exit_code == 0, done.output
    assert "brier" in Path("report.html").read_text()
