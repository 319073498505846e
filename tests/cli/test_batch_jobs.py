"""`harness batch status`, `cancel` and `forget`: jobs that have not been collected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.runner.batches import coordinator
from support.batch_server import BatchServer, batch_server
from support.batch_specs import spec_in
from support.paths import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "output/batch.schema.json").read_text())


@pytest.fixture
def server(tmp_path: Path, monkeypatch) -> Iterator[BatchServer]:
    """A server with two jobs that a run was interrupted on."""

    def interrupted(self: Any, seconds: float) -> None:
        raise KeyboardInterrupt

    with batch_server(looks=10**9) as server:
        spec_in(tmp_path, server.url)
        monkeypatch.setattr("harness.runner.interruption.Interruption.wait", interrupted)
        shown = harness(tmp_path, "run", "SPEC", "--batch", "--results", str(tmp_path / "out"), code=130)
        assert "2 batch jobs left at the provider" in shown.stderr
        monkeypatch.undo()
        monkeypatch.setattr(coordinator, "FIRST_POLL_S", 0.0)
        monkeypatch.setattr(coordinator, "MAX_POLL_S", 0.0)
        yield server


def harness(folder: Path, *words: str, code: int = 0) -> Result:
    spec = str(folder / "spec.yaml")
    given = [spec if word == "SPEC" else word for word in words]
    shown = CliRunner().invoke(main, [*given, "--cache", str(folder / "cache")])
    assert shown.exit_code == code, shown.output
    return shown


def states(folder: Path) -> dict[str, str]:
    document = json.loads(harness(folder, "batch", "status", "SPEC", "--json").stdout)
    jsonschema.validate(document, SCHEMA)
    return {job["job"]: job["state"] for job in document["jobs"]}


def test_jobs_are_listed_cancelled_and_collected(tmp_path: Path, server: BatchServer):
    assert states(tmp_path) == {"batch_1": "validating", "batch_2": "validating"}
    lines = harness(tmp_path, "batch", "status", "SPEC").stdout.splitlines()
    assert sorted(line.split()[:4] for line in lines[1:]) == [
        ["batch_1", "novice", "1", "12"],
        ["batch_2", "senior", "1", "24"],
    ]
    shown = harness(tmp_path, "batch", "cancel", "SPEC", "batch_1")
    assert "batch_1: cancelled" in shown.stdout
    assert states(tmp_path)["batch_1"] == "cancelled"
    server.looks = 1
    harness(tmp_path, "run", "SPEC", "--batch", "--results", str(tmp_path / "out"))
    assert harness(tmp_path, "batch", "status", "SPEC").stdout == "no batch jobs\n"
    assert server.jobs["batch_3"]["request_counts"]["total"] == 6  # what the cancelled job had not reached


@pytest.mark.whole
def test_a_direct_run_says_that_jobs_hold_calls(tmp_path: Path, server: BatchServer):
    shown = harness(tmp_path, "run", "SPEC", "--results", str(tmp_path / "out"))
    assert "36 calls of this cache are in batch jobs, which this run does not wait for" in shown.stderr


def test_a_job_that_vanished_is_given_up_on_demand(tmp_path: Path, server: BatchServer):
    server.jobs.clear()
    assert set(states(tmp_path).values()) == {"unknown"}
    assert "No batch found" in harness(tmp_path, "batch", "status", "SPEC").stdout
    harness(tmp_path, "batch", "forget", "batch_9", code=2)
    harness(tmp_path, "batch", "forget", "batch_1", "--yes")
    assert set(states(tmp_path)) == {"batch_2"}


@pytest.mark.whole
def test_a_job_of_another_spec_is_neither_cancelled_nor_collected(tmp_path: Path, server: BatchServer):
    spec = tmp_path / "spec.yaml"
    spec.write_text(spec.read_text().replace("novice", "other").replace("name: modes", "name: others"))
    document = json.loads(harness(tmp_path, "batch", "status", "SPEC", "--json").stdout)
    reasons = {job["job"]: job["reason"] for job in document["jobs"]}
    assert reasons == {"batch_1": "it was submitted for the spec modes", "batch_2": ""}
    shown = harness(tmp_path, "batch", "cancel", "SPEC", "batch_1", code=2)
    assert "batch_1 was not submitted for a model of this spec" in shown.stderr
    shown = harness(tmp_path, "run", "SPEC", "--batch", "--results", str(tmp_path / "out"), code=2)
    assert "batch_1 was submitted for the model `novice` of `modes`; run that spec with --batch first" in shown.stderr


@pytest.mark.whole
def test_a_damaged_record_is_an_error_with_its_place(tmp_path: Path, server: BatchServer):
    (record, *_) = (tmp_path / "cache/batches").glob("*/job.json")
    record.write_text("{}")
    shown = harness(tmp_path, "run", "SPEC", "--batch", "--results", str(tmp_path / "out"), code=2)
    assert f"{record}: is no record of a batch job" in shown.stderr
    record.write_text('{"version": 99}')
    shown = harness(tmp_path, "batch", "status", "SPEC", code=2)
    assert "was written by a newer version" in shown.stderr


def test_the_journal_is_private(tmp_path: Path, server: BatchServer):
    folder = tmp_path / "cache/batches"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir() if path.is_dir())
