"""Servers of reward models from a spec to a leaderboard, for single responses and for pairs."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs, make_singles
from support.score_server import number_of, score_server

SINGLES = """\
schema: 1
responses: single
name: rewards
datasets: {d: {path: singles.jsonl}}
models:
  rm: {provider: score, base_url: "URL", identity: rm, batch: 8, limits: {concurrency: 16, attempts: 1}}
strategies:
  reward-pass: {ask: single, answer: {kind: reward, thresholds: {fail: null, pass: 20}}}
matrix: {dataset: [d], strategy: [reward-pass], evaluator: [{judge: [rm]}]}
score: {metrics: [auc, kappa], resamples: 200}
"""
PAIRS = """\
schema: 1
name: rewards
datasets: {d: {path: pairs.jsonl}}
models:
  rm: {provider: score, base_url: "URL", identity: rm, protocol: tei-rerank}
matrix: {dataset: [d], strategy: [reward], evaluator: [{judge: [rm]}]}
score: {metrics: [accuracy], resamples: 200}
"""


def invoke(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("singles", make_singles(5, 40)), ("pairs", make_pairs(5, 20))):
        Path(f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return tmp_path


def run_of(results="results") -> Path:
    (found,) = Path(results, "rewards").iterdir()
    return found


def test_single_responses_get_the_labels_of_their_rewards_and_replay_without_a_server(folder):
    with score_server() as server:
        Path("spec.yaml").write_text(SINGLES.replace("URL", server.url), encoding="utf-8")
        first = invoke("run", "spec.yaml")
        assert first.exit_code == 0, first.output
        assert len(server.requests) < 40
        again = SINGLES.replace("URL", server.url).replace("concurrency: 16", "concurrency: 1")
        Path("spec.yaml").write_text(again, encoding="utf-8")
        assert invoke("run", "spec.yaml", "--cache", "other", "--results", "alone").exit_code == 0
    rows = [json.loads(line) for line in Path("singles.jsonl").read_text(encoding="utf-8").splitlines()]
    judged = pl.read_parquet(run_of() / "judgments.parquet")
    assert judged["score_a"].to_list() == [number_of(row["response"]) for row in rows]
    assert judged["verdict"].to_list() == ["pass" if number_of(row["response"]) >= 20 else "fail" for row in rows]
    assert json.loads((run_of() / "leaderboard.json").read_bytes())["rows"][0]["metrics"]["auc"]["value"] is not None
    assert invoke("run", "spec.yaml", "--offline", "--results", "replayed").exit_code == 0
    for name in ("judgments.parquet", "scores.parquet", "leaderboard.json"):
        assert (run_of() / name).read_bytes() == (run_of("replayed") / name).read_bytes()
        assert (run_of() / name).read_bytes() == (run_of("alone") / name).read_bytes()
    assert "thresholds: {fail: null, pass: " in invoke("threshold", "rewards").output


def test_the_response_of_a_pair_with_the_greater_number_wins(folder):
    with score_server() as server:
        Path("spec.yaml").write_text(PAIRS.replace("URL", server.url), encoding="utf-8")
        done = invoke("run", "spec.yaml")
        assert done.exit_code == 0, done.output
    pairs = [json.loads(line) for line in Path("pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    judged = pl.read_parquet(run_of() / "judgments.parquet")
    lengths = [(len(row["response_a"]), len(row["response_b"])) for row in pairs]
    expected = ["tie" if a == b else "a" if a > b else "b" for a, b in lengths]
    assert judged["verdict"].to_list() == expected


def test_a_bad_number_is_a_failed_judgment_and_not_the_end_of_the_run(folder):
    def answer(path, body):
        values = [None if len(text) % 3 == 0 else number_of(text) for text in body["text_2"]]
        return 200, {"data": [{"index": at, "score": value} for at, value in enumerate(values)]}

    with score_server() as server:
        server.answer = answer
        Path("spec.yaml").write_text(SINGLES.replace("URL", server.url), encoding="utf-8")
        done = invoke("run", "spec.yaml")
        assert done.exit_code == 0, done.output
        assert "10 unavailable" in done.output
    failed = pl.read_parquet(run_of() / "judgments.parquet").filter(pl.col("failure").is_not_null())
    rows = [json.loads(line) for line in Path("singles.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(failed) == sum(len(row["response"]) % 3 == 0 for row in rows) > 0
    assert "the server gave null in place of a number" in " ".join(done.output.split())


WRONG = [
    ("[reward-pass]", "[pass-fail]", "write a strategy with `answer: {kind: reward, thresholds:"),
    ("[reward-pass]", "[pass-fail]", "`pass-fail` is for a model that reads its prompt, and `rm` gives numbers"),
    ('score, base_url: "URL", identity: rm, batch: 8', "simulated", "is for a reward model, and `rm` gives text"),
    (', base_url: "URL"', "", "the key `base_url` is missing"),
    ("batch: 8", "batch: 0", "batch"),
    ("batch: 8", "protocol: vllm", "protocol"),
    ("fail: null, pass: 20", "fail: 0, pass: 20", "each label of a reward begins at a score of its own"),
    (", thresholds: {fail: null, pass: 20}", "", "a reward has no scale that gives labels"),
    ("ask: single, ", "ask: single, user: x, ", "a reward model is sent the prompt and the response alone"),
    ("ask: single, ", "ask: pair, ", "`reward` does not fit `ask: pair`"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_a_spec_that_fits_no_server_is_refused(folder, old, new, message):
    assert old in SINGLES
    Path("spec.yaml").write_text(SINGLES.replace(old, new).replace("URL", "http://127.0.0.1:9"), encoding="utf-8")
    found = invoke("validate", "spec.yaml")
    assert found.exit_code == 2
    assert message in " ".join(found.output.split())
