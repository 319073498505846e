"""`--ledger`: one limit for several commands."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from support.chat_server import chat_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

SPEC = """\
schema: 1
name: {name}
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  judge: {{provider: openai, model: {model}, base_url: {url}, price: {{input: 100, output: 100}},
    params: {{max_tokens: 10}}}}
matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{{judge: [judge]}}]}}
score: {{metrics: [kappa], resamples: 100}}
"""
ANSWER = {
    "choices": [{"finish_reason": "stop", "message": {"content": "Verdict: A"}}],
    "usage": {"prompt_tokens": 400, "completion_tokens": 10, "total_tokens": 410},
}
"""Each call costs 0.041 dollars, and may cost a good deal more."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"id": str(n), "prompt": f"p{n}", "response_a": "a", "response_b": "b", "label": "a"} for n in range(6)]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def ran(verb: str, *words: str, url: str = "http://127.0.0.1:9", names: tuple[str, ...] = ("one",)) -> Result:
    for name in names:
        Path(f"{name}.yaml").write_text(SPEC.format(name=name, model=name, url=url))
    return CliRunner().invoke(main, [verb, *(f"{name}.yaml" for name in names), *words])


def answer(_request: Any, _number: int) -> dict[str, Any]:
    return ANSWER


def test_commands_share_a_limit_and_say_what_is_spent(here: Path) -> None:
    with chat_server(answer) as (url, requests):
        first = ran("run", "--max-cost", "0.5", "--ledger", "l.jsonl", url=url)
        assert first.exit_code == 0, first.stderr
        assert re.search(r"^\$0\.2460 spent by 1 run of the ledger l\.jsonl$", first.stderr, re.MULTILINE)
        planned = ran("plan", "--ledger", "l.jsonl", url=url, names=("two",))
        assert "$0.2460 spent by 1 run of the ledger l.jsonl" in planned.stdout
        made = len(requests)
        second = ran("run", "--max-cost", "0.5", "--ledger", "l.jsonl", url=url, names=("two",))
    assert second.exit_code == 1
    assert "stopped before --max-cost 0.5 could be passed: $" in second.stderr
    assert "spent by 2 runs of the ledger l.jsonl; the next call to judge may cost up to" in second.stderr
    assert "to resume: harness run two.yaml --max-cost 0.5 --ledger l.jsonl" in second.stderr
    assert made < len(requests)
    assert 0.041 * len(requests) <= 0.5


def test_specs_of_one_command_share_it_too(here: Path) -> None:
    with chat_server(answer) as (url, requests):
        shown = ran("run", "--max-cost", "0.4", "--ledger", "l.jsonl", url=url, names=("one", "two"))
    assert shown.exit_code == 1
    assert "of --max-cost left" not in shown.stderr
    assert len(requests) > 6
    assert 0.041 * len(requests) <= 0.4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--ledger", "l.jsonl"],
            r"shares a limit on the cost, and there is none; set it with --max-cost USD",
        ),
        (
            ["--max-cost", "1", "--ledger", "pairs.jsonl"],
            r"pairs\.jsonl:1: the ledger is damaged: this is not",
        ),
        (["--max-cost", "1", "--ledger", "none/l.jsonl"], r"none/l\.jsonl: the ledger cannot be used: no such file"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_found_before_any_call(here: Path, words: list[str], message: str) -> None:
    shown = ran("run", *words)
    assert shown.exit_code == 2
    assert re.search(message, shown.stderr)
    assert not (here / "results").exists()
