"""`harness failures`, and what `harness run` says of failed calls and unread replies."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check

SPEC = """\
schema: 1
name: failing
datasets:
  pairs: {path: pairs.jsonl}
models:
  gpt: {provider: recorded, path: recording.jsonl}
strategies:
  mine:
    ask: pair
    user: "{{ prompt }} {{ response_a }} {{ response_b }} {{ answer_format }}"
    follow_up: null
    answer: {kind: verdict}
matrix:
  dataset: [pairs]
  strategy: [mine]
  evaluator: [{judge: [gpt]}]
  order: [ORDER]
score: {resamples: 100}
"""


def harness(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def make(texts: dict[str, str], order: str = "given") -> None:
    rows = [
        {"id": f"n{at}", "prompt": "Why?", "response_a": f"A{at}.", "response_b": f"B{at}.", "label": "a"}
        for at in range(4)
    ]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [
        {"dataset": "pairs", "item": item, "strategy": "mine", "step": "judge", "model": "gpt", "text": text}
        for item, text in texts.items()
    ]
    Path("recording.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    Path("failing.yaml").write_text(SPEC.replace("ORDER", order))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


UNREAD = {"n0": "Verdict: A", "n1": "I like the first.", "n2": "Hard to say.\nVerdict: A or B"}


def test_failed_judgments_are_listed_with_reason_and_reply() -> None:
    make(UNREAD)
    assert harness("run", "failing.yaml").exit_code == 0
    shown = harness("failures", "failing.yaml")
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].endswith("3 of 4 judgments failed (2 unparsed, 1 unavailable)")
    assert (
        "pairs/mine/judge:gpt, item n1: unparsed, the reply holds no answer that the rule of the strategy can read"
        in lines
    )
    assert "    I like the first." in lines
    assert "  reply: never came" in lines
    (reason,) = [line for line in lines if line.startswith("  1 call to gpt failed: ")]
    assert "(first: pairs/mine/judge:gpt, item " in reason


def test_json_follows_its_schema_and_the_filters() -> None:
    make(UNREAD)
    harness("run", "failing.yaml")
    shown = harness("failures", "failing", "--kind", "unparsed", "--cell", "judge:gpt", "--most", "1", "--json")
    found = json.loads(shown.stdout)
    assert check(Document("failures", found), "failures") == []
    assert (found["failed"], found["listed"], found["kinds"]) == (2, 1, {"unparsed": 2})
    assert found["failures"][0]["replies"][0]["text"] == "I like the first."
    assert json.loads(harness("failures", "failing", "--cell", "no such", "--json").stdout)["failed"] == 0
    assert "1 more; --most 0 lists all" in harness("failures", "failing", "--kind", "unparsed", "--most", "1").stdout


def test_a_reply_that_the_cache_lacks_is_said() -> None:
    make(UNREAD)
    harness("run", "failing.yaml")
    shown = harness("failures", "failing", "--cache", "elsewhere")
    assert "  reply 1: not in the cache (key " in shown.stdout


def test_a_long_reply_is_cut_for_people_and_whole_for_programs() -> None:
    make({"n0": "word " * 1000})
    harness("run", "failing.yaml")
    assert "… " in harness("failures", "failing").stdout
    (one, *_) = json.loads(harness("failures", "failing", "--json").stdout)["failures"]
    assert one["replies"][0]["text"] == "word " * 1000


def test_a_run_names_each_reason_once_with_the_missing_step() -> None:
    make(dict.fromkeys(("n0", "n1", "n2", "n3"), "Verdict: A"), order="both")
    done = harness("run", "failing.yaml")
    assert done.exit_code == 0
    (line,) = [line for line in done.stderr.splitlines() if " failed: " in line]
    assert line.startswith("4 calls to gpt failed: recording.jsonl has no reply of `gpt` to pairs, item n")
    assert "step swapped/judge (first: pairs/mine/judge:gpt" in line


def test_a_run_without_an_answered_call_exits_1() -> None:
    make({"other": "Verdict: A"})
    done = harness("run", "failing.yaml")
    assert done.exit_code == 1
    assert "error: no call to gpt was answered" in done.stderr


def test_a_rerun_with_stored_replies_does_not() -> None:
    make(UNREAD)
    assert [harness("run", "failing.yaml").exit_code for _ in range(2)] == [0, 0]


def test_mostly_unread_replies_are_said_first_with_the_line_that_shows_one() -> None:
    make({"n0": "Verdict: A", "n1": "Hm.", "n2": "Hm.", "n3": "Hm."})
    done = harness("run", "failing.yaml")
    lines = done.stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("warning"))
    assert lines[at] == "warning: 3 of 4 judgments of pairs/mine/judge:gpt hold no answer that can be read"
    assert lines[at + 1] == "  look: harness explain failing.yaml pairs/mine/judge:gpt --item n1"
    assert harness(*lines[at + 1].split()[2:]).exit_code == 0
    assert harness(*lines[at + 2].split()[2:]).exit_code == 0
    assert at < next(number for number, line in enumerate(lines) if "calls made" in line)


def test_a_changed_rule_reads_the_stored_replies_without_a_call() -> None:
    make({f"n{at}": "My pick is B" for at in range(4)})
    harness("run", "failing.yaml")
    spec = Path("failing.yaml")
    spec.write_text(spec.read_text().replace("{kind: verdict}", "{kind: verdict, markers: [Verdict, My pick]}"))
    done = harness("run", "failing.yaml")
    assert "0 calls made, 4 from the cache" in done.stderr
    assert "0 of 4 judgments failed" in harness("failures", "failing").stdout


def test_reasons_of_failed_calls_are_in_the_json_and_a_lost_or_edited_file_of_them_hides_no_failure() -> None:
    make(UNREAD)
    harness("run", "failing.yaml")
    (environment,) = Path("results/failing").glob("*/environment.json")
    found = json.loads(harness("failures", "failing", "--json").stdout)
    assert check(Document("", found), "failures") == []
    ((model, calls),) = [(one["model"], one["calls"]) for one in found["failed_calls"]]
    assert (model, calls) == ("gpt", 1)
    unread = json.loads(harness("failures", "failing", "--kind", "unparsed", "--json").stdout)
    assert unread["failed_calls"] == []
    for content in ('{"failed_calls": 3}', '{"failed_calls": [{}]}', "[]"):
        environment.write_text(content)
        again = json.loads(harness("failures", "failing", "--json").stdout)
        assert (again["failed_calls"], again["failures"]) == ([], found["failures"])
