"""What an endpoint says, and what a run makes of it, with the project's own server and with llmock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.faults import REJECTIONS
from reliability.foreign import foreign
from reliability.served import served
from reliability.test_foreign_server import LLMOCK

SPEC = """\
schema: 1
name: situations
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  judge:
    provider: openai
    model: "{model}"
    base_url: "{url}"
    limits: {{concurrency: 1, attempts: 2}}
matrix: {{dataset: [letters], strategy: [{strategy}], evaluator: [{{judge: [judge]}}]}}
score: {{resamples: 200}}
"""
ITEMS = 6


Row = dict[str, Any]


def ran(folder: Path, url: str, strategy: str = "direct", model: str = "simulated?skill=0.6") -> tuple[int, str, Row]:
    """Exit code, what was said, and the row of the only cell."""
    rows = make_pairs(3, ITEMS)
    for row in rows:
        row["prompt"] += " Consider every word of it." * 200
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "spec.yaml").write_text(SPEC.format(url=url, strategy=strategy, model=model))
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    shown = CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places, "--format", "json"])
    board = json.loads(shown.stdout) if shown.stdout else {"rows": [{}], "notes": []}
    return shown.exit_code, "\n".join([shown.stderr, *board["notes"]]), board["rows"][0]


SITUATIONS = {
    # situation: exit code, what all judgments fail as ("" for none), requests made, what is said
    "too-long": (0, "truncated", ITEMS, ""),
    "flagged": (0, "refused", ITEMS, ""),
    "firewall": (1, "unavailable", 5, "a firewall, or the endpoint, did not let these calls through"),
    "key": (1, "unavailable", 1, "Incorrect API key provided"),
    "model": (1, "unavailable", 1, "The model does not exist"),
    "credit": (1, "unavailable", 1, "the account has no credit left"),
    "parameter": (1, "unavailable", 1, "write `max_completion_tokens` in place of `max_tokens`"),
    "redirect": (1, "unavailable", 1, "redirects to http://elsewhere.invalid/v1/chat/completions"),
    "unknown": (None, "unavailable", ITEMS, ""),
    "other-model": (0, "", ITEMS, "another model than the one asked for: `tiny-fallback` (6)"),
    "cut-prompt": (0, "", ITEMS, "far fewer prompt tokens (20)"),
    "system-role": (0, "", ITEMS + 1, "the endpoint knows no system role"),
    "schema": (0, "", ITEMS + 1, "does not support `response_format`"),
}


def test_every_situation_of_the_server_is_in_the_table():
    assert SITUATIONS.keys() == REJECTIONS.keys()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_run_meets_a_situation(tmp_path: Path, situation: str):
    code, failure, requests, said = SITUATIONS[situation]
    adapts = situation in ("system-role", "schema")
    with served(faults={situation: 1.0}, heals_after=99) as server:
        exit_code, told, row = ran(tmp_path, server.url, "direct-json" if situation == "schema" else "direct")
        total = server.asked.total()
    assert code is None or exit_code == code, told
    failures = {kind: count for kind, count in row["failures"].items() if count}
    if failure:
        assert failures == {failure: ITEMS}
    else:
        assert "unavailable" not in failures
    assert said in told
    if requests < ITEMS or adapts:
        assert total == requests


def test_a_firewall_before_one_item_costs_that_item_alone(tmp_path: Path):
    with served(faults={"firewall": 0.3}, heals_after=99) as server:
        code, _, row = ran(tmp_path, server.url)
        hits = server.hits["firewall"]
    assert code == 0
    assert 0 < row["failures"]["unavailable"] == hits < ITEMS


@pytest.mark.skipif(not LLMOCK.exists(), reason="llmock is not installed; it is in the group `test`")
@pytest.mark.parametrize("status", ["400", "422", "408", "500", "503"])
def test_a_status_of_llmock_fails_the_calls_and_names_itself(tmp_path: Path, status: str):
    with foreign([LLMOCK, "serve", "--log-level", "critical", "--error-rate", f"{status}=1.0"], "/health") as url:
        _, told, row = ran(tmp_path, f"{url}/v1", model="gpt-4o")
    assert row["failures"]["unavailable"] == ITEMS
    assert f"status {status}" in told
