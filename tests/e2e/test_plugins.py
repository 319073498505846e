"""A distribution with a plug-in of each kind, used from the command line in an evaluation and in a generation."""

import json
import os
import subprocess
import sys

import pytest

from support.plugins import SAMPLE, write_distribution, write_specs


def run(folder, *arguments, path=SAMPLE, code=0):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HARNESS_")}
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join([str(path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugged")
    write_specs(folder)
    return folder


@pytest.fixture(scope="module")
def evaluated(folder):
    return run(folder, "run", "plugged.yaml", "--format", "sample-lines")


def test_an_evaluation_uses_a_plugin_of_each_kind(folder, evaluated):
    assert evaluated.count("row of plugged: ") == 5
    board = json.loads(run(folder, "leaderboard", "plugged.yaml", "--format", "json"))
    share = {row["cell"]: row["metrics"]["sample-share"]["value"] for row in board["rows"]}
    assert share["pairs/sample-which/judge:first"] == pytest.approx(3 / 6)
    assert share["pairs/sample-which/judge:second"] == pytest.approx(2 / 6)
    assert share["pairs/sample-which/sample-ask:second(hint=x)"] == pytest.approx(2 / 6)
    assert share["pairs/sample-which/sample-first:first+second"] == pytest.approx(3 / 6)
    first = {row["cell"]: row["companions"]["sample-first.share"]["value"] for row in board["rows"]}
    assert first["pairs/sample-which/judge:first"] == 1
    assert first["pairs/sample-which/judge:second"] == 0
    assert any("debate:usual(personas=sample-panel" in cell for cell in share)


def test_a_run_of_plugins_is_replayed_and_audited_and_exported(folder, evaluated):
    assert run(folder, "run", "plugged.yaml", "--offline", "--format", "sample-lines") == evaluated
    assert "it prefers the first response on 100% of the items" in run(folder, "audit", "plugged.yaml")
    run(folder, "export", "plugged.yaml", "--format", "sample-pairs", "--out", "pairs.jsonl")
    rows = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    assert all({row["yes"][:3], row["no"][:3]} == {"Blu", "Red"} for row in rows)
    assert "count" in run(folder, "explain", "plugged.yaml", "pairs/sample-which/sample-first:first+second")


def test_a_generation_uses_plugins(folder):
    shown = run(folder, "run", "looped.yaml", "--format", "sample-lines")
    assert "row of looped: " in shown
    assert run(folder, "run", "looped.yaml", "--offline", "--format", "sample-lines") == shown
    run(folder, "export", "looped.yaml", "--format", "sample-pairs", "--out", "loops.jsonl")


def test_settings_of_plugins_are_checked_by_their_fragments(folder):
    text = (folder / "plugged.yaml").read_text()
    text = text.replace("says: B", "says: C").replace("hint: x", "hint: 3")
    (folder / "wrong.yaml").write_text(text.replace("name: plugged", "name: wrong"))
    told = run(folder, "validate", "wrong.yaml", code=2)
    assert "wrong.yaml:6:45: models.second.says: `C` is not one of `A`, `B`, `tie`" in told
    assert "matrix.evaluator[1].sample-ask.hint: wants text, not the number 3" in told


def test_the_schema_that_is_printed_knows_them(folder):
    schema = json.loads(run(folder, "schema", "experiment"))
    assert "sample-constant" in json.dumps(schema["$defs"]["model"])
    assert schema["$defs"]["provider-sample-constant"]["properties"]["says"]["default"] == "A"
    assert "params" in schema["$defs"]["provider-sample-constant"]["properties"]
    assert schema["$defs"]["mode-sample-first"] == {}


def test_they_are_listed(folder):
    assert "sample-share" in run(folder, "list", "metrics")
    assert "Names the better of two responses\n" in run(folder, "list", "strategies")


def test_a_broken_distribution_breaks_no_command_that_does_not_use_it(folder, tmp_path):
    points = {f"harness.{kind}/bad": "bad_plugin" for kind in ("providers", "modes", "metrics", "probes")}
    points |= {f"harness.{kind}/bad": "bad_plugin" for kind in ("dataset_formats", "leaderboard_formats", "strategies")}
    write_distribution(tmp_path, "bad-plugins", points, {"bad_plugin.py": "raise RuntimeError('no\\x1b[31m luck')\n"})
    (folder / "plain.yaml").write_text(
        "schema: 1\nname: plain\ndatasets: {pairs: {path: pairs.jsonl}}\nmodels: {m: {provider: simulated}}\n"
        "matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [m]}]}\nscore: {resamples: 100}\n"
    )
    row = {"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "label": "a"}
    (folder / "pairs.jsonl").write_text(json.dumps(row))
    assert "leaderboard" in run(folder, "--help", path=tmp_path)
    run(folder, "run", "plain.yaml", path=tmp_path)
    listed = run(folder, "list", "metrics", path=tmp_path)
    assert "  broken: the plug-in `bad` (harness.metrics) of bad-plugins 1.0 cannot be used" in listed
    text = (folder / "plain.yaml").read_text().replace("simulated", "bad")
    (folder / "uses.yaml").write_text(text.replace("name: plain", "name: uses"))
    told = run(folder, "validate", "uses.yaml", path=tmp_path, code=2)
    assert told.startswith("uses.yaml:4:24: models.m.provider: the plug-in `bad` (harness.providers) of ")
    assert "bad-plugins 1.0 cannot be used: `bad_plugin` cannot be imported: RuntimeError: no luck" in told
    assert "upgrade, repair or uninstall bad-plugins" in told
    assert "Traceback" not in told
