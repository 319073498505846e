"""`label_next`, `label_status`, `label_export` and `threshold` as functions: the documents of the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.providers.simulation.dataset import make_singles
from harness.records.document import Document
from harness.spec.schema import check
from support.filled_forms import filled

SPEC: dict[str, Any] = {
    "schema": 1,
    "responses": "single",
    "name": "checks",
    "datasets": {"d": {"path": "d.jsonl"}},
    "models": {"good": {"provider": "simulated", "skill": 0.8}},
    "matrix": {"dataset": ["d"], "strategy": ["pass-fail-logprobs"], "evaluator": [{"judge": ["good"]}]},
    "score": {"metrics": ["kappa"], "resamples": 200},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("functions")
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_singles(3, 90)))
    (folder / "checks.yaml").write_text(json.dumps(SPEC))
    spec = harness.load_spec(folder / "checks.yaml")
    harness.run_spec(spec, cache=folder / "cache", results=folder / "results")
    return folder


@pytest.fixture(autouse=True)
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)


def printed(*words: object) -> Any:
    shown = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout)


def test_the_labelling_loop_is_that_of_the_command(tmp_path: Path) -> None:
    drawn = harness.label_next("checks", 40, folder=tmp_path)
    assert check(Document("", dict(drawn)), "label") == []
    ((_, number, annotator, file, items),) = drawn.frame().rows()
    assert (number, annotator, items) == (1, "annotator", 40)
    filled(file, lambda row, at: ("pass", "pass", "fail")[at % 3])
    status = harness.label_status("checks", folder=tmp_path, width=0.2)
    assert status == printed("label", "status", "checks", "--dir", tmp_path, "--width", "0.2")
    assert status.frame()["labelled"].to_list() == [40, 40]
    out = tmp_path / "votes.csv"
    exported = harness.label_export("checks", out, folder=tmp_path)
    assert check(Document("", dict(exported)), "label") == []
    assert exported.frame().rows() == [(str(out), 40)]
    assert exported == printed("label", "export", "checks", "--dir", tmp_path, "--out", out, "--force")
    with pytest.raises(harness.InputError, match="already exists"):
        harness.label_export("checks", out, folder=tmp_path)
    one = harness.label_next("checks", stratify=False, again=1, annotators=["ben"], format="jsonl", folder=tmp_path)
    assert one["files"][0]["file"].endswith("round-1.ben.jsonl")
    assert harness.correct("checks", Path(file).parent)["datasets"][0]["labelled"] == 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be at least 1"),
        ({"unit": "prompt"}, "there is no unit 'prompt'"),
        ({"again": 1, "stratify": True}, "leave out `stratify` and `seed`"),
        ({"annotators": ["../x"]}, "is no name of an annotator"),
        ({"format": "xlsx"}, "`xlsx` is no format of label files"),
    ],
)
def test_a_draw_that_cannot_be_is_an_input_error(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(harness.InputError, match=message):
        harness.label_next("checks", folder=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_status_needs_a_draw_and_a_width_within_the_scale(tmp_path: Path) -> None:
    with pytest.raises(harness.InputError, match="nothing was drawn"):
        harness.label_status("checks", folder=tmp_path)
    for width in (0, -1, 1.5, float("nan")):
        with pytest.raises(harness.InputError, match="the whole scale is 1 wide"):
            harness.label_status("checks", folder=tmp_path, width=width)


@pytest.mark.whole
def test_a_threshold_is_the_document_of_the_command(tmp_path: Path) -> None:
    found = harness.threshold("checks")
    assert found == printed("threshold", "checks")
    assert found.frame().height == 1
    assert found.frame()["threshold"][0] == found["datasets"][0]["cells"][0]["chosen"]["threshold"]
    kept = harness.threshold("checks", recall={"pass": 0.9}, folds=4)
    assert kept == printed("threshold", "checks", "--recall", "pass=0.9", "--folds", "4")
    pytest.importorskip("vl_convert")
    harness.threshold("checks", out=tmp_path / "roc.svg")
    assert (tmp_path / "roc.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"aim": "pearson"}, "aim: there is no metric `pearson`"),
        ({"aim": "kappa", "recall": {"pass": 0.9}}, "give `aim`, or `recall` of one label"),
        ({"recall": {"good": 0.9}}, "recall: `good` is no label of this run"),
        ({"recall": {"pass": 1.5}}, "is no share from 0 to 1"),
        ({"folds": 1}, "folds must be 2 to 50, not 1"),
        ({"out": "roc.png"}, "is neither a page nor a picture"),
        ({"columns": {"idd": "x"}}, "columns: there is no `idd`"),
        ({"skip_unknown": True}, "describe a file of `labels`"),
    ],
)
def test_a_threshold_that_cannot_be_is_an_input_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(harness.InputError, match=message):
        harness.threshold("checks", **options)


def test_labels_of_a_frame_replace_those_of_the_run() -> None:
    rows = [json.loads(line) for line in Path("d.jsonl").read_text().splitlines()][:50]
    labels = [{"id": row["id"], "label": row["labels"][0]} for row in rows]
    assert harness.threshold("checks", labels)["datasets"][0]["labelled"] == 50


def test_help_names_arguments_results_and_errors() -> None:
    functions = (harness.calibrate, harness.threshold, harness.label_next, harness.label_status, harness.label_export)
    for function in functions:
        for section in ("Args:", "Returns:", "Raises:"):
            assert section in (function.__doc__ or "")
