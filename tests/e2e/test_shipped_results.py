"""The runs in `results/` are what the specs in `specs/` give today, byte for byte."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import harness
from harness.api import FinishedRun
from harness.runner.run_folder import DETERMINISTIC, ENVIRONMENT, MANIFEST, PROMPTS, TRAJECTORIES
from support.paths import ROOT

SPECS = ("quickstart", "prompting-strategies", "evaluator-modes", "feedback-loops", "pass-fail", "rankings")
"""In an order in which each comes after those whose winners it takes over."""
MADE_WITH = {"polars": "2.1.0", "numpy": "2.4.6"}
"""The packages on which the bytes of the shipped runs depend."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FinishedRun]:
    """Runs of all shipped specs."""
    folder = tmp_path_factory.mktemp("fresh")
    runs = {}
    for name in SPECS:
        spec = harness.load_spec(ROOT / "specs" / f"{name}.yaml", results=folder / "results")
        runs[name] = harness.run_spec(spec, cache=folder / "cache", results=folder / "results")
    return runs


def test_every_spec_is_shipped_with_one_run() -> None:
    assert sorted(path.stem for path in (ROOT / "specs").glob("*.yaml")) == sorted(SPECS)
    shipped = sorted(folder.parent.name for folder in (ROOT / "results").glob("*/*/"))
    assert shipped == sorted(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_shipped_run_is_what_a_fresh_run_gives(fresh: dict[str, FinishedRun], name: str) -> None:
    run, shipped = fresh[name], harness.open_run(name, ROOT / "results")
    assert shipped.id == run.id
    if MADE_WITH.items() <= run.environment["packages"].items():
        files = {*DETERMINISTIC, PROMPTS, TRAJECTORIES} & {path.name for path in run.folder.iterdir()}
        assert files == {path.name for path in shipped.folder.iterdir()} - {ENVIRONMENT}
        for file in sorted(files):
            assert (shipped.folder / file).read_bytes() == (run.folder / file).read_bytes(), file
    else:  # another polars writes Parquet in other bytes, and another numpy may draw other numbers
        assert shipped.judgments_frame().equals(run.judgments_frame())
        assert shipped.manifest["judgments_digest"] == run.manifest["judgments_digest"]
        if name == "feedback-loops":
            assert shipped.manifest["trajectories_digest"] == run.manifest["trajectories_digest"]
            return
        rows = (shipped.leaderboard["rows"], run.leaderboard["rows"])
        for told, found in zip(*rows, strict=True):
            assert told["cell"] == found["cell"]
            first = shipped.leaderboard["metric"]
            assert told["metrics"][first]["value"] == found["metrics"][first]["value"]


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="this is no clone")
def test_running_a_shipped_spec_leaves_git_status_clean() -> None:
    """What a run writes is ignored, or in git already as the same bytes."""
    folder = "results/quickstart/4e13d8c6daa0072b"
    tracked = subprocess.run(["git", "ls-files", folder], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert f"{folder}/{MANIFEST}" in tracked.splitlines()
    assert f"{folder}/{ENVIRONMENT}" not in tracked.splitlines()
    written = [f"{folder}/{ENVIRONMENT}", f"results/quickstart/another/{MANIFEST}", ".harness-cache/cache.db"]
    ignored = subprocess.run(["git", "check-ignore", *written], cwd=ROOT, check=False, capture_output=True, text=True)
    assert ignored.stdout.split() == written
