"""Judgments made elsewhere, from the command line."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from harness.cli import main

EVALUATORS = "[{judge: [strict, lenient, scorer]}, {jury: {of: [strict, lenient, scorer], sizes: [3]}}]"
SPEC = """\
schema: 1
name: mine
datasets:
  data: {path: pairs.csv}
models:
  strict: {provider: recorded, path: verdicts.csv, columns: {item: item, model: judge, verdict: winner}}
  lenient: {provider: recorded, path: verdicts.csv, columns: {item: item, model: judge, verdict: winner}}
  scorer:
    provider: recorded
    path: scores.json
    rows: results.list
    tie_margin: 0.5
    columns:
      item: {from: row}
      given: {score_a: "s[0]", score_b: "s[1]"}
      swapped: {score_a: "s[1]", score_b: "s[0]"}
matrix:
  dataset: [data]
  strategy: [recorded]
  evaluator: EVALUATORS
  order: [given]
""".replace("EVALUATORS", EVALUATORS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(SPEC)
    labels = "abba"
    rows = [f"{n},question {n},left,right,{label}\n" for n, label in enumerate(labels, 1)]
    (tmp_path / "pairs.csv").write_text("id,prompt,response_a,response_b,label\n" + "".join(rows))
    verdicts = [("strict", "abba"), ("lenient", "aba ")]
    rows = [f"{n},{judge},{one.strip()}\n" for judge, word in verdicts for n, one in enumerate(word, 1)]
    (tmp_path / "verdicts.csv").write_text("item,judge,winner\n" + "".join(rows))
    scores = [[9, 1], [1, 9], [5, 5.5], [2, 1]]
    (tmp_path / "scores.json").write_text(json.dumps({"results": {"list": [{"s": one} for one in scores]}}))
    return tmp_path


def invoke(folder: Path, *arguments: str) -> Result:
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, list(arguments))


def judgments(folder: Path) -> dict[str, list[str]]:
    (file,) = folder.glob("results/mine/*/judgments.parquet")
    frame = pl.read_parquet(file).with_columns(pl.coalesce("verdict", "failure").alias("outcome"))
    return {
        key[0].split("/", 2)[2]: part["outcome"].to_list() for key, part in frame.group_by("cell", maintain_order=True)
    }


def test_verdicts_and_scores_are_scored_offline_like_any_others(folder):
    done = invoke(folder, "run", "mine.yaml", "--offline")
    assert done.exit_code == 0, done.output
    assert judgments(folder) == {
        "judge:strict": ["a", "b", "b", "a"],
        "judge:lenient": ["a", "b", "a", "unparsed"],
        "judge:scorer": ["a", "b", "tie", "a"],
        "jury:strict+lenient+scorer": ["a", "b", "tie", "a"],
    }
    again = invoke(folder, "run", "mine.yaml", "--offline")
    assert "0 calls made" in again.output or "no calls made" in again.output, again.output


def test_a_reply_without_an_answer_is_not_asked_again(folder):
    spec = SPEC.replace("verdict: winner", "text: winner").replace("strategy: [recorded]", "strategy: [direct]")
    (folder / "mine.yaml").write_text(spec)
    (folder / "verdicts.csv").write_text(
        "item,judge,winner\n"
        + "".join(
            f"{n},{judge},Verdict: {'A' if n > 1 else '?'}\n" for judge in ("strict", "lenient") for n in range(1, 5)
        )
    )
    done = invoke(folder, "run", "mine.yaml", "--offline")
    assert done.exit_code == 0, done.output
    assert judgments(folder)["judge:strict"] == ["unparsed", "a", "a", "a"]


def test_both_orders_need_both_and_what_is_not_recorded_is_unavailable(folder):
    spec = SPEC.replace("order: [given]", "order: [both]").replace(EVALUATORS, "[{judge: [strict, scorer]}]")
    (folder / "mine.yaml").write_text(spec)
    done = invoke(folder, "run", "mine.yaml", "--offline")
    assert judgments(folder)["judge:scorer/both"] == ["a", "b", "tie", "a"]
    assert judgments(folder)["judge:strict/both"] == ["unavailable"] * 4, done.output


def test_validate_and_plan_report_all_bad_rows_at_once(folder):
    text = (folder / "verdicts.csv").read_text()
    (folder / "verdicts.csv").write_text(text.replace("1,strict,a", "1,strict,first"))
    (folder / "scores.json").write_text('{"results": {"list": [{"s": ["x", 1]}]}}')
    for command in ("validate", "plan"):
        done = invoke(folder, command, "mine.yaml")
        assert done.exit_code == 2, done.output
        assert "verdicts.csv:2" in done.output
        assert '`verdict_values: {"first": …}`' in done.output
        assert "scores.json" in done.output
        assert "`score_a` is `x`, it must be a number" in done.output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("path: scores.json", "path: none.json", "there is no file `none.json`"),
        ("path: scores.json", "path: ../none.json", "leads out of the folder"),
        ("rows: results.list", "rows: results.none", "holds no array at `results.none`"),
        ("rows: results.list", "delimiter: ';'", "the format `json` has no delimiter"),
        ("item: {from: row}", "strategy: how", "`item`"),
        ("columns: {item: item, model: judge, verdict: winner}", "tie_margin: 1", "`tie_margin` needs `columns`"),
        ("verdict: winner", "verdict: [winner]", "verdict"),
    ],
)
def test_mistakes_in_the_entry(folder, old, new, message):
    (folder / "mine.yaml").write_text(SPEC.replace(old, new))
    done = invoke(folder, "validate", "mine.yaml")
    assert done.exit_code == 2
    assert message in done.output


def test_offline_still_lacks_the_replies_of_other_models(folder):
    spec = SPEC.replace("models:\n", "models:\n  sim: {provider: simulated, skill: 0.5}\n")
    spec = spec.replace(EVALUATORS, "[{judge: [strict, sim]}]")
    (folder / "mine.yaml").write_text(spec)
    done = invoke(folder, "run", "mine.yaml", "--offline")
    assert done.exit_code != 0
    assert "the cache lacks at least 4 replies" in done.output


def test_all_votes_of_both_orders_count_together(folder):
    (folder / "scores.json").write_text(
        json.dumps({"results": {"list": [{"g": g, "s": s} for g, s in ["AA", "AC", "AB", "BA"]]}})
    )
    spec = SPEC.replace('{score_a: "s[0]", score_b: "s[1]"}', "{verdict: g}")
    spec = spec.replace('{score_a: "s[1]", score_b: "s[0]"}', "{verdict: s}").replace(
        "tie_margin: 0.5", "mapped_back: true"
    )
    spec = spec.replace("order: [given]", "order: [both]\n  collapse: all-votes")
    spec = spec.replace(EVALUATORS, "[{judge: scorer}]")
    (folder / "mine.yaml").write_text(spec)
    done = invoke(folder, "run", "mine.yaml", "--offline")
    assert done.exit_code == 0, done.output
    assert judgments(folder) == {"judge:scorer/both-all-votes": ["a", "a", "tie", "tie"]}
