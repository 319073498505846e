"""JSON on a terminal: text from data is escaped where a terminal would act on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli._output import print_json, print_json_text

HOSTILE = "\x9b2J\x9dtitle\x9c\u202e\u2028\u2029\u2066\u061c\x7f"


def test_printed_json_has_the_same_value_and_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    value = {HOSTILE: [HOSTILE, {"日本": "é – \U0001f600"}]}
    print_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert not set(HOSTILE) & set(text) - set("2Jtitle")
    assert "é – \U0001f600" in text
    print_json_text(json.dumps(value, ensure_ascii=False))
    again = capsys.readouterr().out
    assert json.loads(again) == value
    assert not set(HOSTILE) & set(again) - set("2Jtitle")


def test_a_hostile_id_in_a_document_is_escaped(tmp_path: Path) -> None:
    rows = [{"id": f"{HOSTILE}{at}", "prompt": "p", "response_a": "a", "response_b": "b"} for at in range(3)]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "spec.yaml").write_text(
        "schema: 1\nname: one\ndatasets: {pairs: {path: pairs.jsonl}}\nmodels: {m: {provider: simulated}}\n"
        "matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [m]}]}\n"
    )
    words = ["explain", str(tmp_path / "spec.yaml"), "direct", "--json"]
    shown = CliRunner().invoke(main, [*words, "--results", str(tmp_path), "--cache", str(tmp_path / "cache")])
    assert shown.exit_code == 0, shown.output
    assert HOSTILE in json.dumps(json.loads(shown.stdout), ensure_ascii=False)
    assert not set(HOSTILE) & set(shown.stdout) - set("2Jtitle")
