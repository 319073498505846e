"""`harness power` on the smallest spec there is, before and after its run, and its line in `harness plan`."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.analysis.power import wording as power_wording
from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check


def ran(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """A starter spec and a run of it in `results`."""
    folder = tmp_path_factory.mktemp("power")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for arguments in (["new", "mine"], ["run", "mine.yaml"]):
            done = ran(*arguments)
            assert done.exit_code == 0, done.output
    return folder / "mine.yaml"


@pytest.fixture(autouse=True)
def here(spec, monkeypatch):
    monkeypatch.chdir(spec.parent)


def said(*arguments):
    shown = ran("power", *arguments, "--json")
    assert shown.exit_code == 0, shown.output
    document = json.loads(shown.stdout)
    assert check(Document("", document), "power") == []
    return document


def test_a_run_is_its_own_pilot_by_folder_by_name_and_by_spec():
    (run,) = Path("results/mine").iterdir()
    by_folder, by_name, by_spec = (said(target) for target in (run, "mine", "mine.yaml"))
    assert by_folder == by_name == by_spec
    assert by_folder["run"] == run.name
    shown = ran("power", "mine.yaml")
    assert f"by run {run.name}" in shown.stdout
    assert re.search(r"kappa +one pair +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] +loss +0\.\d\d \[", shown.stdout)
    assert re.search(r"kappa +all 15 +0\.", shown.stdout)


def test_a_spec_without_a_run_is_simulated(tmp_path):
    document = said("mine.yaml", "--results", tmp_path)
    assert document["run"] is None
    assert {one["source"] for one in document["datasets"]} == {"simulated"}
    assert "by simulated judges" in ran("power", "mine.yaml", "--results", tmp_path).stdout


def test_what_was_asked_is_answered():
    document = said("mine.yaml", "--n", 500, "--effect", 0.1, "--metric", "accuracy")
    assert document["asked"] == {"n": 500, "effect": 0.1}
    (metric,) = document["datasets"][0]["metrics"]
    assert (metric["metric"], document["datasets"][0]["n"]) == ("accuracy", 500)
    needed = metric["all_pairs"]["loss"]["n_needed"]
    shown = ran("power", "mine.yaml", "--n", 500, "--effect", 0.1, "--metric", "accuracy").stdout
    assert "n for 0.1" in shown
    assert "chance at n = 500" in shown
    assert f"{needed:,}" in shown


def test_chances_are_never_promises():
    assert "> 0.99" in ran("power", "mine.yaml", "--effect", 0.5, "--n", 400).stdout
    assert "< 0.01" in ran("power", "mine.yaml", "--effect", 0.001).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--n", "1"], "--n must be 20 to 1,000,000,000: fewer items have counts only, no tests"),
        (["--n", "2000000000"], "--n must be 20 to"),
        (["--effect", "0"], "--effect must be between 0 and 1"),
        (["--effect", "1"], "--effect must be between 0 and 1"),
        (["--effect", "nan"], "--effect must be between 0 and 1"),
        (["--metric", "kapa"], "there is no metric `kapa`; did you mean `kappa`?"),
    ],
)
def test_what_cannot_be_asked_is_told(arguments, told):
    shown = ran("power", "mine.yaml", *arguments)
    assert shown.exit_code == 2
    assert told in shown.stderr


def test_all_that_cannot_be_asked_is_told_at_once():
    shown = ran("power", "mine.yaml", "--n", 3, "--effect", 2, "--metric", "none")
    assert [shown.stderr.count(option) for option in ("--n must", "--effect must", "--metric: there")] == [1, 1, 1]


def test_nothing_of_that_name_is_an_input_error():
    shown = ran("power", "nothing-like-it")
    assert shown.exit_code == 2
    assert "nothing-like-it" in shown.stderr


def changed(folder, change):
    """A copy of the spec and its run, the spec changed."""
    shutil.copytree(Path.cwd(), folder, dirs_exist_ok=True)
    file = folder / "mine.yaml"
    document = yaml.safe_load(file.read_text("utf-8"))
    change(document)
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def test_a_run_of_an_earlier_state_is_a_pilot_and_is_called_so(tmp_path, monkeypatch):
    file = changed(tmp_path, lambda document: document["matrix"]["strategy"].pop())
    monkeypatch.chdir(tmp_path)
    document = said(file)
    assert document["datasets"][0]["source"] == "pilot"
    assert power_wording.older_pilot(document["run"]) in document["notes"]
    assert any("cells" in note and "are planned" in note for note in document["notes"])


def test_a_run_that_did_not_judge_a_dataset_leaves_it_to_simulation(tmp_path, monkeypatch):
    def more(document):
        ((name, entry),) = document["datasets"].items()
        document["datasets"]["others"] = dict(entry)
        document["matrix"]["dataset"] = [name, "others"]

    file = changed(tmp_path, more)
    monkeypatch.chdir(tmp_path)
    document = said(file)
    assert [one["source"] for one in document["datasets"]] == ["pilot", "simulated"]
    assert {power_wording.PILOT, power_wording.SIMULATED_PILOT} <= set(document["notes"])
    assert "pairs, simulated judges" in ran("power", file).stdout


def test_a_damaged_run_is_no_pilot_and_that_is_told(tmp_path, monkeypatch):
    file = changed(tmp_path, lambda document: None)
    monkeypatch.chdir(tmp_path)
    (judgments,) = Path("results/mine").glob("*/judgments.parquet")
    judgments.write_bytes(b"no parquet")
    document = said(file)
    assert document["run"] is None
    assert any(note.startswith("the newest run cannot serve as a pilot: ") for note in document["notes"])
    assert "can detect" in ran("plan", file).stdout


def test_one_cell_has_nothing_to_be_compared_with(tmp_path, monkeypatch):
    def alone(document):
        document["matrix"]["strategy"] = document["matrix"]["strategy"][:1]
        document["matrix"]["evaluator"] = [{"judge": [next(iter(document["models"]))]}]
        document["matrix"].pop("exclude", None)

    file = changed(tmp_path, alone)
    monkeypatch.chdir(tmp_path)
    shown = ran("power", file, "--results", tmp_path / "none")
    assert shown.exit_code == 0
    assert "1 cell, 0 pairs" in shown.stdout
    assert "kappa: one cell: nothing to compare" in shown.stdout
    assert "no difference in kappa can be promised to be found" in ran("plan", file).stdout


def test_the_plan_tells_it_in_one_line_and_as_json():
    shown = ran("plan", "mine.yaml")
    assert shown.exit_code == 0
    (line,) = (line for line in shown.stdout.splitlines() if "can detect" in line)
    document = json.loads(ran("plan", "mine.yaml", "--json").stdout)
    assert check(Document("", document), "plan") == []
    (told,) = document["detects"]
    found = said("mine.yaml")["datasets"][0]["metrics"][0]
    for way in ("one_pair", "all_pairs"):
        assert told[way] == {direction: found[way][direction]["value"] for direction in ("loss", "gain")}
        assert f"a loss of {told[way]['loss']:.2f}" in line
    assert "by the newest run" in line
