"""`harness.calibrate`: the document of the command, its files, and what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.providers.simulation.dataset import make_pairs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> harness.FinishedRun:
    folder = tmp_path_factory.mktemp("calibrate")
    spec = {
        "schema": 1,
        "name": "soft",
        "datasets": {"pairs": make_pairs(3, 110)},
        "models": {"good": {"provider": "simulated", "skill": 0.8}},
        "matrix": {"dataset": ["pairs"], "strategy": ["logprobs", "direct"], "evaluator": [{"judge": ["good"]}]},
        "score": {"resamples": 200},
    }
    return harness.run_spec(harness.load_spec(spec), cache=folder / "cache", results=folder / "results")


@pytest.mark.whole
def test_a_calibration_is_the_document_of_the_command_and_writes_its_file(run: harness.FinishedRun, tmp_path: Path):
    found = harness.calibrate(run, write=tmp_path / "map.json", method="sigmoid")
    done = CliRunner().invoke(main, ["calibrate", str(run.folder), "--json"])
    assert json.loads(done.stdout) == found
    assert json.loads((tmp_path / "map.json").read_text())["cells"]
    frame = found.frame()
    assert frame.height == 2
    assert frame["brier_sigmoid"].null_count() == 1
    assert frame["reason"].null_count() == 1


def test_what_cannot_be_is_an_input_error(run: harness.FinishedRun, tmp_path: Path):
    with pytest.raises(harness.InputError, match="there is no method `magic`"):
        harness.calibrate(run, method="magic")  # type: ignore[arg-type]
    with pytest.raises(harness.InputError, match="neither a page nor a picture"):
        harness.calibrate(run, out=tmp_path / "x.pdf")
