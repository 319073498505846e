"""A calibration written by `harness calibrate` and applied by a spec."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.calibration import CalibrationMap
from harness.records.document import Document
from harness.scoring.calibrated import calibrated, verdict_codes
from harness.spec.schema import check

SPEC = """\
schema: 1
name: NAME
seed: 7
datasets: {pairs: {path: NAME.jsonl}}
models: {good: {provider: simulated, skill: 0.6}}
matrix: {dataset: [pairs], strategy: [combined-10, direct], evaluator: [{judge: [good]}]}
score: {metrics: [brier, kappa], resamples: 200CALIBRATION}
"""


def harness(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    rows = list(make_pairs(3, 160))
    for name, part in (("first", rows[:110]), ("second", rows[100:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    (folder / "first.yaml").write_text(SPEC.replace("NAME", "first").replace("CALIBRATION", ""))
    applied = SPEC.replace("CALIBRATION", ", calibration: {path: calibration.json}")
    (folder / "second.yaml").write_text(applied.replace("NAME", "second"))
    (folder / "again.yaml").write_text(applied.replace("name: NAME", "name: again").replace("NAME", "first"))
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    if not Path("calibration.json").exists():
        done = harness("run", "first.yaml")
        assert done.exit_code == 0, done.output
        done = harness("calibrate", "first", "--write", "calibration.json", "--method", "sigmoid")
        assert done.exit_code == 0, done.output
        assert "sigmoid calibration written to calibration.json" in done.stderr


def companions(name: str):
    done = harness("run", f"{name}.yaml")
    assert done.exit_code == 0, done.output
    board = json.loads(harness("leaderboard", name, "--format", "json").stdout)
    assert check(Document("", board), "leaderboard") == []
    return {row["cell"]: row["companions"] for row in board["rows"]}, board


def test_the_file_is_as_its_schema_says():
    found = json.loads(Path("calibration.json").read_text())
    assert check(Document("", found), "calibration") == []
    assert list(found["cells"]) == ["combined-10/judge:good"]
    one = found["cells"]["combined-10/judge:good"]
    assert len(one["points"]) == 101
    assert one["points"] == sorted(one["points"])
    assert len(found["items"]) == 110


@pytest.mark.whole
def test_figures_are_of_items_that_it_was_not_fitted_to():
    found, board = companions("second")
    brier = found["pairs/combined-10/judge:good"]["brier.calibrated"]
    assert brier["n"] == 50
    assert brier["low"] < brier["value"] < brier["high"]
    assert found["pairs/combined-10/judge:good"]["kappa.calibrated"]["n"] == 50
    assert "no map for this cell" in found["pairs/direct/judge:good"]["kappa.calibrated"]["reason"] or (
        "without a probability" in found["pairs/direct/judge:good"]["kappa.calibrated"]["reason"]
    )
    assert any("the 50 of 60 items that the calibration was not fitted to" in note for note in board["notes"])


def test_the_items_that_it_was_fitted_to_are_refused():
    found, _ = companions("again")
    one = found["pairs/combined-10/judge:good"]["brier.calibrated"]
    assert one["value"] is None
    assert "fitted to 110 of the 110 items" in one["reason"]


@pytest.mark.whole
def test_its_content_is_part_of_the_run():
    before = harness("run", "second.yaml").stderr
    content = Path("calibration.json").read_text()
    changed = json.loads(content)
    changed["cells"]["combined-10/judge:good"]["tie_margin"] = 1.0
    Path("calibration.json").write_text(json.dumps(changed))
    try:
        after = harness("run", "second.yaml").stderr
        everything = harness("leaderboard", "second", "--format", "json").stdout
    finally:
        Path("calibration.json").write_text(content)
    assert before.split("written to")[1].split(";")[0] != after.split("written to")[1].split(";")[0]
    rows = {row["cell"]: row["companions"] for row in json.loads(everything)["rows"]}
    assert rows["pairs/combined-10/judge:good"]["kappa.calibrated"]["value"] == 0  # all are ties


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "wants a mapping"),
        ('{"schema": 1}', "`cells`"),
        (None, "there is no file"),
    ],
)
def test_a_bad_file_is_an_error_with_its_place(content, message):
    if content is not None:
        Path("bad.json").write_text(content)
    name = "bad.json" if content is not None else "nowhere.json"
    Path("bad.yaml").write_text(Path("second.yaml").read_text().replace("calibration.json", name))
    done = harness("validate", "bad.yaml")
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_points_must_rise_and_a_digest_must_fit():
    found = json.loads(Path("calibration.json").read_text())
    found["cells"]["combined-10/judge:good"]["points"][0][0] = 0.5
    Path("falls.json").write_text(json.dumps(found))
    Path("bad.yaml").write_text(Path("second.yaml").read_text().replace("calibration.json", "falls.json"))
    assert "the points do not rise" in harness("validate", "bad.yaml").output
    text = Path("second.yaml").read_text().replace("calibration.json", "calibration.json, digest: abc")
    Path("bad.yaml").write_text(text)
    assert "its digest is another one" in harness("validate", "bad.yaml").output


def test_a_run_without_soft_verdicts_writes_none():
    done = harness("calibrate", "first", "--cell", "direct/judge:good", "--write", "none.json")
    assert done.exit_code == 2
    assert "no cell has a calibration to write" in done.stderr
    assert not Path("none.json").exists()


def test_a_map_is_linear_between_its_points_and_ties_are_within_the_margin():
    found = CalibrationMap("sigmoid", ((0.0, 0.2), (0.5, 0.5), (1.0, 0.8)), 0.2, 100)
    values = calibrated(np.array([0.0, 0.25, 0.5, 1.0, np.nan]), found)
    assert values[:4] == pytest.approx([0.2, 0.35, 0.5, 0.8])
    assert verdict_codes(values, 0.2).tolist() == [2, 2, 1, 0, 3]
    assert verdict_codes(np.array([0.59, 0.61]), 0.2).tolist() == [1, 0]
