"""A distribution with a plug-in of each kind, used from the command line in an evaluation and in a generation."""

import json
import shutil
import sys

import pytest

from harness import registry
from support import plugin_use
from support.paths import ROOT
from support.plugins import SAMPLE, write_distribution, write_specs


def run(folder, *arguments, path=SAMPLE, code=0):
    return commands(folder, path)(*arguments, code=code)


def commands(folder, *path):
    return plugin_use.Commands([sys.executable, "-m", "harness"], folder, [*path, *sys.path])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugged")
    write_specs(folder)
    return folder


@pytest.fixture(scope="module")
def evaluated(folder):
    return run(folder, "run", "plugged.yaml", "--format", "sample-lines")


def test_an_evaluation_uses_a_plugin_of_each_kind(folder, evaluated):
    plugin_use.check_evaluation(commands(folder, SAMPLE), evaluated)


def test_a_run_of_plugins_is_replayed_and_audited_and_exported(folder, evaluated):
    plugin_use.check_later_commands(commands(folder, SAMPLE), evaluated)


def test_a_generation_uses_plugins(folder):
    plugin_use.check_generation(commands(folder, SAMPLE))


def test_a_plugin_takes_one_file_and_one_more_where_it_has_settings():
    plugin_use.check_files_of_sample()


def test_the_same_files_in_the_folders_of_their_kinds_are_builtin_plugins(tmp_path):
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    for plugin, files in plugin_use.files_of_sample().items():
        kind, name = plugin.split("/")
        place = tmp_path.joinpath(*registry.PACKAGES[kind].split("."))
        for file in files:
            target = place / (file.name if kind in registry.TEXTS else name.replace("-", "_") + "".join(file.suffixes))
            assert not target.exists()
            target.write_text(file.read_text() + attributes(plugin))
    write_specs(tmp_path)
    run_here = commands(tmp_path, tmp_path)
    shown = run_here("run", "plugged.yaml", "--format", "sample-lines")
    plugin_use.check_evaluation(run_here, shown)
    plugin_use.check_later_commands(run_here, shown)
    plugin_use.check_generation(run_here)


def attributes(plugin):
    """The lines that make a module of the format that the sample distribution names by `module:attribute`."""
    kind = plugin.split("/")[0]
    names = {"dataset_formats": "tab_separated", "leaderboard_formats": "lines", "export_formats": "pairs"}
    if kind not in names:
        return ""
    return "".join(f"{each} = {names[kind]}.{each}\n" for each in registry.CONTRACTS[kind][0])


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
