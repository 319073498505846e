"""The strategies that are more than one question, asked of simulated models from a spec to its judgments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import harness
from harness.api import FinishedRun
from harness.cache.cache import Cache
from support.paths import QUICKSTART_DATA

DATA = QUICKSTART_DATA
ITEMS = 24
MINE = """
  mine:
    ask: pair
    steps:
      - {id: needs, user: "What does this ask for? {{ prompt }}"}
      - {id: notes, user: "Compare. {{ step_needs }} {{ response_a }} {{ response_b }}"}
    criteria:
      - {name: Being right, text: "Is it true?", weight: 2.5}
      - {name: Form, text: "Is it easy to read?"}
    examples:
      - user: Which one, the first or the second?
        assistant: '{"scores_a": {"Being right": 9, "Form": 8}, "scores_b": {"Being right": 2, "Form": 9}}'
    user: |
      {{ criteria }} {{ step_notes }} {{ prompt }} {{ response_a }} {{ response_b }}
      {{ answer_format }}
    second_look: {user: "{{ reply }} {{ swapped_reply }} Decide."}
    answer: {kind: rubric, format: json, reasons: false, scale: {min: 0, max: 10}}
    tie_margin: 0.5
"""


def spec_of(folder: Path, strategy: str, own: str = "", **knobs: Any) -> harness.Spec:
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()[:ITEMS]]
    for row in rows:
        row["reference"] = "A good answer."
    (folder / "pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    settings = {"provider": "simulated", "skill": 0.95, **knobs}
    (folder / "spec.yaml").write_text(
        "schema: 1\nname: mine\nseed: 1\ndatasets:\n  pairs: {path: pairs.jsonl}\n"
        f"models:\n  small: {json.dumps(settings)}\n"
        + (f"strategies:{own}" if own else "")
        + f"matrix: {{dataset: [pairs], strategy: [{strategy}], evaluator: [{{judge: [small]}}]}}\n"
        "score: {resamples: 100}\n",
        encoding="utf-8",
    )
    return harness.load_spec(folder / "spec.yaml")


def run_of(folder: Path, strategy: str, own: str = "", **knobs: Any) -> FinishedRun:
    spec = spec_of(folder, strategy, own, **knobs)
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results")


def calls_of(folder: Path, run: FinishedRun) -> list[dict[str, Any]]:
    """What the calls of a run asked, and what they were told."""
    keys = [key for one in run.judgments_frame()["calls"] for key in one]
    cache = Cache(folder / "cache")
    try:
        return [{**json.loads(entry.call), "reply": entry.reply.text} for entry in cache.entries(keys)]
    finally:
        cache.close()


@pytest.mark.parametrize(
    ("strategy", "calls"),
    [
        ("cot", 1),
        ("own-criteria", 2),
        ("reference-guided", 1),
        ("rating-10", 2),
        ("rubric", 1),
        ("direct-json", 1),
        ("mt-bench", 1),
        ("arena-hard", 1),
        ("alpaca-eval", 1),
        ("alpaca-eval-ranking", 1),
        ("prometheus", 2),
        ("prometheus-pair", 1),
        ("g-eval", 2),
    ],
)
def test_a_strategy_file_is_enough(tmp_path: Path, strategy: str, calls: int) -> None:
    run = run_of(tmp_path, strategy)
    frame = run.judgments_frame()
    assert frame["verdict"].null_count() == 0
    assert set(frame["calls"].list.len()) == {calls}
    (accuracy,) = pl.read_parquet(run.folder / "scores.parquet").filter(pl.col("metric") == "accuracy")["value"]
    assert accuracy > 0.6, "a skilful judge is mostly right"


def test_a_biased_judge_looks_again_and_a_fair_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "fair").mkdir()
    (tmp_path / "biased").mkdir()
    fair = run_of(tmp_path / "fair", "second-look", skill=1)
    biased = run_of(tmp_path / "biased", "second-look", skill=1, position_bias=0.9)
    assert set(fair.judgments_frame()["calls"].list.len()) == {2}
    assert biased.judgments_frame()["calls"].list.len().sum() > 2.5 * ITEMS
    assert biased.judgments_frame()["verdict"].null_count() == 0


def test_everything_at_once(tmp_path: Path) -> None:
    run = run_of(tmp_path, "mine", MINE)
    frame = run.judgments_frame()
    assert frame["failure"].null_count() == ITEMS
    scores = frame["score_a"].to_list() + frame["score_b"].to_list()
    assert all(0 <= score <= 10 for score in scores)
    again = harness.run_spec(
        harness.load_spec(tmp_path / "spec.yaml"), cache=tmp_path / "cache", results=tmp_path / "again", offline=True
    )
    assert again.id == run.id
    assert again.judgments_frame().equals(frame)


@pytest.mark.parametrize("json_output", [True, False])
def test_json_is_asked_for_where_it_is_known_and_read_from_text_where_not(tmp_path: Path, json_output: bool) -> None:
    run = run_of(tmp_path, "direct-json", json_output=json_output)
    assert run.judgments_frame()["verdict"].null_count() == 0
    calls = calls_of(tmp_path, run)
    assert len(calls) == ITEMS
    assert all(call["params"]["response_format"]["type"] == "json_schema" for call in calls)
    assert all(call["reply"].startswith("{") == json_output for call in calls)


def test_both_ways_of_giving_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "known").mkdir()
    (tmp_path / "unknown").mkdir()
    known = run_of(tmp_path / "known", "direct-json")
    unknown = run_of(tmp_path / "unknown", "direct-json", json_output=False)
    columns = ["item", "verdict", "calls"]
    assert known.judgments_frame().select(columns).equals(unknown.judgments_frame().select(columns))


FAULTY = """
  mine:
    ask: pair
    steps:
      - {id: needs, user: "{{ prompt }} {{ step_notes }}"}
      - {id: needs, user: "{{ ''.__class__ }}"}
    criteria:
      - {name: Form, text: "Is it easy to read?", weight: 0}
    user: "{{ response_a }} {{ response_b }} {{ criteria }} {{ step_need }} {{ answer_format }}"
    answer: {kind: verdict}
"""


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(harness.errors.SpecError, match="wants more than 0, not the number 0") as caught:
        spec_of(tmp_path, "mine", FAULTY)
    assert [str(problem) for problem in caught.value.problems if "weight" in problem.path] == [
        f"{tmp_path / 'spec.yaml'}:15:59: strategies.mine.criteria[0].weight: wants more than 0, not the number 0"
    ]
    with pytest.raises(harness.errors.SpecError, match="there is no step `notes`") as caught:
        spec_of(tmp_path, "mine", FAULTY.replace("weight: 0", "weight: 1"))
    told = [(one.line, one.path.removeprefix("strategies.mine."), one.message) for one in caught.value.problems]
    assert told == [
        (12, "steps[0].user", "line 1 of the template: there is no step `notes`"),
        (13, "steps[1].id", "a second step `needs`"),
        (13, "steps[1].user", "line 1 of the template: `Getattr` is not allowed here"),
        (16, "user", "line 1 of the template: there is no step `need`"),
    ]
