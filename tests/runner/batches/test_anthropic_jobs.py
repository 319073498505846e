"""`harness run --batch` through Anthropic's Message Batches, on a loopback server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.providers.ledger import Ledger
from harness.runner.batches import coordinator, submission
from harness.runner.batches.journal import Job, Journal
from support.anthropic_server import OVERLOADED, AnthropicServer
from support.batch_server import batch_server
from support.batch_specs import result_files, spec_in

pytestmark = pytest.mark.whole

KEY = "sk-ant-recognisable-0123456789"
SPEC = """\
schema: 1
name: claudes
seed: 7
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  novice: {{provider: anthropic, model: "simulated?skill=0.55", base_url: "{url}", api_key_env: TEST_KEY,
            price: {{input: 100, output: 100, batch: 0.5}}, params: {{max_tokens: 64}}}}
  senior: {{provider: anthropic, model: "simulated?malformed_rate=0.2", base_url: "{url}", api_key_env: TEST_KEY,
            price: {price}, params: {{max_tokens: 64}}}}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{{judge: [novice, senior]}}, {{cascade: {{of: [novice, senior], escalate: disagreement}}}}]
  order: [both]
score: {{metrics: [kappa], resamples: 200}}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls follow at once, and the environment of this machine is out of reach."""
    monkeypatch.setattr(coordinator, "FIRST_POLL_S", 0.0)
    monkeypatch.setattr(coordinator, "MAX_POLL_S", 0.0)
    monkeypatch.setattr(submission, "SETTLE_S", 0.0)
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://elsewhere.invalid")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-another-0123456789")


def served(**settings: Any) -> Any:
    return batch_server(AnthropicServer, **settings)


def prepared(folder: Path, server: AnthropicServer, price: str = "{input: 100, output: 100, batch: 0.5}") -> None:
    spec_in(folder, server.url.removesuffix("/v1"), text=SPEC, price=price)


def run(folder: Path, *more: str, code: int = 0) -> Result:
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "out")]
    shown = CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places, "--batch", *more])
    assert shown.exit_code == code, shown.output
    return shown


def direct(folder: Path) -> dict[str, bytes]:
    places = ["--cache", str(folder / "direct"), "--results", str(folder / "direct-out")]
    shown = CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places])
    assert shown.exit_code == 0, shown.output
    return result_files(folder / "direct-out", "claudes")


def left(folder: Path) -> list[str]:
    return [path.name for path in (folder / "cache/batches").iterdir() if path.is_dir()]


def test_a_run_in_message_batches_gives_the_bytes_of_direct_calls(tmp_path: Path) -> None:
    with served() as server:
        prepared(tmp_path, server)
        expected = direct(tmp_path)
        calls, server.direct = server.direct, 0
        shown = run(tmp_path)
        assert result_files(tmp_path / "out", "claudes") == expected
        assert (server.direct, sum(len(job["requests"]) for job in server.jobs.values())) == (0, calls)
        assert server.most_asked == 2  # once in a batch and once directly
        assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert "wave 1: msgbatch_1 with 12 calls to novice submitted" in shown.stderr
    assert left(tmp_path) == []


@pytest.mark.parametrize("end", ["expired", "canceled"])
def test_requests_that_a_batch_did_not_reach_are_asked_again(tmp_path: Path, end: str) -> None:
    with served(ends={1: end}) as server:
        prepared(tmp_path, server)
        expected = direct(tmp_path)
        shown = run(tmp_path)
        assert result_files(tmp_path / "out", "claudes") == expected
    word = "cancelled" if end == "canceled" else end
    assert f"6 replies, 6 without (6 {word})" in shown.stderr


def test_requests_with_passing_errors_are_asked_again(tmp_path: Path) -> None:
    def answer(request: dict[str, Any], times: int) -> dict[str, Any] | None:
        return {"type": "errored", "error": OVERLOADED} if times == 1 else None

    with served(answer=answer) as server:
        prepared(tmp_path, server)
        run(tmp_path)
        assert server.most_asked == 2
    assert result_files(tmp_path / "out", "claudes")


def test_a_refused_request_fails_its_call_alone(tmp_path: Path) -> None:
    wrong = {"type": "error", "error": {"type": "invalid_request_error", "message": f"bad request of {KEY}"}}
    refused: list[str] = []

    def answer(request: dict[str, Any], times: int) -> dict[str, Any] | None:
        if not refused:
            refused.append(request["custom_id"])
        return {"type": "errored", "error": wrong} if request["custom_id"] in refused else None

    with served(answer=answer) as server:
        prepared(tmp_path, server)
        run(tmp_path)
    (run_folder,) = (tmp_path / "out/claudes").glob("*/leaderboard.json")
    rows = json.loads(run_folder.read_text())["rows"]
    assert sum(row["failures"]["unavailable"] for row in rows) >= 1
    texts = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in texts


@pytest.mark.parametrize("stage", ["submitted", "submitting"])
def test_a_run_that_ends_between_two_records_starts_no_batch_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    record = Journal.record
    ended: list[str] = []

    def ending(self: Journal, job: Job) -> Job:
        if stage == "submitting":
            made = record(self, job)
        if job.stage == stage and not ended:
            ended.append(job.tag)
            raise KeyboardInterrupt
        return made if stage == "submitting" else record(self, job)

    with served() as server:
        prepared(tmp_path, server)
        expected = direct(tmp_path)
        monkeypatch.setattr(Journal, "record", ending)
        run(tmp_path, code=130)
        assert left(tmp_path)
        run(tmp_path)
        assert result_files(tmp_path / "out", "claudes") == expected
        assert server.most_asked == 2
    assert not list(tmp_path.rglob("request.json"))


def test_a_lost_response_starts_no_batch_twice(tmp_path: Path) -> None:
    lost: list[str] = []

    def refuse(method: str, path: str) -> tuple[int, Any, dict[str, str]] | None:
        return None

    with served(refuse=refuse) as server:
        prepared(tmp_path, server)
        expected = direct(tmp_path)
        start = server._start

        def losing(request: dict[str, Any]) -> tuple[int, Any]:
            made = start(request)
            if not lost:
                lost.append("once")
                return 500, {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}
            return made

        server._start = losing
        run(tmp_path)
        assert result_files(tmp_path / "out", "claudes") == expected
        assert server.most_asked == 2


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [(401, "authentication_error", "novice"), (404, "not_found_error", "has no Batch API")],
)
def test_an_endpoint_that_refuses_batches_is_an_error(tmp_path: Path, status: int, kind: str, message: str) -> None:
    body = {"type": "error", "error": {"type": kind, "message": "no"}}

    def refuse(method: str, path: str) -> tuple[int, Any, dict[str, str]] | None:
        return (status, body, {}) if path.endswith("/batches") else None

    with served(refuse=refuse) as server:
        prepared(tmp_path, server)
        shown = run(tmp_path, code=1)
    assert message in shown.output


def test_the_limit_on_the_cost_covers_batches_and_the_ledger_has_them(tmp_path: Path) -> None:
    with served() as server:
        prepared(tmp_path, server)
        ledger = tmp_path / "ledger.jsonl"
        shown = run(tmp_path, "--max-cost", "0.5", "--ledger", str(ledger), code=1)
        assert "--max-cost 0.5" in shown.output
        made = sum(len(job["requests"]) for job in server.jobs.values())
        shown = run(tmp_path, "--max-cost", "50", "--ledger", str(ledger))
        assert server.most_asked == 1
    assert sum(len(job["requests"]) for job in server.jobs.values()) > made
    totals = Ledger(ledger).totals()
    assert totals.in_flight_usd == 0
    assert totals.unknown_usd == 0
    (made_at,) = (tmp_path / "out/claudes").glob("*/environment.json")
    last = sum(one["cost_usd"] for one in json.loads(made_at.read_text())["spend"].values())
    assert totals.spent_usd > last > 0
    (board,) = (tmp_path / "out/claudes").glob("*/leaderboard.json")
    rows = json.loads(board.read_text())["rows"]
    judges = sum(row["cost_usd"] for row in rows if row["mode"] == "judge")  # the cascade shares their calls
    assert totals.spent_usd == pytest.approx(judges / 2)  # at the price of batches


def test_jobs_are_listed_and_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ending(self: Any, needed: Any) -> None:
        raise KeyboardInterrupt

    with served(looks=100) as server:
        prepared(tmp_path, server)
        with monkeypatch.context() as patched:
            patched.setattr(coordinator.Coordinator, "_follow", ending)
            run(tmp_path, code=130)
        spec, cache = str(tmp_path / "spec.yaml"), ["--cache", str(tmp_path / "cache")]
        shown = CliRunner().invoke(main, ["batch", "status", spec, *cache])
        assert (shown.exit_code, "in_progress" in shown.output) == (0, True), shown.output
        shown = CliRunner().invoke(main, ["batch", "cancel", spec, *cache])
        assert shown.exit_code == 0, shown.output
        expected = direct(tmp_path)
        server.looks = 1
        run(tmp_path)
        assert result_files(tmp_path / "out", "claudes") == expected
