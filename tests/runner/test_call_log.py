"""The log of calls: every call once, nothing of a text, and nothing lost of what was there."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.errors import StorageError
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.runner.call_log import CallLog
from harness.spec.schema import check

SPEC = """\
schema: 1
name: logged
datasets: {letters: {path: letters.jsonl}}
models:
  small: {provider: simulated, skill: 0.6, failure_rate: 0.3}
  mute: {provider: simulated, skill: 0.6, refusal_rate: 1.0}
matrix:
  dataset: [letters]
  strategy: [direct]
  evaluator: [{judge: [small, mute]}]
score: {resamples: 200}
"""


@pytest.fixture
def run(tmp_path):
    rows = make_pairs(3, 10)
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "spec.yaml").write_text(SPEC)

    def run(*words):
        places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results")]
        shown = CliRunner().invoke(main, ["run", str(tmp_path / "spec.yaml"), *places, *map(str, words)])
        assert shown.exit_code == 0, shown.output
        return shown

    run.rows = rows
    return run


def test_every_call_is_a_line(run, tmp_path):
    log = tmp_path / "calls.jsonl"
    run("--log-file", log)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(entries) == 20
    for entry in entries:
        assert check(Document("x", entry), "call-log") == []
    assert {entry["cell"] for entry in entries} == {"letters/direct/judge:small", "letters/direct/judge:mute"}
    assert {entry["item"] for entry in entries} == {row["id"] for row in run.rows}
    assert {entry["outcome"] for entry in entries if entry["model"] == "mute"} == {"refusal"}
    retried = [entry for entry in entries if entry["attempts"] > 1]
    assert retried
    assert {entry["attempts"] for entry in retried} == {2}
    assert all(entry["latency_ms"] > 0 for entry in entries)
    assert all(text not in log.read_text() for row in run.rows for text in (row["prompt"], row["response_a"]))


def test_a_log_is_gone_on_with_and_a_replay_adds_nothing(run, tmp_path):
    log = tmp_path / "calls.jsonl"
    log.write_text("before\n")
    run("--log-file", log)
    lines = log.read_text().splitlines()
    assert (lines[0], len(lines)) == ("before", 21)
    run("--log-file", log)
    assert log.read_text().splitlines() == lines


def test_it_can_be_said_as_it_goes(run):
    said = run("-v").stderr
    assert said.count("small judge of letters/direct/judge:small, item pair-") == 10
    assert " attempts" in said
    assert "refusal" in said
    assert "judge of letters" not in run().stderr


def test_a_log_that_cannot_be_written_is_told(run, tmp_path):
    with pytest.raises(StorageError, match="name another file with --log-file"), CallLog(tmp_path / "no" / "log"):
        pass


def test_results_do_not_depend_on_it(run, tmp_path):
    run()
    (folder,) = (tmp_path / "results" / "logged").iterdir()
    before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "environment.json"}
    run("--log-file", tmp_path / "log", "-v")
    assert before == {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "environment.json"}
