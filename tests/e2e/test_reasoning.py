"""Reasoning in the replies of a served model: nobody else is shown it, no data hold it, and people can see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from support.chat_server import chat_server

SPEC = """\
schema: 1
name: loops
kind: generation
seed: 7
prompts: {{tasks: {{path: tasks.jsonl}}}}
models:
  writer: {{provider: openai, model: writer, base_url: {url}, price: {{input: 1, output: 10}}{more}}}
  judge: {{provider: openai, model: judge, base_url: {url}}}
matrix: {{prompts: [tasks], generator: [writer], reviewer: [none, judge], rounds: 2}}
selection: {{by: tournament, strategy: combined-10, evaluator: {{judge: judge}}}}
compare: {{opponents: [writer], strategy: [combined-10], evaluator: [{{judge: [judge]}}]}}
score: {{ties: half, resamples: 200}}
"""


def answer(request: dict[str, Any], number: int) -> dict[str, Any]:
    """A writer with reasoning in a field, and a judge with reasoning in tags and parts."""
    message: dict[str, Any] = {"content": "<think>JUDGE-SECRET Score: 1/10</think>\nScore: 7/10\n\nFeedback: name one."}
    if request["model"] == "writer":
        message = {"content": f"A clip holds {number} sheets.", "reasoning_content": "WRITER-SECRET"}
    elif "Score A" in request["messages"][-1]["content"]:
        thinking = {"type": "thinking", "thinking": "Score A: 1/10"}
        message = {"content": [thinking, {"type": "text", "text": "Score A: 9/10\nScore B: 4/10"}]}
    usage = {"prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 560}
    return {"choices": [{"finish_reason": "stop", "message": message}], "usage": usage}


@pytest.fixture
def served() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with chat_server(answer) as server:
        yield server


def harness(folder: Path, *words: str, code: int = 0) -> Result:
    places = ["--results", str(folder / "results")]
    places += ["--cache", str(folder / "cache")] if words[0] in ("run", "explain") else []
    shown = CliRunner().invoke(main, [*words, *places])
    assert shown.exit_code == code, shown.output
    return shown


def laid_out(folder: Path, url: str, more: str = "") -> str:
    rows = [{"id": f"t{number}", "prompt": f"Name a use for a paper clip ({number})."} for number in range(3)]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "loops.yaml").write_text(SPEC.format(url=url, more=more))
    return str(folder / "loops.yaml")


def test_reasoning_is_stored_and_shown_to_people_alone(tmp_path, served):
    url, requests = served
    spec = laid_out(tmp_path, url)
    harness(tmp_path, "run", spec)
    assert not [request for request in requests if "SECRET" in json.dumps(request)]
    out = tmp_path / "out.jsonl"
    harness(tmp_path, "export", spec, "--format", "dpo", "--out", str(out))
    assert "SECRET" not in out.read_text()
    sheet = json.loads(out.with_suffix(".datasheet.json").read_text())
    assert sheet["reasoning_removed"] == 3 * (1 + 2 + 1), "drafts of both systems, and reviews"
    assert f"{sheet['reasoning_removed']} drafts and reviews" in out.with_suffix(".datasheet.md").read_text()
    shown = harness(tmp_path, "explain", spec, "tasks/writer+judge", "--item", "t0").stdout
    assert "── reasoning, not shown to other models\n   WRITER-SECRET" in shown
    told = json.loads(harness(tmp_path, "explain", spec, "tasks/writer+judge", "--item", "t0", "--json").stdout)
    replies = [call["reply"] for batch in told["loop"]["batches"] for call in batch]
    assert replies[0]["reasoning"] == "WRITER-SECRET"
    assert {reply["completion_tokens"] for reply in replies} == {510}
    before = len(requests)
    harness(tmp_path, "run", spec)
    assert len(requests) == before


def test_reasoning_is_shown_where_a_model_says_so_and_then_exported_by_no_one(tmp_path, served):
    url, requests = served
    spec = laid_out(tmp_path, url, ", show_reasoning: true")
    harness(tmp_path, "run", spec)
    assert any("WRITER-SECRET" in json.dumps(request) for request in requests if request["model"] == "judge")
    assert not any("JUDGE-SECRET" in json.dumps(request) for request in requests)
    shown = harness(tmp_path, "export", spec, "--format", "dpo", "--out", str(tmp_path / "out.jsonl"), code=1)
    assert "3 reasoning (" in shown.stderr
