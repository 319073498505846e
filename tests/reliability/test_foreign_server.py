"""Against a server nobody here wrote: llmock speaks the protocol, breaks on demand, and judges its clients."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from reliability.foreign import foreign

LLMOCK = Path(sys.executable).with_name("llmock")

pytestmark = pytest.mark.skipif(not LLMOCK.exists(), reason="llmock is not installed; it is in the group `test`")

SPEC = """\
schema: 1
name: foreign
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  gpt:
    provider: openai
    model: gpt-4o
    base_url: "{url}/v1"
    api_key_env: FOREIGN_KEY
    limits: {{concurrency: {concurrency}, attempts: 6, timeout_s: 20}}
matrix:
  dataset: [letters]
  strategy: [direct]
  evaluator: [{{judge: [gpt]}}]
score: {{resamples: 200}}
"""


def llmock(*words: str) -> AbstractContextManager[str]:
    """A server on a free port; its address."""
    return foreign([LLMOCK, "serve", "--log-level", "critical", *words], "/health")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a spec against a server: the exit code, what was said, and the failures of its only cell."""
    monkeypatch.setenv("FOREIGN_KEY", "a key that nobody checks")

    def run(url, items=12, concurrency=6, words=()):
        (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, items)))
        (tmp_path / "spec.yaml").write_text(SPEC.format(url=url, concurrency=concurrency))
        places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results")]
        shown = CliRunner().invoke(main, ["run", str(tmp_path / "spec.yaml"), *places, "--format", "json", *words])
        failures = json.loads(shown.stdout)["rows"][0]["failures"] if shown.stdout else {}
        return shown.exit_code, shown.stderr, failures

    return run


def behaved(url: str) -> dict[str, object]:
    """The server's own verdict on its client, warnings counted as errors."""
    shown = subprocess.run([LLMOCK, "report", "--url", url, "--strict", "--json"], capture_output=True, text=True)
    verdict = json.loads(shown.stdout)
    assert verdict["findings"] == []
    assert shown.returncode == 0
    return verdict


def test_every_call_is_answered_and_what_it_says_is_no_verdict(run):
    with llmock() as url:
        code, said, failures = run(url)
        assert (code, failures["unparsed"]) == (0, 12)
        verdict = behaved(url)
        assert verdict["attempts"] == 24, "each question, and the question once more"
    assert "24 calls made" in said


@pytest.mark.slow
def test_its_batches_answer_every_call(run):
    with llmock() as url:
        code, said, failures = run(url, words=["--batch"])
        assert (code, failures["unparsed"]) == (0, 12)
    assert "24 calls made" in said
    assert said.count("completed: 12 replies") == 2, "each question in one wave, and once more in the next"


RATES = {"broken": ("500=0.12",), "overloaded": ("503=0.06", "429=0.06")}
"""Apart: these 503 and 429 say how long to wait, and all calls of the model do; to the server, which looks at one call
at a time, those that had met a 500 would seem to wait for the same time again and again. Of 80 calls some meet a fault,
and none meets one six times, but in one of some thousand runs."""


@pytest.mark.slow
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_faults_that_heal_are_tried_again_as_a_good_client_does(run, rates):
    with llmock(*(word for rate in rates for word in ("--error-rate", rate))) as url:
        code, _, failures = run(url, items=40)
        assert (code, failures["unparsed"]) == (0, 40)
        assert behaved(url)["faults_injected"] > 0


@pytest.mark.parametrize("status", ["401", "403", "404"])
def test_a_key_or_a_model_that_is_refused_ends_the_model_at_once(run, status):
    with llmock("--error-rate", f"{status}=1.0") as url:
        code, said, failures = run(url)
        assert (code, failures["unavailable"]) == (1, 12)
        assert f"error: model gpt was stopped: model gpt: status {status}" in said
        # A 404 in unknown words may concern one call only: five in a row stop the model, beside those in flight.
        most = 10 if status == "404" else 6
        assert behaved(url)["attempts"] <= most, "those in flight, and none after the answer that stops the model"


def test_a_prompt_that_is_too_long_fails_and_is_not_tried_again(run):
    with llmock("--context-window", "60") as url:
        code, _, failures = run(url)
        assert failures["truncated"] == 12
        assert code in (0, 1), "1 where it rejected all of the first calls, as a model that takes none"
        assert behaved(url)["attempts"] <= 12


@pytest.mark.slow
def test_a_rate_limit_is_waited_for(run):
    with llmock("--rpm", "60") as url:
        code, _, failures = run(url, items=32, concurrency=32)
        assert (code, failures["unparsed"]) == (0, 32)
        behaved(url)
