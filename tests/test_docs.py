"""What the pages for people say must be so."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from harness.api import board_tables, run_spec
from harness.leaderboard.formats import table
from harness.runner.run_folder import read_leaderboard
from harness.spec.evaluation import load_spec
from support.paths import ROOT

CHECKOUT = ROOT
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
PAIR = {"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "winner": "a"}


def ids(path):
    return str(path.relative_to(CHECKOUT))


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_within_the_repository_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_spec_in_the_readme_is_valid(tmp_path):
    (text,) = blocks(CHECKOUT / "README.md", "yaml")
    (tmp_path / "pairs.jsonl").write_text(json.dumps(PAIR) + "\n")
    (tmp_path / "spec.yaml").write_text(text)
    spec = load_spec(tmp_path / "spec.yaml")
    assert [cell.id for cell in spec.cells][:2] == [
        "pairs/direct/judge:simulated-one",
        "pairs/independent-10/judge:simulated-one",
    ]
    assert len(spec.cells) == 5


WRITING = CHECKOUT / "docs/guide/custom-strategies.md"
STRATEGIES = {yaml.safe_load(text)["name"]: text for text in blocks(WRITING, "yaml strategy")}
SPECS = {yaml.safe_load(text)["name"]: text for text in blocks(WRITING, "yaml spec")}


@pytest.fixture
def beside_the_guide(tmp_path):
    """A folder with the data and the personas that the specs of the guide name."""
    (tmp_path / "pairs.jsonl").write_text(json.dumps(PAIR) + "\n")
    (tmp_path / "personas").mkdir()
    for text in blocks(WRITING, "yaml personas"):
        (tmp_path / f"personas/{yaml.safe_load(text)['name']}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", SPECS)
def test_every_spec_in_the_guide_runs(beside_the_guide, name):
    (beside_the_guide / "spec.yaml").write_text(SPECS[name])
    run = run_spec(load_spec(beside_the_guide / "spec.yaml"), cache=beside_the_guide, results=beside_the_guide)
    assert run.judgments_frame()["failure"].null_count() == len(run.judgments_frame())


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_in_the_guide_runs(beside_the_guide, name):
    (beside_the_guide / f"{name}.yaml").write_text(STRATEGIES[name])
    spec = SPECS["try-mine"].replace("  blunt:", f"  {name}: {{path: {name}.yaml}}\n  blunt:")
    (beside_the_guide / "spec.yaml").write_text(spec.replace("[blunt, direct]", f"[{name}]"))
    run = run_spec(load_spec(beside_the_guide / "spec.yaml"), cache=beside_the_guide, results=beside_the_guide)
    assert run.judgments_frame()["failure"].to_list() == [None]


def test_the_examples_of_the_guide_are_found():
    assert {"one-shot", "solve-first", "think-again", "two-criteria"} <= set(STRATEGIES)
    assert {"try-mine", "debates", "juries"} <= set(SPECS)


def test_the_python_in_the_readme_runs(tmp_path):
    (code,) = blocks(CHECKOUT / "README.md", "python")
    code = code.replace("specs/quickstart.yaml", str(CHECKOUT / "specs/quickstart.yaml"))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def test_the_oldest_dependencies_that_are_tested_are_the_oldest_that_are_allowed():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    every = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    allowed = {re.sub(r"\[.*?\]", "", each).split(",")[0].replace(">=", "==") for each in every}
    tested = {line for line in (CHECKOUT / "tests/lowest.txt").read_text().splitlines() if not line.startswith("#")}
    assert {_without_zeros(each) for each in tested} == {_without_zeros(each) for each in allowed}


def _without_zeros(requirement):
    return re.sub(r"(\.0)+$", "", requirement)


def test_the_leaderboard_in_the_readme_is_that_of_the_shipped_run():
    (shown,) = (text for text in blocks(CHECKOUT / "README.md", "text") if text.startswith("village-notices"))
    (folder,) = (CHECKOUT / "results/quickstart").iterdir()
    assert shown == table.render(board_tables(read_leaderboard(folder))).partition("\n\n")[0] + "\n"


def test_the_readme_is_short():
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) < 150
