"""Recorded rankings and scores of several responses, replayed from the command line."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from harness.cli import main

SPEC = """\
schema: 1
responses: many
name: best
datasets:
  d: {path: data.jsonl, columns: {responses: [chosen, rejected], best: {from: chosen}, category: subset}}
models:
  scores: {provider: recorded, path: made.jsonl, any_order: true, columns: {item: id, scores: scores}}
  ranks: {provider: recorded, path: made.jsonl, any_order: true, columns: {item: id, ranks: ranks}}
  ranking: {provider: recorded, path: made.jsonl, any_order: true, columns: {item: id, ranking: ranking}}
matrix:
  dataset: [d]
  strategy: [reward, rank-list]
  order: [given, both]
  evaluator:
    - judge: [scores, ranks, ranking]
score: {metrics: [top-1, kendall-tau], resamples: 100}
"""
ITEMS = 24


def scores_of(item):
    """Four different scores; the right response is the best one of two items in three."""
    return [2.0 if item % 3 else -1.0, 0.1 * (item % 5), 1.0, -0.5]


def ranking_of_scores(scores):
    return ">".join(str(at + 1) for at in sorted(range(4), key=lambda at: -scores[at]))


def invoke(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def places(place):
    return "--results", place / "results", "--cache", place / "cache"


def write(place, change=lambda row: row):
    data, made = [], []
    for item in range(ITEMS):
        texts = {"chosen": ["right"], "rejected": [f"wrong {at}" for at in range(3)]}
        data.append({"id": f"q{item}", "prompt": f"question {item}", "subset": "ab"[item % 2], **texts})
        scores = scores_of(item)
        ranks = [1 + sum(other > one for other in scores) for one in scores]
        made.append({"id": f"q{item}", "scores": scores, "ranks": ranks, "ranking": ranking_of_scores(scores)})
    for name, rows in (("data.jsonl", data), ("made.jsonl", map(change, made))):
        (place / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (place / "best.yaml").write_text(SPEC, encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("recorded-rankings")
    write(place)
    found = invoke("run", place / "best.yaml", "--offline", *places(place))
    assert found.exit_code == 0, found.output
    return place


def test_scores_are_of_the_responses_by_their_places_in_the_file(folder):
    (run,) = (folder / "results" / "best").iterdir()
    rows = json.loads((run / "leaderboard.json").read_text(encoding="utf-8"))["rows"]
    assert [row["metrics"]["top-1"]["value"] for row in rows] == [pytest.approx(2 / 3)] * 12
    frame = pl.read_parquet(run / "judgments.parquet")
    assert frame["failure"].null_count() == len(frame)
    assert len(set(frame.filter(pl.col("item") == "q1")["verdict"])) == 1  # every form and order is the same ranking


def test_each_is_explained(folder):
    found = invoke("explain", folder / "best.yaml", "d/reward/judge:scores", *places(folder)[2:])
    assert found.exit_code == 0, found.output
    assert '{"score":' in found.output


@pytest.mark.parametrize(("key", "value", "message"), [
    ("scores", [1, 2, 3], "has 3 values for the 4 responses of item q4 in d"),
    ("scores", [1, 2, 3, "nan"], "is no finite number for response 4"),
    ("ranking", "1>2>3", "has 3 values for the 4 responses of item q4 in d"),
    ("ranking", "1>2>2>4", "names response 2 twice"),
])  # fmt: skip
def test_a_row_that_is_no_ranking_of_its_item_is_an_error_with_its_line(tmp_path, key, value, message):
    write(tmp_path, lambda row: {**row, key: value} if row["id"] == "q4" else row)
    for verb in ("validate", "run"):
        found = invoke(verb, tmp_path / "best.yaml", *(places(tmp_path) if verb == "run" else ()))
        assert found.exit_code == 2
        assert f"made.jsonl:5: `{key}` {message}" in " ".join(found.output.split())


def test_an_empty_row_and_a_missing_one_are_failures(tmp_path):
    write(tmp_path, lambda row: {**row, "scores": None} if row["id"] == "q4" else row)
    lines = (tmp_path / "made.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    (tmp_path / "made.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = invoke("run", tmp_path / "best.yaml", *places(tmp_path))
    assert found.exit_code == 0, found.output
    (run,) = (tmp_path / "results" / "best").iterdir()
    frame = pl.read_parquet(run / "judgments.parquet").filter(pl.col("cell") == "d/rank-list/judge:scores")
    assert dict(frame.filter(pl.col("failure").is_not_null()).select("item", "failure").rows()) == {
        "q0": "unavailable", "q4": "unparsed",
    }  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), [
    ("scores: scores}", "scores: scores, text: ranking}", "`scores`, `text` say in several ways"),
    ("scores: scores}", "scores: scores, ranks: ranks}", "`scores`, `ranks` say in several ways"),
    ("scores: scores}", "verdict: ranking}", "`verdict` of a recording is about a pair"),
    ("scores: scores}", "given: {score_a: ranking}}", "`score_a` of a recording is about a pair"),
    ("    - judge: [scores", "    - tournament: {judge: scores}\n    - judge: [scores", "is a recording of rankings"),
    ("responses: many\n", "", "`scores` of a recording is about several responses"),
])  # fmt: skip
def test_columns_that_do_not_fit_are_reported_with_their_place(tmp_path, old, new, message):
    write(tmp_path)
    (tmp_path / "best.yaml").write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    found = invoke("validate", tmp_path / "best.yaml")
    assert found.exit_code == 2
    assert message in " ".join(found.output.split())


def test_the_published_spec_is_replayed_from_recorded_scores(tmp_path):
    root = Path(__file__).parents[2] / "specs" / "published"
    write(tmp_path)
    spec = yaml.safe_load((root / "rewardbench-2.yaml").read_text(encoding="utf-8"))
    dataset = spec["datasets"]["best-of-four"] | {"path": "data.jsonl", "subset": {"where": {"category": ["a", "b"]}}}
    model = {"provider": "recorded", "path": "made.jsonl", "columns": {"item": "id", "scores": "scores"}}
    spec |= {"datasets": {"best-of-four": dataset}, "models": {"rm": model}}
    spec["matrix"] = {"dataset": ["best-of-four"], "strategy": ["four-way", "reward"], "evaluator": [{"judge": "rm"}]}
    (tmp_path / "rb.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    found = invoke("run", tmp_path / "rb.yaml", *places(tmp_path))
    assert found.exit_code == 0, found.output
    (run,) = (tmp_path / "results" / "rewardbench-2").iterdir()
    rows = json.loads((run / "leaderboard.json").read_text(encoding="utf-8"))["rows"]
    assert [row["metrics"]["top-1"]["value"] for row in rows] == [pytest.approx(2 / 3)] * 2


GATED = SPEC.replace("[reward, rank-list]", "[reward]").replace("  order: [given, both]\n", "").replace(
    "[scores, ranks, ranking]", "[scores]"
)  # fmt: skip


def gated(place, name, best_of):
    """A run whose judge finds the right response where `best_of` says so of an item; no item fails."""
    home = place / name
    home.mkdir()
    write(home, lambda row: {**row, "scores": [2.0 if best_of(int(row["id"][1:])) else -2.0, 0, 1, 0.5]})
    (home / "best.yaml").write_text(GATED.replace("name: best", f"name: {name}"), encoding="utf-8")
    found = invoke("run", home / "best.yaml", "--results", place / "results", "--cache", place / "cache")
    assert found.exit_code == 0, found.output
    (run,) = (place / "results" / name).iterdir()
    return run


def test_a_gate_of_rankings_fails_on_a_loss_and_passes_without_one(tmp_path):
    good, same, poor = (
        gated(tmp_path, name, of) for name, of in (("good", bool), ("same", bool), ("poor", lambda item: item < 3))
    )
    passed = invoke("compare", good, same, "--fail-if-worse", "0.05", "--json")
    assert passed.exit_code == 0, passed.output
    assert json.loads(passed.stdout)["gate"]["passed"] is True
    failed = invoke("compare", good, poor, "--fail-if-worse", "0.05", "--json")
    assert failed.exit_code == 1, failed.output
    (finding,) = json.loads(failed.stdout)["gate"]["findings"]
    assert (finding["kind"], finding["message"]) == ("worse", "top-1 fell by 0.833, significantly more than 0.05")
    assert "top-1 fell by 0.833" in invoke("compare", good, poor, "--fail-if-worse", "0.05").output


def test_a_run_of_rankings_fails_below_a_value(tmp_path):
    gated(tmp_path, "good", bool)
    spec, where = tmp_path / "good" / "best.yaml", places(tmp_path)
    assert invoke("run", spec, *where, "--fail-below", "best:top-1=0.7").exit_code == 0
    failed = invoke("run", spec, *where, "--fail-below", "best:top-1=0.9")
    assert failed.exit_code == 1
    assert "error: d/reward/judge:scores: top-1 0.958 [0.781, 1.000]: the lower end" in failed.output
    assert "has no metric `kappa`; known: `top-1`" in invoke("run", spec, *where, "--fail-below", "best:kappa=0").output
