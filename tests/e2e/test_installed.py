"""What an installed wheel must have, wherever it is used: run outside the checkout by `tox -e package`."""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.installed

CHECKOUT = ROOT
SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in (CHECKOUT / "schemas").glob("*.schema.json"))


@pytest.fixture
def harness(tmp_path):
    command = Path(sysconfig.get_path("scripts")) / "harness"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HARNESS_")}

    def run(*arguments):
        done = subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_schemas_are_those_of_the_repository(harness):
    assert [line.split()[0] for line in harness("schema").splitlines()] == SCHEMAS
    for name in SCHEMAS:
        source = json.loads((next((CHECKOUT / "schemas").glob(f"*/{name}.schema.json"))).read_text(encoding="utf-8"))
        assert json.loads(harness("schema", name)) == source


def test_the_quick_start_runs_and_runs_again_offline(harness, tmp_path):
    shutil.copytree(CHECKOUT / "specs", tmp_path / "specs")
    first = harness("run", "specs/quickstart.yaml")
    assert "(simulated)" in first
    assert harness("run", "specs/quickstart.yaml", "--offline") == first
    assert harness("leaderboard", "specs/quickstart.yaml") == first


def test_the_starter_runs_as_it_is(harness):
    harness("new", "mine")
    assert harness("validate", "mine.yaml") == "ok: mine: 6 cells\n"
    assert "judge:careful (simulated)" in harness("run", "mine.yaml")
