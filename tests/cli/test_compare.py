"""`harness compare` on runs of specs that a user changed."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.spec.schema import check

SPEC = """\
schema: 1
name: {name}
datasets:
  {dataset}: {{path: pairs.jsonl}}
models:
  {model}: {{provider: simulated, skill: {skill}}}
  other: {{provider: simulated, skill: 0.6}}
strategies:
  mine: {{path: {strategy}.yaml}}
matrix:
  dataset: [{dataset}]
  strategy: [mine]
  evaluator: [{{judge: [{model}, other]}}, {{jury: {{of: [{model}, other], sizes: [2]}}}}]
score: {{resamples: 300, metrics: [{metrics}]}}
"""
USUAL = {"dataset": "pairs", "model": "small", "skill": 0.9, "strategy": "mine", "metrics": "kappa, accuracy"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with runs of several versions of a spec."""
    folder = tmp_path_factory.mktemp("compared")
    text = (
        (Path(harness.__file__).parent / "prompting/strategies/direct.yaml")
        .read_text()
        .replace("name: direct", "name: mine")
    )
    (folder / "mine.yaml").write_text(text)
    (folder / "briefly.yaml").write_text(text.replace("in a few sentences first", "in one sentence first"))
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 80)))
    unlabelled = [{key: value for key, value in row.items() if key != "labels"} for row in make_pairs(3, 80)]
    before = Path.cwd()
    os.chdir(folder)
    try:
        for name, changed in {
            "base": {},
            "renamed": {"dataset": "letters", "model": "tiny"},
            "worse": {"skill": 0.2},
            "other-metrics": {"metrics": "ac1"},
            "reworded": {"strategy": "briefly"},
        }.items():
            Path(f"{name}.yaml").write_text(SPEC.format(name=name, **(USUAL | changed)))
            done = CliRunner().invoke(main, ["run", f"{name}.yaml"])
            assert done.exit_code == 0, done.output
        Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in unlabelled))
        text = Path("base.yaml").read_text().replace("name: base", "name: unlabelled")
        Path("unlabelled.yaml").write_text(text)
        assert CliRunner().invoke(main, ["run", "unlabelled.yaml"]).exit_code == 0
        Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(9, 30)))
        Path("elsewhere.yaml").write_text(text.replace("unlabelled", "elsewhere"))
        assert CliRunner().invoke(main, ["run", "elsewhere.yaml"]).exit_code == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def compare(*arguments):
    return CliRunner().invoke(main, ["compare", *arguments])


def document(*arguments):
    said = json.loads(compare(*arguments, "--json").stdout)
    assert check(Document("", said), "compare") == []
    return said


def test_cells_are_matched_by_content_not_by_name():
    said = document("base", "renamed")
    ((part,),) = (each["datasets"] for each in said["comparisons"])
    assert [(pair["cell"], pair["other_cell"], pair["changed"]) for pair in part["pairs"]] == [
        ("pairs/mine/judge:small", "letters/mine/judge:tiny", None),
        ("pairs/mine/judge:other", "letters/mine/judge:other", None),
        ("pairs/mine/jury:small+other", "letters/mine/jury:tiny+other", None),
    ]
    assert (part["shared"], part["labelled_alike"]) == (80, 80)
    assert all(not pair["flips"] for pair in part["pairs"])
    assert len(said["merged"][0]["rows"]) == 3
    shown = compare("base", "renamed")
    assert shown.exit_code == 0
    assert "same judgment on every item: letters/mine/judge:tiny" in shown.stdout


def test_changed_component_is_named_and_measured():
    said = document("base", "worse", "--items")
    assert {field["path"] for field in said["spec_differences"]} == {"name", "models.small.skill"}
    pairs = {pair["cell"]: pair for pair in said["comparisons"][0]["datasets"][0]["pairs"]}
    pair = pairs["pairs/mine/judge:small"]
    assert pair["changed"] == "models"
    assert pair["metrics"]["kappa"]["difference"]["is_distinguishable"]
    assert len(pair["flipped"]) == sum(flip["items"] for flip in pair["flips"]) > 0
    assert pairs["pairs/mine/judge:other"]["flipped"] == []
    assert document("base", "worse")["comparisons"][0]["datasets"][0]["pairs"][0]["flipped"] is None
    shown = compare("base", "worse", "--items")
    assert "models.small.skill: 0.9 → 0.2" in shown.stdout
    assert "(models changed)" in shown.stdout
    assert ": distinguishable" in shown.stdout
    assert "worse against base, by kappa" in shown.stdout


def test_changed_strategy_is_another_strategy_and_its_diff_is_shown():
    said = document("base", "reworded")
    pairs = said["comparisons"][0]["datasets"][0]["pairs"]
    assert {pair["changed"] for pair in pairs} == {"strategy"}
    shown = compare("base", "reworded").stdout
    assert "-Give your reasons in a few sentences first." in shown
    assert "+Give your reasons in one sentence first." in shown


def test_gate_fails_where_a_cell_is_significantly_worse_by_more_than_the_margin():
    assert compare("base", "worse", "--fail-if-worse", "0.02").exit_code == 1
    assert "worse: pairs/mine/judge:small" in compare("base", "worse", "--fail-if-worse", "0.02").stdout
    assert compare("base", "worse", "--fail-if-worse", "0.99").exit_code == 0
    assert compare("worse", "base", "--fail-if-worse", "0.02").exit_code == 0
    assert compare("base", "renamed", "--fail-if-worse", "0.02").exit_code == 0


@pytest.mark.parametrize("margin", ["0", "1", "-0.1", "nan", "much"])
def test_margin_out_of_range_is_refused(margin):
    shown = compare("base", "worse", "--fail-if-worse", margin)
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


def test_several_runs_are_compared_with_the_first():
    said = document("base", "worse", "renamed")
    assert [(each["to"], each["run"]) for each in said["comparisons"]] == [
        (said["runs"][0]["run"], run["run"]) for run in said["runs"][1:]
    ]
    assert len(said["merged"][0]["rows"]) == 5


def test_runs_without_shared_items_or_labels_have_a_reason():
    said = document("base", "elsewhere")
    assert said["comparisons"][0]["datasets"] == said["merged"] == []
    assert len(said["comparisons"][0]["alone"]) == 6
    assert "has no items of its dataset" in compare("base", "elsewhere").stdout
    said = document("base", "unlabelled")
    (part,) = said["comparisons"][0]["datasets"]
    assert (part["shared"], part["labelled_alike"]) == (80, 0)
    assert "no reference labels" in part["pairs"][0]["metrics"]["kappa"]["difference"]["reason"]
    assert compare("unlabelled", "unlabelled").exit_code == 0


def test_metric_that_a_run_lacks_is_refused_with_its_metrics():
    shown = compare("base", "other-metrics")
    assert shown.exit_code == 2
    assert "has no metric `kappa`" in shown.stderr
    assert "it has ac1" in shown.stderr


def test_one_run_or_a_missing_run_is_an_error():
    assert compare("base").exit_code == 2
    assert compare("base", "nowhere").exit_code == 2
