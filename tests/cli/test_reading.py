"""`harness explain SPEC --read FILE`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check

STRATEGY = """\
schema: 1
name: mine
ask: pair
user: "{{ prompt }} {{ response_a }} {{ response_b }} {{ answer_format }}"
answer: {kind: scores, scale: {min: 0, max: 10}}
"""
SPEC = """\
schema: 1
name: small
datasets: {pairs: {path: pairs.jsonl}}
models: {judge: {provider: simulated}}
matrix: {dataset: [pairs], strategy: [STRATEGIES], evaluator: [{judge: [judge]}]}
"""


def harness(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=text)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    row = {"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "label": "a"}
    Path("pairs.jsonl").write_text(json.dumps(row) + "\n")
    Path("mine.yaml").write_text(STRATEGY)
    Path("one.yaml").write_text(SPEC.replace("STRATEGIES", "direct"))
    Path("two.yaml").write_text(SPEC.replace("STRATEGIES", "direct, combined-10"))


def test_what_was_found_is_marked_and_what_was_rejected_is_named() -> None:
    shown = harness("explain", "direct", "--read", "-", text="Verdict: B\r\nVerdict: it depends\r\n")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.splitlines()[:9] == [
        "direct: 1 of 1 reply read",
        "form       Verdict: <A, B or tie>",
        "",
        "reply: verdict b",
        "  line 2, marker, rejected: no value follows, or an echoed form: the search continues further up",
        "    | Verdict: it depends",
        "    | ^^^^^^^",
        "  line 1, marker, read as b: it begins its clause",
        "    | Verdict: B",
    ]


def test_a_strategy_file_and_a_recording() -> None:
    lines = [
        {"item": "7", "step": "judge", "text": "Score A: 8\nScore B: 7.5"},
        {"item": "8", "step": "judge", "text": "<think>Score A: 1</think>Score A: 8"},
    ]
    Path("recording.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    shown = harness("explain", "mine.yaml", "--read", "recording.jsonl")
    assert "mine: 1 of 2 replies read" in shown.stdout
    assert shown.stdout.index("line 2 (item 8, step judge): no answer") < shown.stdout.index("scores 8 and 7.5")
    assert "Score A: 1" not in shown.stdout


@pytest.mark.parametrize("cell", ["combined-10", "pairs/combined-10/judge:judge"])
def test_a_strategy_of_a_spec_is_named_by_itself_or_a_cell(cell: str) -> None:
    shown = harness("explain", "two.yaml", cell, "--read", "-", text="Score A: 8\nScore B: 7")
    assert "reply: scores 8 and 7" in shown.stdout


def test_the_only_strategy_of_a_spec_need_not_be_named() -> None:
    shown = harness("explain", "one.yaml", "--read", "-", text="I cannot say.")
    assert "reply: no answer\n  no marker of the rule" in shown.stdout


@pytest.mark.parametrize(
    ("strategy", "text", "answer"),
    [
        ("arena-hard", "[[A>>B]]", {"verdict": None, "score_a": 5, "score_b": 1, "score": None}),
        ("prometheus", "[RESULT] 4", {"verdict": None, "score_a": None, "score_b": None, "score": 4}),
        ("direct-json", '{"winner": "A"}', {"verdict": "a", "score_a": None, "score_b": None, "score": None}),
        ("direct", "Well.\nA", {"verdict": "a", "score_a": None, "score_b": None, "score": None}),
        ("direct", "Verdict: A or B", None),
    ],
)
def test_json_follows_its_schema_and_its_spans_lie_in_its_text(
    strategy: str, text: str, answer: dict[str, object] | None
) -> None:
    found = json.loads(harness("explain", strategy, "--read", "-", "--json", text=text).stdout)
    assert check(Document("reading", found), "reading") == []
    (reply,) = found["replies"]
    assert reply["answer"] == (answer and {**answer, "preference": None})
    assert reply["places"]
    assert all(reply["text"][one["start"] : one["stop"]] == one["marked"] for one in reply["places"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("two.yaml", "--read", "-"), "2 strategies: `direct`, `combined-10`; name one of them, or a cell"),
        (("two.yaml", "judge", "--read", "-"), "`judge` names more than one strategy"),
        (("two.yaml", "cot", "--read", "-"), "`cot` names no strategy"),
        (("direct", "--read", "missing.txt"), "missing.txt cannot be read: no such file or directory"),
        (("one.yaml", "--read", "-", "--item", "1"), "--read takes replies from FILE and no --item"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], message: str) -> None:
    shown = harness("explain", *arguments, text="x")
    assert shown.exit_code == 2
    assert message in shown.stderr


def test_an_invalid_strategy_file_is_reported_with_its_places() -> None:
    Path("mine.yaml").write_text(STRATEGY.replace("max: 10", "max: 0"))
    shown = harness("explain", "mine.yaml", "--read", "-", text="x")
    assert shown.exit_code == 2
    assert "mine.yaml:5" in shown.stderr


def test_many_replies_are_counted_and_not_all_shown() -> None:
    Path("many.jsonl").write_text('"Verdict: A"\n' * 30)
    shown = harness("explain", "direct", "--read", "many.jsonl")
    assert "10 more replies, 10 of them read; --json shows all" in shown.stdout
