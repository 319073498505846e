"""Whole runs with worker processes, some of which are killed, give the bytes of a run in one process."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.api import FinishedRun
from harness.errors import InputError
from harness.generation.plan import CHUNK as LOOP_CHUNK
from harness.runner import plan as plans
from harness.runner.progress import RunStats
from harness.runner.run_folder import ENVIRONMENT
from harness.runner.workers.processes import ProcessWorkers
from harness.runner.workers.replay import Replay
from support.chat_server import chat_server
from support.loops import laid_out
from support.paths import ROOT

pytestmark = pytest.mark.slow


SPEC = """\
schema: 1
name: shared
datasets: {quickstart: {path: quickstart.jsonl, subset: {limit: 64}}}
models: {strong: {provider: simulated, skill: 0.9}, noisy: {provider: simulated, skill: 0.6, malformed_rate: 0.2}}
matrix:
  dataset: [quickstart]
  strategy: [direct, combined-10]
  evaluator: [{judge: [strong, noisy]}]
  order: [both]
score: {resamples: 100}
"""


@pytest.fixture(autouse=True)
def started_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small chunks, and workers that have started before the run begins."""
    enter = ProcessWorkers.__enter__

    def entered(workers: ProcessWorkers) -> ProcessWorkers:
        enter(workers)
        workers.wait_until_ready()
        return workers

    monkeypatch.setattr(plans, "CHUNK", 8)
    monkeypatch.setattr("harness.generation.plan.CHUNK", 8)
    monkeypatch.setattr(ProcessWorkers, "__enter__", entered)
    assert LOOP_CHUNK > 8


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[Replay]:
    """The replays that are made."""
    made: list[Replay] = []

    def recorded(*arguments: object) -> Replay:
        made.append(Replay(*arguments))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr("harness.api.run.Replay", recorded)
    return made


def content(run: FinishedRun) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name != ENVIRONMENT}


class Kills(RunStats):
    """Kills a worker process each time that some conversations have ended."""

    killed = 0

    def reached(self, conversations: int) -> None:
        super().reached(conversations)
        if self.killed < 3:
            multiprocessing.active_children()[0].kill()
            self.killed += 1


def test_evaluation_is_the_same_bytes_with_any_number_of_workers(tmp_path: Path, replays: list[Replay]) -> None:
    (tmp_path / "quickstart.jsonl").write_bytes((ROOT / "specs/data/quickstart.jsonl").read_bytes())
    (tmp_path / "shared.yaml").write_text(SPEC)
    plan = harness.make_plan(harness.load_spec(tmp_path / "shared.yaml"))
    alone = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "alone")
    cold = harness.run_spec(plan, cache=tmp_path / "other", results=tmp_path / "cold", workers=4)
    killing = Kills(plan.spec.models)
    replayed = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "two", workers=2, watch=killing)
    assert content(cold) == content(alone) == content(replayed)
    assert all(replay.chunks for replay in replays)
    assert killing.killed == 3
    assert replayed.environment["calls_made"] == 0


ASKED = """\
schema: 1
name: asked
datasets: {{quickstart: {{path: quickstart.jsonl, subset: {{limit: 60}}}}}}
models:
  judge: {{provider: openai, base_url: "{url}", api_key_env: SOME_KEY, limits: {{concurrency: 8, attempts: 1}}}}
matrix: {{dataset: [quickstart], strategy: [direct, combined-10], evaluator: [{{judge: judge}}], order: [both]}}
score: {{resamples: 100}}
"""


class KillsWhileAsking(RunStats):
    """Kills a worker process after each 60 calls."""

    def called(self, call: object, reply: object) -> None:
        super().called(call, reply)  # type: ignore[arg-type]
        if self.calls in (60, 120, 180):
            multiprocessing.active_children()[0].kill()


def test_killed_workers_cost_what_they_had_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-of-the-environment")

    def answer(request: dict[str, Any], number: int) -> dict[str, Any]:
        score = len(request["messages"][-1]["content"]) % 10
        text = f"Verdict: {'AB'[score % 2]}\nScore A: {score}/10\nScore B: 5/10"
        return {
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 10, "total_tokens": 210},
        }

    (tmp_path / "quickstart.jsonl").write_bytes((ROOT / "specs/data/quickstart.jsonl").read_bytes())
    with chat_server(answer) as (url, requests):
        (tmp_path / "asked.yaml").write_text(ASKED.format(url=url))
        plan = harness.make_plan(harness.load_spec(tmp_path / "asked.yaml"))
        alone = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "alone")
        necessary = len(requests)
        watch = KillsWhileAsking(plan.spec.models)
        shared = harness.run_spec(plan, cache=tmp_path / "other", results=tmp_path / "shared", workers=2, watch=watch)
    assert content(shared) == content(alone)
    assert (watch.calls, watch.failed) == (necessary, {})
    assert necessary <= len(requests) - necessary <= necessary + 3 * 8
    assert b"sk-of-the" not in (tmp_path / "other/cache.db").read_bytes()


def test_generation_is_the_same_bytes_with_workers(tmp_path: Path, replays: list[Replay]) -> None:
    plan = harness.make_plan(harness.load_spec(laid_out(tmp_path / "spec")))
    alone = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "alone")
    replayed = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "two", workers=2, offline=True)
    assert content(alone) == content(replayed)
    assert [replay.chunks > 0 for replay in replays] == [True, True]


def test_a_run_that_stops_early_is_the_same_bytes_with_workers(tmp_path: Path, replays: list[Replay]) -> None:
    (tmp_path / "quickstart.jsonl").write_bytes((ROOT / "specs/data/quickstart.jsonl").read_bytes())
    text = SPEC.replace("skill: 0.6", "skill: 0.1").replace("limit: 64", "limit: 120").replace("100}", "500}")
    (tmp_path / "spec.yaml").write_text(text.replace("[direct, combined-10]", "[direct]") + "stop: {when: ranked}\n")
    plan = harness.make_plan(harness.load_spec(tmp_path / "spec.yaml"))
    alone = harness.run_spec(plan, cache=tmp_path / "cache", results=tmp_path / "alone")
    shared = harness.run_spec(plan, cache=tmp_path / "other", results=tmp_path / "two", workers=2)
    assert alone.leaderboard["stop"]["look"] < alone.leaderboard["stop"]["looks"]
    assert content(shared) == content(alone)
    assert sum(replay.chunks for replay in replays) > 0


def test_a_run_has_at_least_one_process(tmp_path: Path) -> None:
    spec = harness.load_spec(ROOT / "specs/quickstart.yaml")
    with pytest.raises(InputError, match="a run has at least one process, not 0"):
        harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path, workers=0)
