"""Preference pairs from rankings of several responses."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.preferences.from_ranked import _pairs, _shares, _verdict
from harness.records.document import Document
from harness.spec.schema import check

ITEMS = [
    {"id": "1", "prompt": "one", "responses": ["a1", "b1", "c1"], "scores": [3, 9, 1], "judge": "2>1>3"},
    {"id": "2", "prompt": "two", "responses": ["a2", "b2"], "scores": [4, 4], "judge": "1>2"},
    {"id": "3", "prompt": "three", "responses": ["a3", "b3", "c3", "d3"], "scores": [1, 2, 3, 4], "judge": "1=4>2=3"},
    {"id": "4", "prompt": "four", "responses": ["a4", "b4"], "judge": "1=2"},
    {"id": "5", "prompt": "five", "responses": ["a5", "b5", "c5"], "scores": [5, 1, 3], "judge": "nonsense"},
]
SPEC = """\
schema: 1
responses: many
name: mine
datasets:
  d: {path: data.jsonl, columns: {id: id, prompt: prompt, responses: responses, scores: scores}}
models:
  recorded: {provider: recorded, path: data.jsonl, columns: {item: id, text: judge}}
matrix: {dataset: [d], strategy: [rank-list], evaluator: [{judge: [recorded]}]}
"""


def run(folder: Path, *arguments: str) -> Any:
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("ranked")
    (place / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ITEMS))
    (place / "mine.yaml").write_text(SPEC)
    done = run(place, "run", "mine.yaml", "--yes")
    assert done.exit_code in (0, 1), done.output
    return place


def exported(folder: Path, *arguments: str, form: str = "dpo", code: int = 0) -> tuple[list[Any], dict[str, Any]]:
    out = folder / "out.jsonl"
    options = ["--format", form, "--out", "out.jsonl", "--force", "--split", "1,0,0"]
    done = run(folder, "export", "mine.yaml", *options, *arguments)
    assert done.exit_code == code, done.output
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    sheet = json.loads((folder / "out.datasheet.json").read_bytes())
    assert check(Document("sheet", sheet), "datasheet") == []
    return rows, sheet


def pairs_of(rows: list[Any]) -> list[tuple[str, str]]:
    return [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows]


def test_the_best_and_the_worst_response_by_the_judge_are_a_pair(folder):
    rows, sheet = exported(folder)
    assert pairs_of(rows) == [("b1", "c1"), ("a2", "b2"), ("a3", "b3")]
    assert (rows[0]["score_chosen"], rows[0]["score_rejected"]) == (1.0, 0.0)
    assert {row["source"] for row in rows} == {"ranking"}
    assert sheet["gates"]["tied"]["stopped"] == 1
    assert sheet["gates"]["failed"]["stopped"] == 1
    assert (sheet["ranked"]["by"], sheet["ranked"]["pairs"]) == ("judge", "best-worst")
    assert sheet["ranked"]["accuracy"][0]["metric"] == "top-1"
    text = (folder / "out.datasheet.md").read_text(encoding="utf-8")
    assert "by the rankings of the judge: the best and the worst response" in text
    assert "agreement with human labels: unknown" not in text


def test_all_pairs_leave_out_ties_and_a_margin_leaves_out_neighbours(folder):
    rows, sheet = exported(folder, "--pairs", "all")
    assert pairs_of(rows)[:3] == [("b1", "a1"), ("a1", "c1"), ("b1", "c1")]
    assert len(rows) == 3 + 1 + 4
    assert sheet["gates"]["tied"]["stopped"] == 2 + 1
    rows, _ = exported(folder, "--pairs", "all", "--min-margin", "0.6")
    assert pairs_of(rows)[:2] == [("b1", "c1"), ("a2", "b2")]


def test_people_rank_as_well_and_items_without_their_ranking_are_counted(folder):
    rows, sheet = exported(folder, "--by", "people")
    assert pairs_of(rows) == [("b1", "c1"), ("d3", "a3"), ("a5", "b5")]
    assert (rows[0]["score_chosen"], rows[0]["score_rejected"]) == (9.0, 1.0)
    assert {row["evaluator"] for row in rows} == {"people"}
    assert (sheet["gates"]["tied"]["stopped"], sheet["gates"]["unlabelled"]["stopped"]) == (1, 1)
    assert sheet["ranked"]["accuracy"] == []


def test_kto_makes_the_best_desirable_and_the_worst_undesirable(folder):
    rows, sheet = exported(folder, form="kto")
    assert [(row["completion"][0]["content"], row["label"]) for row in rows][:2] == [("b1", True), ("c1", False)]
    assert sheet["labels"] == {"true": 3, "false": 3}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--desirable", "1"], "rankings and no labels"),
        (["--by", "people", "--cell", "rank-list/judge:recorded"], "those of people count"),
        (["--cell", "nobody"], "no cell"),
        (["--pairs", "first-two"], "best-worst"),
    ],
)
def test_options_that_do_not_fit_are_errors(folder, arguments, why):
    done = run(folder, "export", "mine.yaml", "--format", "dpo", "--out", "never.jsonl", *arguments)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.split())
    assert not (folder / "never.jsonl").exists()


def test_a_run_of_single_responses_has_no_pairs_of_rankings(folder, tmp_path):
    (tmp_path / "t.csv").write_text("item,prompt,response,judge,human\n1,p,r,pass,pass\n2,q,s,fail,pass\n")
    options = [
        "--item",
        "item",
        "--judge",
        "judge",
        "--human",
        "human",
        "--labels",
        "fail,pass",
        "--metric",
        "accuracy",
    ]
    assert run(tmp_path, "score", "t.csv", "--spec", "one.yaml", "--name", "one", *options).exit_code == 0
    done = run(tmp_path, "export", "one.yaml", "--format", "kto", "--out", "x.jsonl", "--pairs", "all")
    assert done.exit_code == 2
    assert "no rankings to make pairs of" in done.stderr


def test_ties_at_an_end_take_the_first_response_and_equal_ones_are_a_tie():
    assert _pairs([1.0, 3.0, 3.0, 1.0], 4, "best-worst") == [(1, 0)]
    assert _pairs([2.0, 2.0, 2.0], 3, "best-worst") == [(0, 1)]
    assert _verdict(2.0, 2.0) == "tie"
    assert _pairs(None, 3, "all") == [(0, 1)]
    assert _shares("2>1=3") == [0.25, 1.0, 0.25]
