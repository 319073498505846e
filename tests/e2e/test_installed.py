"""What an installed wheel must have, wherever it is used: run outside the checkout by `tox -e package`."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import harness as package
from harness.spec.schema_bundle import bundled
from support import plugin_use
from support.paths import ROOT, SCHEMAS
from support.plugins import SAMPLE, write_specs
from support.wheels import source_files, write_wheel

pytestmark = pytest.mark.installed

SOURCES = {path.name.removesuffix(".schema.json"): path for path in SCHEMAS.glob("*/*.schema.json")}
COMMAND = Path(sysconfig.get_path("scripts")) / "harness"


@pytest.fixture
def harness(tmp_path):
    return plugin_use.Commands([COMMAND], tmp_path, [])


def test_the_installed_package_is_tested():
    assert Path(package.__file__).parent != ROOT / "harness"


def test_the_schemas_are_those_of_the_repository(harness):
    assert SOURCES
    folder = Path(package.__file__).parent / "schemas"
    assert {path.name: path.read_bytes() for path in folder.glob("*/*.schema.json")} == {
        path.name: path.read_bytes() for path in SOURCES.values()
    }
    assert [line.split()[0] for line in harness("schema").splitlines()] == sorted(SOURCES)
    for name in SOURCES:
        assert json.loads(harness("schema", name)) == bundled(name)


def test_a_distribution_beside_the_wheel_brings_a_plugin_of_each_kind(tmp_path):
    """One file for each plug-in, and the schema of its settings; nothing of the harness is touched."""
    plugin_use.check_files_of_sample()
    before = installed_files()
    wheel, target = write_wheel(SAMPLE, tmp_path), tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, "--target", target, wheel], check=True, timeout=100, env={**os.environ, "PYTHONPATH": ""})
    write_specs(tmp_path)
    run = plugin_use.Commands([COMMAND], tmp_path, [target])
    shown = run("run", "plugged.yaml", "--format", "sample-lines")
    plugin_use.check_evaluation(run, shown)
    plugin_use.check_later_commands(run, shown)
    plugin_use.check_generation(run)
    assert installed_files() == before


def installed_files():
    """The contents of the files of the installed package, without what Python has compiled."""
    folder = Path(package.__file__).parent
    return {path: path.read_bytes() for path in source_files(folder)}


def test_the_quick_start_runs_and_runs_again_offline(harness, tmp_path):
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    first = harness("run", "specs/quickstart.yaml")
    assert "simulated)" in first
    assert harness("run", "specs/quickstart.yaml", "--offline") == first
    assert harness("leaderboard", "specs/quickstart.yaml") == first


def test_the_starter_runs_as_it_is(harness):
    harness("new", "mine")
    assert harness("validate", "mine.yaml") == "ok: mine: 6 cells\n"
    assert "direct/judge:careful" in harness("run", "mine.yaml")
