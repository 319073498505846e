"""`harness runs`, `SPEC@...`, and the remark on a spec that was edited since its run."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli.runs import run_lines
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import folder_with_starter_run, run_commands
from support.loops import SPEC as LOOPS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two runs of `mine`: the second of an edited spec, with two items less."""
    folder = folder_with_starter_run(tmp_path_factory.mktemp("runs"))
    edit(folder)
    return run_commands(folder, ["run", "mine.yaml"])


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


def edit(folder):
    spec, data = folder / "mine.yaml", folder / "mine.jsonl"
    spec.write_text(spec.read_text().replace("skill: 0.6", "skill: 0.5"))
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:-2]))


def harness(*arguments):
    return CliRunner().invoke(main, list(arguments))


def listed(*arguments):
    shown = harness("runs", *arguments, "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert check(Document("", found), "runs") == []
    return found["runs"]


@pytest.mark.whole
@pytest.mark.usefixtures("here")
def test_runs_are_listed_newest_first_with_what_changed_since():
    new, old = listed("mine.yaml")
    assert (new["number"], new["state"], new["changes"]) == (2, "current", [])
    assert (old["number"], old["state"]) == (1, "edited")
    assert old["changes"] == ["models.hasty.skill 0.6 → 0.5", "data of pairs (40 → 38 items)"]
    assert old["best"][0]["cell"] == "pairs/direct/judge:careful"
    assert (old["cells"], old["judgments"], old["failed"], old["cost_usd"]) == (6, 240, 0, 0)
    assert listed() == listed("mine") == listed("mine.yaml"), "a run names its spec file"


@pytest.mark.usefixtures("here")
def test_the_table_has_a_line_for_each_run():
    lines = harness("runs").stdout.splitlines()
    assert lines[0] == f"mine: 2 runs in {Path('results/mine').resolve()}"
    assert [line.split()[0] for line in lines[2:4]] == ["@2", "@1"]
    assert "edited" in lines[3]
    assert "kappa" in lines[3]
    assert lines[4].endswith("edited since: models.hasty.skill 0.6 → 0.5, data of pairs (40 → 38 items)")


@pytest.mark.whole
@pytest.mark.usefixtures("here")
def test_a_run_is_selected_wherever_a_run_is_taken():
    new, old = (run["run"] for run in listed("mine"))
    for run, found in (("mine@previous", old), ("mine.yaml@1", old), (f"mine@{new[:6]}", new), ("mine@newest", new)):
        shown = harness("leaderboard", run)
        assert (shown.exit_code, found in shown.stdout) == (0, True), shown.output
        assert shown.stderr == "", "a run that was selected is meant as it is"
    compared = json.loads(harness("compare", "mine@previous", "mine.yaml", "--json").stdout)
    assert [run["run"] for run in compared["runs"]] == [old, new]
    for verb in (["audit"], ["failures"], ["power"]):
        shown = harness(*verb, "mine@2", "--json")
        assert shown.exit_code == 0, shown.output
        assert json.loads(shown.stdout)["run"] == new
    missing = harness("audit", "mine@9")
    assert (missing.exit_code, missing.stderr.startswith("error: there is no run 9 of mine; it has @2 (")) == (2, True)


@pytest.mark.whole
@pytest.mark.parametrize("verb", ["leaderboard", "audit", "compare"])
@pytest.mark.usefixtures("here")
def test_a_run_of_an_older_version_is_reported(verb):
    Path("mine.yaml").write_text(Path("mine.yaml").read_text().replace("seed: 7", "seed: 8"))
    for run in ("mine.yaml", "mine"):
        shown = harness(verb, run, *(["mine@1"] if verb == "compare" else []))
        assert shown.exit_code == 0, shown.output
        assert shown.stderr.count("is of an older version of mine.yaml; changed since: seed 7 → 8\n") == 1
        assert "`harness run mine.yaml` makes a run of the current version" in shown.stderr


@pytest.mark.usefixtures("here")
def test_edited_data_are_reported_although_the_spec_is_the_same():
    text = Path("mine.jsonl").read_text()
    Path("mine.jsonl").write_text(text.replace('"label": "a"', '"label": "b"', 1))
    assert "changed since: data of pairs (38 items)" in harness("leaderboard", "mine.yaml").stderr
    Path("mine.jsonl").write_text(text)
    assert harness("leaderboard", "mine.yaml").stderr == "", "the same bytes are the same data"


@pytest.mark.usefixtures("here")
def test_settings_without_effect_are_no_edit():
    text = Path("mine.yaml").read_text()
    Path("mine.yaml").write_text(f"description: Another word.\n{text}")
    assert harness("leaderboard", "mine.yaml").stderr == ""


@pytest.mark.usefixtures("here")
def test_a_spec_that_cannot_be_loaded_leaves_its_runs_readable():
    Path("mine.yaml").write_text("name: [")
    shown = harness("leaderboard", "mine")
    assert shown.exit_code == 0
    assert "may be of an older version of mine.yaml: the spec cannot be used now: mine.yaml:1:" in shown.stderr
    assert {run["state"] for run in listed("mine")} == {"unknown"}
    Path("mine.yaml").unlink()
    assert harness("leaderboard", "mine").stderr == ""
    assert listed("mine")[0]["changes"] == []


@pytest.mark.usefixtures("here")
def test_another_spec_in_the_file_is_an_edit():
    Path("mine.yaml").write_text(Path("mine.yaml").read_text().replace('name: "mine"', "name: other"))
    assert "the file now holds the evaluation `other`" in harness("leaderboard", "mine").stderr


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("named", ["../../outside.yaml", "../mine.jsonl", 7, "/etc/passwd"])
def test_a_spec_file_outside_the_folder_is_not_read(named):
    Path("../outside.yaml").write_text("name: [")
    for file in Path("results/mine").glob("*/environment.json"):
        file.write_text(json.dumps({**json.loads(file.read_text()), "spec_file": named}))
    assert harness("leaderboard", "mine").stderr == ""
    assert {run["spec_file"] for run in listed("mine")} == {None}


@pytest.mark.usefixtures("here")
def test_a_damaged_run_is_listed_with_the_reason():
    new, old = (Path(run["folder"]) for run in listed("mine"))
    (new / "leaderboard.json").unlink()
    (old / "leaderboard.json").write_text('{"rows": [{}], "metric": "kappa"}')
    (old / "environment.json").write_text('{"number": 1, "spend": {"a": 3}}')
    problems = {run["run"]: run["problem"] for run in listed("mine")}
    assert "leaderboard.json cannot be read" in problems[new.name]
    assert "is damaged" in problems[old.name]
    assert f"{new.name}: " in harness("runs").stdout


@pytest.mark.usefixtures("here")
def test_a_text_for_a_terminal_stays_text():
    for file in Path("results/mine").glob("*/leaderboard.json"):
        file.write_text(file.read_text().replace("judge:careful", "judge:\\u001b[31mred"))
    assert "\x1b" not in harness("runs").stdout


def test_where_no_run_is_the_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert harness("runs").stdout == f"no runs in {tmp_path / 'results'}, which does not exist\n"
    shown = harness("runs", "mine")
    assert shown.exit_code == 2
    assert f"there is no run of mine in {tmp_path / 'results'}, which does not exist" in shown.stderr


@pytest.mark.whole
def test_runs_of_a_generation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loops.yaml").write_text(LOOPS)
    Path("tasks.jsonl").write_text('{"id": "1", "prompt": "Name a colour."}\n{"id": "2", "prompt": "Name a bird."}\n')
    assert harness("run", "loops.yaml").exit_code == 0
    (run,) = listed("loops.yaml")
    assert (run["kind"], run["state"]) == ("generation", "current")
    Path("tasks.jsonl").write_text('{"id": "1", "prompt": "Name a colour."}\n{"id": "3", "prompt": "Name a bird."}\n')
    assert listed("loops.yaml")[0]["changes"] == ["data of tasks (2 items)"]


@pytest.mark.usefixtures("here")
def test_a_run_of_a_spec_in_memory_names_no_file(tmp_path):
    from harness import load_spec, run_spec

    text = Path("mine.yaml").read_text().replace('name: "mine"', "name: memory")
    run = run_spec(load_spec(text, folder=os.curdir))
    assert "spec_file" not in run.environment
    assert listed("memory")[0]["state"] == "unknown"


def row(**changed):
    """A run as `harness runs --json` lists it."""
    best = {
        "cell": "pairs/combined-5/a-judge-with-a-long-name",
        "metric": "kappa",
        "value": -0.5,
        "low": -0.6,
        "high": 0,
    }
    return {
        "spec": "mine",
        "number": 12,
        "run": "3f2a9c41aa0b1c77",
        "draw": 0,
        "finished": "2026-03-04T05:06:07+00:00",
        "state": "edited",
        "changes": [],
        "cells": 28,
        "failed": 12,
        "judgments": 128_000,
        "cost_usd": 123.456,
        "best": [best, best],
        "problem": None,
    } | changed


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_table_fits_the_terminal(width):
    rows = [row(), row(number=None, finished=None, cells=None, failed=None, cost_usd=None, best=[], draw=2)]
    lines = list(run_lines({"runs": rows, "results": "r", "exists": True}, width))
    assert len(lines) == 4
    assert max(map(len, lines)) <= width
    assert [line.split()[:2] for line in lines[2:]] == [["@12", lines[2].split()[1]], ["–", "draw"]]
    assert "3f2a9c41" in lines[2]
    assert "edited" in lines[2]
    assert "kappa −0.50" in lines[2]


def test_without_a_terminal_the_table_has_everything():
    header, line = list(run_lines({"runs": [row()], "results": "r", "exists": True}))[1:]
    assert header.split() == ["no.", "run", "finished", "(UTC)", "spec", "cells", "failed", "spend", "best"]
    assert [part.strip() for part in line.split("  ") if part.strip()] == [
        "@12",
        "3f2a9c41aa0b1c77",
        "2026-03-04 05:06",
        "edited",
        "28",
        "12/128,000",
        "$123.46",
        "combined-5/a-judge-with-a-long-name",
        "kappa −0.50 [−0.60, 0.00] (and 1 other board)",
    ]


def test_a_hostile_name_cannot_reach_the_terminal():
    best = [{"cell": "d/\x1b[31mred\nx", "metric": "kappa", "value": 0.5, "low": None, "high": None}]
    for width in (None, 80):
        assert "\x1b" not in "".join(run_lines({"runs": [row(best=best)], "results": "r", "exists": True}, width))
