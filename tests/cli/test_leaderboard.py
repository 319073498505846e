"""`harness leaderboard` on a run of the smallest spec there is."""

import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import folder_with_starter_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("board"))


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def leaderboard(*arguments):
    return CliRunner().invoke(main, ["leaderboard", *arguments])


def test_run_is_found_by_spec_file_name_or_folder():
    (run,) = Path("results/mine").iterdir()
    shown = [leaderboard(each) for each in ("mine.yaml", "mine", str(run))]
    assert [each.exit_code for each in shown] == [0, 0, 0], shown[0].output
    assert len({each.stdout for each in shown}) == 1
    assert shown[0].stdout.count("simulated") == 1
    assert run.name in shown[0].stdout


def test_json_output_matches_its_schema_and_the_stored_document():
    said = json.loads(leaderboard("mine", "--format", "json").stdout)
    assert check(Document("", said), "leaderboard") == []
    (stored,) = Path("results/mine").glob("*/leaderboard.json")
    assert json.loads(stored.read_text()) == said


def test_json_of_another_metric_matches_the_schema():
    said = json.loads(leaderboard("mine", "--format", "json", "--sort", "accuracy").stdout)
    assert check(Document("", said), "leaderboard") == []
    values = [row["metrics"]["accuracy"]["value"] for row in said["rows"]]
    assert values == sorted(values, reverse=True)
    assert all(row["rank"] == row["metrics"]["accuracy"]["rank"] for row in said["rows"])


def test_csv_and_markdown_have_one_line_per_cell():
    assert len(list(csv.DictReader(io.StringIO(leaderboard("mine", "--format", "csv").stdout)))) == 6
    assert leaderboard("mine", "--format", "markdown").stdout.count("(simulated) |") == 6


def test_unknown_metric_is_an_error():
    shown = leaderboard("mine", "--sort", "f1")
    assert shown.exit_code == 2
    assert "no metric `f1`; it has kappa, accuracy" in shown.stderr


def test_missing_run_is_an_error():
    shown = leaderboard("nothing-like-it")
    assert shown.exit_code == 2
    assert "nothing-like-it" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
@pytest.mark.parametrize(
    ("settings", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_terminal_output_has_colours_and_its_width(settings, is_coloured):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "72", **settings}
    environment.pop("NO_COLOR", None) if "NO_COLOR" not in settings else None
    command = [sys.executable, "-m", "harness", "leaderboard", "mine"]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # how Linux says that the other side is closed
        pass
    assert process.communicate()[1] == b""
    assert (b"\x1b[" in shown) == is_coloured
    if not is_coloured:
        assert max(map(len, shown.decode().splitlines())) <= 72


def test_differences_to_the_best_as_baseline_are_the_stored_ones():
    stored = json.loads(leaderboard("mine", "--format", "json").stdout)
    best = stored["rows"][0]["cell"]
    for name in (best, best.partition("/")[2]):
        said = json.loads(leaderboard("mine", "--vs", name, "--format", "json").stdout)
        assert check(Document("", said), "leaderboard") == []
        assert said.pop("against") == name
        assert {row["cell"]: row["metrics"]["kappa"] for row in said["rows"]} == {
            row["cell"]: row["metrics"]["kappa"] for row in stored["rows"]
        }


def test_differences_to_another_baseline():
    stored = json.loads(leaderboard("mine", "--format", "json").stdout)
    best, last = stored["rows"][0], stored["rows"][-1]
    said = json.loads(leaderboard("mine", "--vs", last["cell"], "--format", "json").stdout)
    was, now = last["metrics"]["kappa"]["difference"], said["rows"][0]["metrics"]["kappa"]["difference"]
    assert said["rows"][0]["cell"] == best["cell"]
    assert now["to"] == last["cell"]
    assert now["value"] == -was["value"]
    assert (now["low"], now["high"], now["p_value"]) == (-was["high"], -was["low"], was["p_value"])
    assert said["rows"][-1]["metrics"]["kappa"]["difference"] is None
    shown = leaderboard("mine", "--vs", last["cell"], "--notes")
    assert f"minus that of {last['cell']}" in " ".join(shown.stdout.split())


def test_unknown_cell_is_an_error_with_a_suggestion():
    shown = leaderboard("mine", "--vs", "direct/judge:carefull")
    assert shown.exit_code == 2
    assert "did you mean" in shown.stderr
    assert "direct/judge:careful" in shown.stderr
    assert leaderboard("mine", "--vs", "?").exit_code == 2


def test_another_metric_has_its_own_differences_and_best(tmp_path):
    spec = yaml.safe_load(Path("mine.yaml").read_text("utf-8"))
    spec["score"] = {**spec.get("score", {}), "metrics": ["accuracy", "kappa"], "holdout": 0.5, "margin": 0.2}
    (Path("turned.yaml")).write_text(yaml.safe_dump({**spec, "name": "turned"}), "utf-8")
    spec["score"]["metrics"].reverse()
    (Path("straight.yaml")).write_text(yaml.safe_dump({**spec, "name": "straight"}), "utf-8")
    for name in ("turned", "straight"):
        done = CliRunner().invoke(main, ["run", f"{name}.yaml", "--results", str(tmp_path)])
        assert done.exit_code == 0, done.output
    places = ("--results", str(tmp_path), "--format", "json")
    stored, straight = (json.loads(leaderboard(name, *places).stdout) for name in ("turned", "straight"))
    said = json.loads(leaderboard("straight", *places, "--metric", "accuracy").stdout)
    assert check(Document("", said), "leaderboard") == []
    assert said["winners"] == stored["winners"] != straight["winners"]
    new = [note for note in said["notes"] if note not in straight["notes"]]
    assert new
    assert set(new) <= set(stored["notes"])
    assert any(note.startswith("best of K") and "accuracy" in note for note in new)
    assert json.loads(leaderboard("straight", *places, "--metric", "kappa").stdout) == straight


def test_comparison_with_a_baseline_is_noted():
    stored = json.loads(leaderboard("mine", "--format", "json").stdout)
    best, last = stored["rows"][0], stored["rows"][-1]
    short = {name: row["cell"].partition("/")[2] for name, row in (("best", best), ("last", last))}
    above, below = (
        json.loads(leaderboard("mine", "--vs", name, "--format", "json").stdout)["notes"] for name in short.values()
    )
    assert any(f"worse than {short['best']} by kappa at n = " in note and short["last"] in note for note in above)
    assert any(f"better than {short['last']} by kappa at n = " in note and short["best"] in note for note in below)
    assert not any("better than" in note for note in above)
    assert all("adjusted p" in note for note in [*above, *below] if " than " in note and "level" in note)


def test_run_of_another_format_cannot_be_reranked(tmp_path):
    (run,) = Path("results/mine").iterdir()
    folder = tmp_path / run.name
    shutil.copytree(run, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 1}), "utf-8")
    shown = leaderboard(str(folder), "--metric", "accuracy")
    assert shown.exit_code == 2
    assert "make the run again" in shown.stderr
