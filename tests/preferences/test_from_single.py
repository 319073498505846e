"""Single responses with labels as desirable and undesirable examples for KTO."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import main
from harness.errors import InputError
from harness.preferences.from_single import SingleRule, single_rule_of
from harness.records.document import Document
from harness.records.label_set import LabelSet, number_set
from harness.spec.schema import check

GRADES = LabelSet(tuple("12345"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0, 5.0))
TWO = LabelSet(("fail", "pass"), positive="pass")
NUMBERS = number_set(1, 10)
COLUMNS = ("item", "prompt", "response", "judge", "human", "grade", "number", "model")
ROWS = [
    (0, "p1", "good answer", "pass", "pass", 5, 9.5, "w0"),
    (1, "p1", "bad answer", "pass", "fail", 1, 2, "w1"),
    (2, "p2", "fine", "fail", "pass", 4, 8, "w0"),
    (3, "p2", "Fine ", "fail", "fail", 4, 6, "w1"),
    (4, "p3", "I am sorry, no", "pass", "pass", 3, 8, "w0"),
    (5, "p3", "nobody looked", None, None, None, None, "w1"),
    (6, "p4", "good answer", "pass", "pass", 2, 4, "w0"),
    (7, "p4", "good answer", "pass", "pass", 2, 4, "w1"),
    (8, "p5", "<think>hm</think> yes", "fail", "pass", 5, 9, "w0"),
]
LABELS = ("--judge", "judge", "--human", "human", "--labels", "fail,pass", "--metric", "accuracy")


def run(folder: Path, *arguments: str) -> Result:
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, list(arguments))


def scored(folder: Path, *arguments: str) -> None:
    """A run of the table, and its spec."""
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    done = run(folder, "score", "t.csv", "--item", "item", "--spec", "mine.yaml", "--name", "mine", *arguments)
    assert done.exit_code == 0, done.output


def exported(folder: Path, *arguments: str, code: int = 0, form: str = "kto") -> str:
    options = ["--format", form, "--out", "out.jsonl", "--force", "--split", "1,0,0"]
    done = run(folder, "export", "mine.yaml", *options, *arguments)
    assert done.exit_code == code, done.output
    return done.output


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def examples(folder: Path) -> list[tuple[str, bool]]:
    return [(row["completion"][0]["content"], row["label"]) for row in rows_in(folder)]


def sheet_of(folder: Path) -> dict[str, Any]:
    sheet: dict[str, Any] = json.loads((folder / "out.datasheet.json").read_bytes())
    assert check(Document("sheet", sheet), "datasheet") == []
    return sheet


def stopped(sheet: dict[str, Any]) -> dict[str, int]:
    return {name: gate["stopped"] for name, gate in sheet["gates"].items() if gate["stopped"]}


@pytest.mark.whole
def test_labels_of_people_make_the_examples(tmp_path):
    scored(tmp_path, *LABELS)
    assert "4 responses of 9 candidates" in exported(tmp_path)
    kept = [("good answer", True), ("bad answer", False), ("I am sorry, no", True), ("good answer", True)]
    assert examples(tmp_path) == kept
    sheet = sheet_of(tmp_path)
    assert stopped(sheet) == {"unlabelled": 1, "contradicted": 2, "duplicate": 1, "reasoning": 1}
    assert sheet["labelled"] == {"by": "people", "desirable": ["pass"], "undesirable": ["fail"]}
    assert sheet["evaluators"] == {"people": 4}
    assert (sheet["longer"], sheet["evaluator_agreement"]) == (None, None)
    assert sheet["labels"] == {"true": 3, "false": 1}
    assert sheet["writers"] == {"w0": {"chosen": 3, "rejected": 0}, "w1": {"chosen": 0, "rejected": 1}}
    assert [row["verdict"] for row in rows_in(tmp_path)] == ["desirable", "undesirable", "desirable", "desirable"]
    text = (tmp_path / "out.datasheet.md").read_text(encoding="utf-8")
    assert "by the labels of people: pass desirable, fail not" in text
    assert "| characters, undesirable | 1 |" in text
    exported(tmp_path, "--drop-refusals")
    assert stopped(sheet_of(tmp_path))["refusal"] == 1


def test_labels_of_the_judge_come_with_its_agreement(tmp_path):
    scored(tmp_path, *LABELS, "--metric", "kappa")
    exported(tmp_path, "--by", "judge")
    kept = [("good answer", True), ("bad answer", True), ("fine", False), ("I am sorry, no", True)]
    assert examples(tmp_path) == [*kept, ("good answer", True)]
    sheet = sheet_of(tmp_path)
    assert stopped(sheet) == {"failed": 1, "duplicate": 2, "reasoning": 1}
    assert [row["n"] for row in sheet["evaluator_agreement"]["rows"]] == [8]
    assert all(len(row["calls"]) == 1 for row in rows_in(tmp_path))


@pytest.mark.whole
def test_grades_and_numbers_by_thresholds(tmp_path):
    grades = ("--judge", "grade", "--human", "grade", "--labels", "1,2,3,4,5", "--ordered", "--metric", "accuracy")
    scored(tmp_path, *grades)
    exported(tmp_path, "--desirable", "4,5", "--undesirable", "1,2")
    assert stopped(sheet_of(tmp_path)) == {"unlabelled": 1, "neither": 1, "reasoning": 1, "duplicate": 2}
    (tmp_path / "mine.yaml").unlink()
    scored(tmp_path, "--judge", "number", "--human", "number", "--labels", "number", "--scale", "1,10")
    for by in ("people", "judge"):
        exported(tmp_path, "--desirable", "8", "--undesirable", "4", "--by", by)
        kept = [("good answer", True), ("bad answer", False), ("fine", True), ("I am sorry, no", True)]
        assert examples(tmp_path) == [*kept, ("good answer", False)]


@pytest.mark.whole
def test_responses_to_one_prompt_stay_in_one_part(tmp_path):
    scored(tmp_path, *LABELS)
    for seed in range(6):
        exported(tmp_path, "--split", "0.4,0.3,0.3", "--seed", str(seed), "--by", "judge")
        parts: dict[str, set[str]] = {}
        for row in rows_in(tmp_path):
            parts.setdefault(row["prompt"][0]["content"], set()).add(row["split"])
        assert all(len(one) == 1 for one in parts.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--desirable", "good", "--undesirable", "fail"), "--desirable: `good` is no label of this run"),
        (("--desirable", "pass"), "do not say which responses are desirable and which are not; such as --desirable p"),
        (("--desirable", "pass", "--undesirable", "pass"), "`pass` is both desirable and undesirable"),
        (("--min-margin", "1"), "single responses have no margin"),
        (("--cell", "judge"), "add --by judge"),
        (("--view", "workflow"), "an evaluation has no workflow"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, arguments, message):
    scored(tmp_path, *LABELS)
    assert message in exported(tmp_path, *arguments, code=2)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.whole
def test_dpo_and_runs_without_labels_are_refused(tmp_path):
    scored(tmp_path, *LABELS[:2], *LABELS[4:])
    assert "dpo needs pairs of responses" in exported(tmp_path, form="dpo", code=2)
    assert "has no labels of people; --by judge takes those of the judge" in exported(tmp_path, code=2)
    assert "responses of 9 candidates" in exported(tmp_path, "--by", "judge")


@pytest.mark.whole
def test_a_table_without_texts_makes_no_examples(tmp_path):
    (tmp_path / "labels.csv").write_text("prompt,judge,human\np1,pass,pass\np2,fail,fail\n", encoding="utf-8")
    done = run(tmp_path, "score", "labels.csv", *LABELS, "--spec", "mine.yaml", "--name", "mine")
    assert done.exit_code == 0, done.output
    for by in ("people", "judge"):
        assert "the data of `mine` have no texts of the responses" in exported(tmp_path, "--by", by, code=2)


@pytest.mark.parametrize("given", [((), ()), (("4",), ()), (("4", "5"), ("1",)), (("3",), ("3",)), (("x",), ("1",))])
def test_numbers_need_one_number_for_each(given):
    with pytest.raises(InputError, match="labels are numbers here"):
        single_rule_of(NUMBERS, "people", *given)


def test_grades_need_both_options():
    with pytest.raises(InputError, match="do not say which responses are desirable"):
        single_rule_of(GRADES, "judge", (), ())
    assert single_rule_of(TWO, "judge", (), ()) == SingleRule("judge", ("pass",), ("fail",))


@given(st.floats(1, 10), st.floats(1, 10), st.floats(1, 10))
def test_a_number_is_desirable_from_one_threshold_on_and_undesirable_up_to_the_other(number, one, other):
    if one == other:
        return
    low, high = sorted((one, other))
    rule = single_rule_of(NUMBERS, "judge", (str(high),), (str(low),))
    expected = "a" if number >= high else "b" if number <= low else "neither"
    assert rule.verdict("number", number) == rule.verdict(str(number), None) == expected
    assert rule.verdict("number", None) == "unparsed"
    assert rule.verdict("refused", None) == "refused"
    assert rule.verdict(None, None) == "unlabelled"
