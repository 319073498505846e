"""`harness run --batch`: waves through a Batch API, whatever the jobs end in and whatever ends the run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.runner.batches import coordinator, submission
from support.batch_server import BatchServer, batch_server
from support.batch_specs import CASCADE, LOOPS, MODES, result_files, spec_in

pytestmark = pytest.mark.whole

PRICE = "{input: 100, output: 100, batch: 0.5}"
RUNNER = """\
import sys
from harness.cli import main
from harness.runner.batches import coordinator, submission
coordinator.FIRST_POLL_S = coordinator.MAX_POLL_S = 0.01
submission.SETTLE_S = 0.01
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Polls follow at once."""
    monkeypatch.setattr(coordinator, "FIRST_POLL_S", 0.0)
    monkeypatch.setattr(coordinator, "MAX_POLL_S", 0.0)
    monkeypatch.setattr(submission, "SETTLE_S", 0.0)


def words(folder: Path, *more: str) -> list[str]:
    return ["run", str(folder / "spec.yaml"), "--cache", str(folder / "cache"), "--results", str(folder / "out"), *more]


def run(folder: Path, *more: str, code: int = 0) -> Result:
    shown = CliRunner().invoke(main, words(folder, "--batch", *more))
    assert shown.exit_code == code, shown.output
    return shown


def direct(folder: Path, name: str = "modes") -> dict[str, bytes]:
    """The files of a run by direct calls."""
    places = ["--cache", str(folder / "direct"), "--results", str(folder / "direct-out")]
    shown = CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places])
    assert shown.exit_code == 0, shown.output
    return result_files(folder / "direct-out", name)


def journal(folder: Path) -> list[str]:
    return [path.name for path in (folder / "cache/batches").iterdir() if path.is_dir()]


def in_batches(server: BatchServer) -> int:
    """Lines of all jobs."""
    return sum(job["request_counts"]["total"] for job in server.jobs.values())


@pytest.mark.parametrize(("text", "name", "waves"), [(MODES, "modes", 5), (LOOPS, "loops", 3), (CASCADE, "cascade", 2)])
def test_a_run_in_batches_gives_the_bytes_of_direct_calls(tmp_path: Path, text: str, name: str, waves: int):
    with batch_server() as server:
        spec_in(tmp_path, server.url, text=text)
        expected = direct(tmp_path, name)
        calls, server.direct = server.direct, 0
        shown = run(tmp_path)
        assert result_files(tmp_path / "out", name) == expected
        assert server.direct == 0
        assert in_batches(server) == calls
        assert len(server.jobs) >= waves
        assert server.most_asked == 2  # once in a job and once directly
    (made,) = (tmp_path / "out" / name).glob("*/environment.json")
    assert json.loads(made.read_text())["batches"] == {"jobs": len(server.jobs), "replies": calls}
    assert "wave 1: batch_1 with" in shown.stderr
    assert journal(tmp_path) == []


def test_replies_in_the_cache_need_no_batch(tmp_path: Path):
    with batch_server() as server:
        spec_in(tmp_path, server.url)
        run(tmp_path)
        jobs = len(server.jobs)
        run(tmp_path)
        assert len(server.jobs) == jobs


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_lines_that_a_job_did_not_reach_are_asked_again(tmp_path: Path, end: str):
    with batch_server(ends={1: end, 3: end}) as server:
        spec_in(tmp_path, server.url)
        expected = direct(tmp_path)
        shown = run(tmp_path)
        assert result_files(tmp_path / "out", "modes") == expected
    assert f"batch_1 {end}: 6 replies, 6 without (6 {end})" in shown.stderr


def test_lines_with_passing_errors_are_asked_again_and_others_fail(tmp_path: Path):
    def answer(request: dict[str, Any], times: int) -> dict[str, Any] | None:
        text = json.dumps(request["body"])
        if "novice" not in text and "skill=0.55" in text and times < 2:
            body = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
            return {"custom_id": request["custom_id"], "response": {"status_code": 429, "body": body}, "error": None}
        return None

    with batch_server(answer=answer) as server:
        spec_in(tmp_path, server.url)
        run(tmp_path)
        expected = direct(tmp_path)
        assert result_files(tmp_path / "out", "modes") == expected

    def refuse(request: dict[str, Any], times: int) -> dict[str, Any] | None:
        body = {"error": {"message": "this very prompt is odd", "type": "invalid_request_error"}}
        if request["custom_id"][0] in "01":
            return {"custom_id": request["custom_id"], "response": {"status_code": 400, "body": body}, "error": None}
        return None

    with batch_server(answer=refuse) as server:
        spec_in(tmp_path / "odd", server.url)
        shown = run(tmp_path / "odd")
        assert "this very prompt is odd" in shown.stderr
        assert server.most_asked <= 2


def test_a_job_that_fails_as_a_whole_stops_the_model(tmp_path: Path):
    with batch_server(ends={1: "failed"}) as server:
        spec_in(tmp_path, server.url)
        shown = run(tmp_path, code=1)
        assert "its batch failed: the model cannot be used in batches" in shown.stderr
    assert journal(tmp_path) == []


def test_a_full_queue_is_waited_for_with_smaller_jobs(tmp_path: Path):
    with batch_server(ends={1: "failed"}) as server:
        spec_in(tmp_path, server.url)
        expected = direct(tmp_path)
        move = server._move

        def full(job: dict[str, Any]) -> None:
            move(job)
            if job["status"] == "failed":
                job["errors"]["data"][0]["code"] = "token_limit_exceeded"

        server._move = full  # type: ignore[method-assign]
        run(tmp_path)
        assert result_files(tmp_path / "out", "modes") == expected
        assert server.jobs["batch_3"]["request_counts"]["total"] == 6  # half of the twelve that did not fit


def test_an_endpoint_without_batches_is_an_error_before_anything_is_paid(tmp_path: Path):
    with batch_server(refuse=lambda method, path: (404, {"error": {"message": "Not Found"}}, {})) as server:
        spec_in(tmp_path, server.url)
        shown = run(tmp_path, code=1)
    assert "its endpoint has no Batch API (status 404" in shown.stderr
    assert "harness batch write" in shown.stderr
    assert not server.jobs


def test_a_provider_without_batches_is_an_error_of_the_spec(tmp_path: Path):
    spec = spec_in(tmp_path, "http://127.0.0.1:9/v1")
    spec.write_text(spec.read_text().replace("provider: openai", "provider: google", 1))
    shown = run(tmp_path, code=2)
    assert "models.novice: the provider google has no Batch API here" in shown.stderr
    assert "leave out --offline" in run(tmp_path, "--offline", code=2).stderr
    assert "run with --retry and without --batch" in run(tmp_path, "--retry", "failed", code=2).stderr


def test_a_job_that_vanished_is_an_error_until_it_is_given_up(tmp_path: Path):
    with batch_server() as server:
        spec_in(tmp_path, server.url)
        server.refuse = lambda method, path: (404, {}, {}) if "/batches/" in path else None
        shown = run(tmp_path, code=1)
        assert "batch_1 of model novice, with 12 calls, is unknown to its endpoint" in shown.stderr
        server.refuse = lambda method, path: None
        run(tmp_path)
        assert server.most_asked == 1


def test_waits_that_the_endpoint_asks_for_are_kept(tmp_path: Path, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("harness.runner.interruption.Interruption.wait", lambda self, seconds: waits.append(seconds))
    left = {"GET": 2, "POST": 1}

    def busy(method: str, path: str) -> tuple[int, Any, dict[str, str]] | None:
        left[method] -= 1
        return (429, {"error": {"message": "slow down"}}, {"retry-after": "7"}) if left[method] >= 0 else None

    with batch_server(refuse=busy) as server:
        spec_in(tmp_path, server.url, items=2)
        run(tmp_path)
        assert server.most_asked == 1
    assert waits.count(7.0) == 3


def test_a_submission_whose_response_was_lost_is_found_and_not_repeated(tmp_path: Path):
    with batch_server() as server:
        spec_in(tmp_path, server.url)
        respond, lost = server.respond, []

        def losing(method: str, path: str, content: bytes) -> tuple[int, Any]:
            status, body = respond(method, path, content)
            if (method, path) == ("POST", "/v1/batches") and len(lost) < 3:
                lost.append(body["id"])
                return 500, {"error": {"message": "the gateway lost it"}}
            return status, body

        server.respond = losing  # type: ignore[method-assign]
        run(tmp_path)
        assert len(lost) == 3
        assert server.most_asked == 1


def test_the_budget_reserves_by_job_and_the_rest_follows(tmp_path: Path):
    with batch_server() as server:
        spec_in(tmp_path, server.url, price=PRICE)
        shown = run(tmp_path, "--max-cost", "0.0001", code=1)
        assert "stopped before --max-cost 0.0001 could be passed: $0.0000 spent" in shown.stderr
        assert not server.jobs
        shown = run(tmp_path, "--max-cost", "1.5", code=1)
        first = server.jobs["batch_1"]["request_counts"]["total"]
        assert 0 < first < 12
        assert "stopped before --max-cost 1.5" in shown.stderr
        run(tmp_path, "--max-cost", "100")
        assert server.most_asked == 1
        assert result_files(tmp_path / "out", "modes") == direct(tmp_path)


def test_spend_is_at_the_price_of_batches(tmp_path: Path):
    with batch_server() as server:
        spec_in(tmp_path, server.url, price=PRICE)
        run(tmp_path)
    (made,) = (tmp_path / "out/modes").glob("*/environment.json")
    for spent in json.loads(made.read_text())["spend"].values():
        tokens = spent["prompt_tokens"] + spent["completion_tokens"]
        assert spent["cost_usd"] == pytest.approx(tokens * 50 / 1e6)
    places = ["--cache", str(tmp_path / "none"), "--results", str(tmp_path / "none"), "--json"]
    costs = [
        json.loads(CliRunner().invoke(main, ["plan", str(tmp_path / "spec.yaml"), *places, *more]).stdout)["cost_usd"]
        for more in ([], ["--batch"])
    ]
    assert costs[1] == pytest.approx([usd / 2 for usd in costs[0]])


def process(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, *words(folder, "--batch", *more)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_second_coordinator_is_refused(tmp_path: Path):
    with batch_server(looks=10**9) as server:
        spec_in(tmp_path, server.url)
        first = process(tmp_path)
        try:
            _until(lambda: bool(server.jobs), first)
            shown = run(tmp_path, code=2)
            assert f"process {first.pid} is running batches with this cache" in shown.stderr
        finally:
            first.send_signal(signal.SIGINT)
            _, printed = first.communicate(timeout=60)
        assert first.returncode == 130
        assert "left at the provider; the same command collects the results" in printed
        server.looks = 1
        run(tmp_path)
        assert server.most_asked == 1


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing_and_pay_for_nothing_twice(tmp_path: Path):
    moments = random.Random(1)
    with batch_server(looks=2) as server:
        spec_in(tmp_path, server.url)
        expected = direct(tmp_path)
        server.asked.clear()
        for _ in range(60):
            before = len(server.requests)
            running = process(tmp_path)
            after = moments.randint(1, 12)
            _until(lambda before=before, after=after: len(server.requests) >= before + after, running)
            running.kill()
            running.communicate()
            if running.returncode == 0:
                break
        assert running.returncode == 0
        assert server.most_asked == 1
        assert result_files(tmp_path / "out", "modes") == expected


def _until(ready: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    """Wait until something holds, or the process has ended."""
    limit = time.monotonic() + 60
    while not ready() and running.poll() is None:
        assert time.monotonic() < limit, "it takes too long"
        time.sleep(0.001)
