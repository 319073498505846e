"""What runs spend where endpoints count tokens in their own ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from support.chat_server import chat_server

SPEC = """\
schema: 1
name: prices
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  judge:
    {{provider: openai, model: m, base_url: {url}, price: {price}, params: {{max_tokens: {most}}}}}
matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{{judge: [judge]}}]}}
score: {{metrics: [kappa], resamples: 200}}
"""


def ran(folder: Path, url: str, price: str, *words: str, pairs: int = 30, most: int = 8000) -> Result:
    rows = [
        {"id": f"i{k}", "prompt": f"Question {k}", "response_a": "Red.", "response_b": "Blue.", "label": "ab"[k % 2]}
        for k in range(pairs)
    ]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "prices.yaml").write_text(SPEC.format(url=url, price=price, most=most))
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    return CliRunner().invoke(main, ["run", str(folder / "prices.yaml"), *places, *words])


def completion(text: str, usage: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"finish_reason": "stop", "message": {"content": text}}], "usage": usage}


def test_a_limit_holds_where_reasoning_is_billed_outside_the_completion(tmp_path):
    details = {"completion_tokens_details": {"reasoning_tokens": 5000}}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 5110, **details}
    with chat_server(lambda request, number: completion("Verdict: B", usage)) as (url, requests):
        shown = ran(tmp_path, url, "{input: 1, output: 10}", "--max-cost", "0.2")
    assert shown.exit_code == 1
    bill = len(requests) * (100 * 1 + 5010 * 10) / 1e6
    assert 0.05 < bill <= 0.2
    assert f"${bill:.4f}" in shown.stderr


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({}, id="missing"),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, id="zero"),
        pytest.param({"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100}, id="no completion"),
        pytest.param({"prompt_tokens": -1, "completion_tokens": 10**15}, id="absurd"),
    ],
)
@pytest.mark.parametrize("text", ["", "Verdict: B"])
def test_a_limit_holds_where_usage_cannot_be_believed(tmp_path, usage, text):
    with chat_server(lambda request, number: completion(text, usage)) as (url, requests):
        shown = ran(tmp_path, url, "{input: 1, output: 100}", "--max-cost", "5", most=2000)
    assert shown.exit_code == 1
    assert 20 <= len(requests) <= 25, "each may have cost $0.20 and a little for its prompt"


def test_cached_prompt_tokens_cost_what_the_price_says(tmp_path):
    details = {"prompt_tokens_details": {"cached_tokens": 900_000}}
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 10, "total_tokens": 1_000_010, **details}
    with chat_server(lambda request, number: completion("Verdict: B", usage)) as (url, _):
        shown = ran(tmp_path, url, "{input: 1, cached_input: 0.1, output: 10}", pairs=6)
    assert shown.exit_code == 0, shown.output
    assert "$1.1406" in shown.stderr
    (board,) = (tmp_path / "results").rglob("leaderboard.json")
    assert json.loads(board.read_text())["rows"][0]["cost_usd"] == pytest.approx(1.1406)
