"""The importer on a small made-up study in the published layout."""

from __future__ import annotations

import gzip
import json
import math
import re
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner

from harness.cli.import_ import import_
from harness.errors import ImportSourceError
from harness.importers._files import write_imported
from harness.importers.fellowship import read_study
from harness.spec.yaml import parse_yaml

ITEMS = 3


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def lines(rows: list[object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def replies(model: str, count: int = ITEMS) -> list[dict[str, object]]:
    return [{"response": f"{model} on {n}", "score_1": 1.0, "score_2": 2.0, "turns_to_answer": 1} for n in range(count)]


def debated(number: int) -> dict[str, object]:
    said = {f"response_{p}_{turn}": f"{p} in {turn} on {number}" for p in (1, 2, 3) for turn in (1, 2)}
    return said | {f"response_{p}": f"{p} on {number}" for p in (1, 2, 3)} | {"score_1": 1.0, "score_2": 2.0}


class Study:
    """A study's clone with two judges, FairEval's with three questions, and PandaLM's file."""

    def __init__(self, folder: Path) -> None:
        self.study, self.fair_eval, self.pandalm = folder / "study", folder / "fair", folder / "panda.json"
        numbers = range(1, ITEMS + 1)
        questions = [{"question_id": n, "text": f"Question {n}?", "category": "generic"} for n in numbers]
        write(self.fair_eval / "question.jsonl", lines(questions))
        for name in ("gpt35", "vicuna-13b"):
            answers = [{"question_id": n, "text": f"{name} on {n}"} for n in numbers]
            write(self.fair_eval / "answer" / f"answer_{name}.jsonl", lines(answers))
        write(self.fair_eval / "review" / "review_gpt35_vicuna-13b_human.txt", "CHATGPT\nTIE\nVICUNA13B")
        self.evaluators = self.study / "outputs" / "evaluators"
        for model in ("small", "large"):
            write(self.evaluators / "fair-eval" / "multi-rater10" / f"{model}_none.json", replies(model))
        entry = {
            "instruction": "Do",
            "response1": "x",
            "response2": "y",
            "annotator1": 1,
            "annotator2": 2,
            "annotator3": 0,
        }
        pandas = [
            {"idx": 0, "input": "this", "cmp_key": "bloom-7b_opt-7b", "motivation_app": "Search"} | entry,
            {"idx": 1, "input": math.nan} | entry,
            {"idx": 2, "input": "", "cmp_key": "bloom-7b"} | entry,
        ]
        write(self.pandalm, pandas)

    def read(self, *, pandalm: bool = False):
        return read_study(self.study, fair_eval=self.fair_eval, pandalm=self.pandalm if pandalm else None)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def json_of(imported, *path: str) -> list[dict[str, object]]:
    content = imported.files[PurePosixPath(*path)]
    text = gzip.decompress(content) if path[-1].endswith(".gz") else content
    return [json.loads(line) for line in text.splitlines()]


def problems_of(study: Study, *, pandalm: bool = False) -> list[str]:
    with pytest.raises(ImportSourceError, match=re.escape(str(study.study.parent))) as error:
        study.read(pandalm=pandalm)
    root = study.study.parent
    return [str(problem).replace(f"{root}/", "") for problem in error.value.problems]


# --- FairEval -------------------------------------------------------------------------------------------


def test_response_a_is_vicunas_and_response_b_chatgpts(study):
    rows = json_of(study.read(), "data", "fair-eval.jsonl")
    assert [row["label"] for row in rows] == ["b", "tie", "a"]
    assert rows[0] == {
        "id": "1",
        "category": "generic",
        "prompt": "Question 1?",
        "response_a": "vicuna-13b on 1",
        "model_a": "vicuna-13b",
        "response_b": "gpt35 on 1",
        "model_b": "gpt-3.5-turbo",
        "label": "b",
    }


def test_replies_are_recorded_by_item_strategy_model_and_step(study):
    rows = json_of(study.read(), "recordings", "fair-eval.jsonl.gz")
    assert len(rows) == 2 * ITEMS
    assert rows[0] == {
        "dataset": "fair-eval",
        "strategy": "combined-10",
        "model": "large",
        "item": "1",
        "step": "judge",
        "text": "large on 0",
    }


def test_the_spec_names_what_is_recorded(study):
    spec = parse_yaml(study.read().files[PurePosixPath("fair-eval.yaml")].decode(), "fair-eval.yaml").value
    assert list(spec["models"]) == ["large", "small"]
    assert spec["models"]["small"] == {"provider": "recorded", "path": "recordings/fair-eval.jsonl.gz"}
    assert spec["matrix"] == {
        "dataset": ["fair-eval"],
        "strategy": ["combined-10"],
        "evaluator": [
            {"judge": ["large", "small"]},
            {"jury": {"of": ["large", "small"], "sizes": "all", "vote": "majority"}},
        ],
    }
    assert "strategies" not in spec


def test_importing_twice_gives_the_same_bytes(study, tmp_path):
    written = [write_imported(study.read(pandalm=True), tmp_path / name) for name in ("one", "two")]
    one, two = ({path.name: path.read_bytes() for path in paths} for paths in written)
    assert len(one) > 1
    assert one == two


def test_what_is_there_and_what_is_not_is_said(study):
    assert study.read().notes == (
        "fair-eval: 3 pairs",
        "fair-eval: replies of 2 models under combined-10: large, small",
        "fair-eval: no replies under direct, independent-10, combined-5, combined-100",
        "pandalm: not imported, for its data were not given with --pandalm; nor are its replies there",
    )
    for folder in ("alpaca-eval", "pandalm-eval"):
        (study.evaluators / folder).mkdir()
    assert study.read().notes[3:] == (
        "pandalm: not imported, for its data were not given with --pandalm; its replies are there",
        "alpaca-eval: not imported, for the human labels of that set are not public",
    )


def test_debates_are_recorded_turn_by_turn_under_a_strategy_of_their_own(study):
    write(study.evaluators / "fair-eval" / "debate" / "large_large.json", [debated(n) for n in range(ITEMS)])
    imported = study.read()
    rows = [row for row in json_of(imported, "recordings", "fair-eval.jsonl.gz") if row["strategy"] == "debate-10"]
    assert {row["model"] for row in rows} == {"large"}
    assert {row["step"]: row["text"] for row in rows if row["item"] == "2"} == {
        **{f"debate-{turn}-{persona}": f"{persona} in {turn} on 1" for turn in (1, 2) for persona in (1, 2, 3)},
        **{f"final-{persona}": f"{persona} on 1" for persona in (1, 2, 3)},
    }
    assert "fair-eval: debates of 1 models: large" in imported.notes


def test_debates_and_judges_are_compared_each_under_their_own_strategies(study):
    write(study.evaluators / "fair-eval" / "debate" / "large_large.json", [debated(n) for n in range(ITEMS)])
    imported = study.read()
    spec = parse_yaml(imported.files[PurePosixPath("fair-eval.yaml")].decode(), "fair-eval.yaml").value
    assert spec["strategies"] == {"debate-10": {"path": "strategies/debate-10.yaml"}}
    assert PurePosixPath("strategies", "debate-10.yaml") in imported.files
    assert spec["matrix"]["strategy"] == ["combined-10", "debate-10"]
    assert spec["matrix"]["evaluator"][2] == {"debate": {"model": ["large"], "rounds": 2}}
    assert spec["matrix"]["exclude"] == [
        {"strategy": "debate-10", "evaluator": "judge"},
        {"strategy": "debate-10", "evaluator": "jury"},
        {"strategy": "combined-10", "evaluator": "debate"},
    ]


def test_debates_alone_are_a_spec(study):
    for path in (study.evaluators / "fair-eval" / "multi-rater10").iterdir():
        path.unlink()
    write(study.evaluators / "fair-eval" / "debate" / "large_large.json", [debated(n) for n in range(ITEMS)])
    spec = parse_yaml(study.read().files[PurePosixPath("fair-eval.yaml")].decode(), "fair-eval.yaml").value
    assert spec["matrix"] == {
        "dataset": ["fair-eval"],
        "strategy": ["debate-10"],
        "evaluator": [{"debate": {"model": ["large"], "rounds": 2}}],
    }


# --- PandaLM --------------------------------------------------------------------------------------------


def test_pandalm_without_replies_is_a_data_set_only(study):
    imported = study.read(pandalm=True)
    rows = json_of(imported, "data", "pandalm.jsonl")
    assert [row["prompt"] for row in rows] == ["Do\n\nthis", "Do", "Do"]
    assert [row["labels"] for row in rows] == [["a", "b", "tie"]] * 3
    assert [(row["model_a"], row["model_b"]) for row in rows] == [
        ("bloom-7b", "opt-7b"),
        (None, None),
        ("bloom-7b", None),
    ]
    assert PurePosixPath("pandalm.yaml") not in imported.files


def test_pandalm_under_every_strategy(study):
    folder = study.evaluators / "pandalm-eval"
    independent = [{"response_1": f"a{n}", "response_2": f"b{n}", "turns_to_answer_1": 1} for n in range(ITEMS)]
    write(folder / "rater10" / "small_none_-1.json", independent)
    for way in ("judge", "multi-rater5", "multi-rater100"):
        write(folder / way / "large_none.json", replies("large"))
    imported = study.read(pandalm=True)
    rows = json_of(imported, "recordings", "pandalm.jsonl.gz")
    assert [(row["item"], row["step"], row["text"]) for row in rows if row["strategy"] == "independent-10"] == [
        (str(n), step, f"{step[-1]}{n}") for n in range(ITEMS) for step in ("judge-a", "judge-b")
    ]
    spec = parse_yaml(imported.files[PurePosixPath("pandalm.yaml")].decode(), "pandalm.yaml").value
    assert spec["matrix"]["strategy"] == ["direct", "independent-10", "combined-5", "combined-100"]
    assert spec["matrix"]["exclude"] == [
        {"strategy": "direct", "model": "small"},
        {"strategy": "independent-10", "model": "large"},
        {"strategy": "combined-5", "model": "small"},
        {"strategy": "combined-100", "model": "small"},
    ]


def test_empty_responses_and_values_that_are_not_text_are_kept(study):
    pandas = json.loads(study.pandalm.read_text())
    pandas[1] |= {"response2": " ", "response1": True, "instruction": 7}
    write(study.pandalm, pandas)
    write(study.evaluators / "pandalm-eval" / "judge" / "large_none.json", replies("large"))
    imported = study.read(pandalm=True)
    rows = json_of(imported, "data", "pandalm.jsonl")
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    assert (rows[1]["prompt"], rows[1]["response_a"], rows[1]["response_b"]) == ("7", "true", " ")
    assert "pandalm: 1 pair with an empty response, which the judges judged too" in imported.notes
    assert "pandalm: idx 1: `instruction`, `response1` is not text, and read as it is written" in imported.notes
    replied = {row["item"]: row["text"] for row in json_of(imported, "recordings", "pandalm.jsonl.gz")}
    assert replied["2"] == "large on 2"


def test_entries_that_cannot_be_used_may_be_left_out_and_displace_no_reply(study):
    pandas = json.loads(study.pandalm.read_text())
    pandas[1] |= {"annotator1": 9}
    write(study.pandalm, pandas)
    given = [{"response": None}, *replies("large")[1:]]
    write(study.evaluators / "pandalm-eval" / "judge" / "large_none.json", given)
    imported = read_study(study.study, pandalm=study.pandalm, on_problem="skip")
    assert [row["id"] for row in json_of(imported, "data", "pandalm.jsonl")] == ["0", "2"]
    replied = [(row["item"], row["text"]) for row in json_of(imported, "recordings", "pandalm.jsonl.gz")]
    assert replied == [("2", "large on 2")]
    assert "panda.json: idx 1 is left out: `annotator1` is missing or unknown" in imported.notes
    assert "large_none.json: entry 1 is left out: `response` is missing or not text" in imported.notes


def test_the_study_without_fair_eval(study):
    imported = read_study(study.study, pandalm=study.pandalm)
    assert PurePosixPath("data", "fair-eval.jsonl") not in imported.files
    assert (
        "fair-eval: not imported, for its data were not given with --fair-eval; its replies are there" in imported.notes
    )
    with pytest.raises(ImportSourceError, match="give --fair-eval or --pandalm"):
        read_study(study.study)


# --- what is not in the layout --------------------------------------------------------------------------


def test_everything_that_is_missing_is_told_at_once(study):
    (study.fair_eval / "question.jsonl").unlink()
    (study.fair_eval / "review" / "review_gpt35_vicuna-13b_human.txt").unlink()
    for path in (study.evaluators / "fair-eval" / "multi-rater10").iterdir():
        path.unlink()
    study.pandalm.unlink()
    assert problems_of(study, pandalm=True) == [
        "fair/question.jsonl: cannot be read: no such file or directory",
        "fair/review/review_gpt35_vicuna-13b_human.txt: cannot be read: no such file or directory",
        "panda.json: cannot be read: no such file or directory",
        "study/outputs/evaluators/fair-eval: holds no replies of the study's judges",
    ]


def test_files_that_disagree_are_told(study):
    write(study.fair_eval / "answer" / "answer_gpt35.jsonl", lines([{"question_id": 2, "text": "x"}]))
    write(study.fair_eval / "review" / "review_gpt35_vicuna-13b_human.txt", "CHATGPT\nchatgpt")
    assert problems_of(study) == [
        "fair/answer/answer_gpt35.jsonl: does not answer the questions of question.jsonl in turn",
        "fair/review/review_gpt35_vicuna-13b_human.txt:2: `chatgpt` is none of VICUNA13B, TIE, CHATGPT",
        "fair/review/review_gpt35_vicuna-13b_human.txt: holds 2 labels for 3 questions",
    ]


def test_a_data_set_without_questions_is_told(study):
    write(study.fair_eval / "question.jsonl", "")
    assert problems_of(study) == ["fair/question.jsonl: holds no questions"]


def test_replies_that_are_too_few_or_no_replies_are_told(study):
    folder = study.evaluators / "fair-eval" / "multi-rater10"
    write(folder / "large_none.json", replies("large", 2))
    write(folder / "small_none.json", [{"response": None}, *replies("small", 2)])
    write(folder / "other_none.json", {})
    write(folder / "gpt-4o.json", [])
    write(study.evaluators / "fair-eval" / "debate" / "large_small.json", [])
    write(study.evaluators / "fair-eval" / "debate" / "small_small.json", [debated(0) | {"response_2_1": [1]}] * ITEMS)
    shown = "study/outputs/evaluators/fair-eval/multi-rater10"
    debates = "study/outputs/evaluators/fair-eval/debate"
    assert problems_of(study) == [
        f"{shown}/gpt-4o.json: is not named <model>_none.json",
        f"{shown}/large_none.json: holds 2 replies for 3 items",
        f"{shown}/other_none.json: is not a JSON list of objects",
        f"{shown}/small_none.json: entry 1: `response` is missing or not text",
        f"{debates}/large_small.json: is not named <model>_<model>.json",
        *(f"{debates}/small_small.json: entry {n}: `response_2_1` is missing or not text" for n in (1, 2, 3)),
    ]


def test_pandalm_entries_that_lack_something_are_told(study):
    pandas = json.loads(study.pandalm.read_text())
    pandas[0]["annotator2"] = 3
    pandas[1] |= {"instruction": None, "annotator1": True}
    del pandas[2]["idx"]
    write(study.pandalm, pandas)
    assert problems_of(study, pandalm=True) == [
        "panda.json: idx 0: `annotator2` is missing or unknown",
        "panda.json: idx 1: `instruction`, `annotator1` is missing or unknown",
        "panda.json: entry 3: `idx` is missing or unknown",
    ]


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_writes_and_says_what_comes_next(study, tmp_path):
    out = tmp_path / "out"
    arguments = ["fellowship", str(study.study), "--fair-eval", str(study.fair_eval), "--out", str(out)]
    result = CliRunner().invoke(import_, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == "fair-eval: 3 pairs"
    assert result.output.splitlines()[-1] == f"next:  harness run {out / 'fair-eval.yaml'}"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        "data/fair-eval.jsonl",
        "fair-eval.yaml",
        "recordings/fair-eval.jsonl.gz",
    ]
