"""`harness compare` notices a judge that changed between two runs, and `--fail-if-changed` fails."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check

N = 80
HALF = "ab" * (N // 2)


def write(name, *draws, order="given", items=N):
    """A spec whose recorded judge gives these verdicts, one text for each repeat, and its run.

    A verdict is a, b, t (tie) or x (no answer).
    """
    words = {"a": "Verdict: A", "b": "Verdict: B", "t": "Verdict: tie", "x": "Nothing to say."}
    swapped = {"a": "b", "b": "a"}
    rows = [
        {"id": f"n{i}", "prompt": f"Q{i}", "response_a": f"a{i}", "response_b": f"b{i}", "label": HALF[i]}
        for i in range(items)
    ]
    Path(f"{name}-pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    replies = []
    for number, verdicts in enumerate(draws):
        for i in range(items):
            letter, end = verdicts[i], f"#{number}" if number else ""
            for step in ("judge", "judge.again"):
                place = {"dataset": "pairs", "item": f"n{i}", "strategy": "direct", "model": "m"}
                replies.append(place | {"step": f"{step}{end}", "text": words[letter]})
                other = words[swapped.get(letter, letter)]
                replies.append(place | {"step": f"swapped/{step}{end}", "text": other})
    Path(f"{name}.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    Path(f"{name}.yaml").write_text(
        f"schema: 1\nname: {name}\ndatasets: {{pairs: {{path: {name}-pairs.jsonl}}}}\n"
        f"models: {{m: {{provider: recorded, path: {name}.jsonl}}}}\n"
        "matrix:\n  dataset: [pairs]\n  strategy: [direct]\n"
        "  evaluator: [{judge: [m]}]\n"
        f"  repeats: [{len(draws)}]\n  order: [{order}]\nscore: {{resamples: 200, metrics: [kappa]}}\n"
    )
    done = CliRunner().invoke(main, ["run", f"{name}.yaml"])
    assert done.exit_code == 0, done.output


def moved(verdicts, count, one="b", other="a"):
    """The verdicts with the first `count` of one kind turned into another."""
    at = [i for i, verdict in enumerate(verdicts) if verdict == one][:count]
    return "".join(other if i in at else verdict for i, verdict in enumerate(verdicts))


def turned(verdicts, count):
    """The verdicts with the first `count` of them turned around."""
    return "".join({"a": "b", "b": "a"}[verdict] if i < count else verdict for i, verdict in enumerate(verdicts))


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed")
    before = Path.cwd()
    os.chdir(folder)
    write("base", HALF)
    write("same", HALF)
    write("to-a", moved(HALF, 16))
    write("both-ways", turned(HALF, 24))
    write("five", moved(HALF, 5))
    write("ties", moved(moved(HALF, 8, "a", "t"), 8, "b", "t"))
    write("silent", moved(HALF, 12, "a", "x"))
    write("few", moved(HALF[:12], 6), items=12)
    write("thrice", HALF, HALF, moved(HALF, 2))
    write("thrice-noise", HALF, turned(HALF, 3), HALF)
    write("thrice-moved", *[turned(HALF, 8)] * 3)
    try:
        yield folder
    finally:
        os.chdir(before)


def compare(*arguments):
    return CliRunner().invoke(main, ["compare", *arguments])


def judge(one, other, *arguments):
    shown = compare(f"{one}.yaml", f"{other}.yaml", "--json", *arguments)
    found = json.loads(shown.stdout)
    assert check(Document("", found), "compare") == []
    return found["comparisons"][0]["datasets"][0]["pairs"][0]["judge"], found, shown.exit_code


@pytest.mark.whole
@pytest.mark.parametrize(
    ("one", "other", "method", "moves", "is_changed"),
    [
        ("base", "same", "sign-test", 0, False),
        ("base", "to-a", "sign-test", 16, True),
        ("base", "five", "sign-test", 5, False),
        ("base", "ties", "sign-test", 16, True),
        ("base", "silent", "sign-test", 12, True),
        ("thrice", "thrice-noise", "permutation", 3, False),
        ("thrice", "thrice-moved", "permutation", 8, True),
    ],
)
def test_truth_table_of_a_judge_that_changed(one, other, method, moves, is_changed):
    for pair in ((one, other), (other, one)):
        found, document, code = judge(*pair, "--fail-if-changed")
        assert (found["method"], found["moved"], found["items"]) == (method, moves, N)
        assert (found["is_changed"], code) == (is_changed, int(is_changed))
        assert document["gate"]["passed"] is not is_changed
        assert document["gate"]["changed"] == int(is_changed)
        assert document["gate"]["margin"] is None


@pytest.mark.whole
def test_sixteen_of_eighty_verdicts_in_one_direction():
    shown = compare("base.yaml", "to-a.yaml")
    assert shown.exit_code == 0, "a remark without --fail-if-changed"
    assert (
        "judge changed: pairs/direct/judge:m: 16 of 80 items moved (exact sign test of flips: moves between a and b "
        "p = 3.1e−05; adjusted p = 3.1e−05)"
    ) in shown.stdout
    assert "judges that changed between the runs: 1 of 1 tested, at level 0.95\n" in shown.stdout
    failed = compare("base.yaml", "to-a.yaml", "--fail-if-changed")
    assert failed.exit_code == 1
    assert "gate: 1 cell checked, 1 with a changed judge" in failed.stdout
    assert "the judge changed: 16 of 80 items moved, adjusted p = 3.1e−05" in failed.stdout


def test_moves_in_both_directions_need_repeats_to_be_told_from_noise():
    found, _, _ = judge("base", "both-ways")
    assert (found["moved"], found["is_changed"]) == (24, False)


@pytest.mark.whole
def test_a_judge_that_could_not_be_tested_fails():
    found, document, code = judge("base", "few", "--fail-if-changed")
    assert (found["items"], code) == (12, 1)
    assert [one["kind"] for one in document["gate"]["findings"]] == ["few-items"]
    accepted, _, code = judge("base", "few", "--fail-if-changed", "--min-items", "12")
    assert (accepted["is_changed"], code) == (True, 1)
    write("reordered", HALF, order="swapped")
    found, document, code = judge("base", "reordered", "--fail-if-changed")
    assert (found["reason"], code) == ("the order of the cell changed, so that it is another judge", 1)
    assert [one["kind"] for one in document["gate"]["findings"]] == ["not-tested"]
    assert judge("base", "reordered", "--fail-if-changed", "--allow-missing")[2] == 0


@pytest.mark.whole
def test_both_gates_at_once():
    shown = compare("base.yaml", "to-a.yaml", "--fail-if-changed", "--fail-if-worse", "0.9", "--json")
    assert [one["kind"] for one in json.loads(shown.stdout)["gate"]["findings"]] == ["changed"]


@pytest.mark.whole
def test_repeats_of_either_order_are_exchanged_among_themselves():
    write("orders", HALF, HALF, order="both")
    write("orders-moved", *[turned(HALF, 12)] * 2, order="both")
    found, _, _ = judge("orders", "orders-moved")
    assert (found["draws"], found["moved"], found["is_changed"]) == ([2, 2], 12, True)


@pytest.mark.whole
def test_p_values_are_adjusted_for_all_cells():
    write("two-base", HALF, order="given, swapped")
    write("two-to-a", moved(HALF, 16), order="given, swapped")
    found, document, _ = judge("two-base", "two-to-a")
    assert document["comparisons"][0]["judges"] == {
        "level": 0.95,
        "correction": "holm",
        "tests": 2,
        "tested": 2,
        "changed": 2,
    }
    toward = next(test for test in found["tests"] if test["name"] == "toward-a")
    assert toward["adjusted"] == pytest.approx(2 * toward["p_value"])
    assert "p-values adjusted for 2 tests (Holm)" in compare("two-base.yaml", "two-to-a.yaml").stdout


def test_the_gate_on_changes_needs_evaluations_and_options_need_a_gate():
    shown = compare("base.yaml", "same.yaml", "--min-items", "3")
    assert "need --fail-if-worse or --fail-if-changed" in shown.stderr
