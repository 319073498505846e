"""What the pages for people say must be so."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.api import board_tables, run_spec
from harness.cli import main
from harness.leaderboard.formats import table
from harness.prompting.parsing.rules import compile_answer
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


def found_in(pages, pattern):
    """Each match of a pattern in some pages, as cases of a test."""
    found = [(page, match) for page in pages for match in re.findall(pattern, page.read_text(encoding="utf-8"))]
    unique = dict.fromkeys((page, match if isinstance(match, str) else "#".join(match)) for page, match in found)
    return [pytest.param(page, match, id=f"{ids(page)}: {match}") for page, match in unique]


LINKS = found_in(PAGES, r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_a_link_within_the_repository_leads_somewhere(page, target):
    assert (page.parent / target).exists()


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


GUIDE = sorted((CHECKOUT / "docs/guide").glob("*.md"))
RECIPES = {f"{page.stem}-{yaml.safe_load(text)['name']}": text for page in GUIDE for text in blocks(page, "yaml spec")}
FORMATS = CHECKOUT / "docs/guide/answer-formats.md"
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


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_valid(beside_the_guide, monkeypatch, name):
    monkeypatch.chdir(beside_the_guide)
    for variable in [*re.findall(r"api_key_env: (\w+)|\$\{(\w+)\}", RECIPES[name]), ("OPENAI_API_KEY", "")]:
        monkeypatch.setenv("".join(variable), "not-a-key")
    Path("recipe.yaml").write_text(RECIPES[name])
    shown = CliRunner().invoke(main, ["validate", "recipe.yaml"])
    assert shown.exit_code == 0, shown.output


def recipe_replies():
    """Each reply in the tables of recipes: the strategy, the reply, and what is read."""
    name, found = None, []
    for line in FORMATS.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"\| reply to `(.+?)`", line):
            name = heading[1]
        elif match := re.fullmatch(r"\| `(.+)` \| (nothing|a|b|tie) \|", line):
            found.append(pytest.param(name, match[1].replace("⏎", "\n"), match[2], id=f"{name}-{match[1]}"))
    return found


@pytest.mark.parametrize(("name", "reply", "expected"), recipe_replies())
def test_a_reply_in_a_recipe_is_read_as_the_recipe_says(beside_the_guide, name, reply, expected):
    (text,) = (text for text in RECIPES.values() if f"strategy: [{name}]" in text)
    (beside_the_guide / "spec.yaml").write_text(text)
    strategy = load_spec(beside_the_guide / "spec.yaml").strategies[name]
    found = compile_answer(strategy.answer, ask=strategy.ask, criteria=strategy.criteria).read(reply)
    assert (verdict_of(found) if found else "nothing") == expected


def verdict_of(found):
    """The verdict of an answer that names one, or that gives two scores."""
    if found.verdict is not None:
        return found.verdict
    return "tie" if found.score_a == found.score_b else "a" if found.score_a > found.score_b else "b"


def test_there_are_replies_in_recipes():
    assert len(recipe_replies()) >= 10


def slug(heading):
    """The anchor of a heading, as a forge and the site make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


ANCHORS = found_in(GUIDE, r"\]\(([^)#:]*)#([^)]+)\)")


@pytest.mark.parametrize(("page", "target"), ANCHORS)
def test_a_link_to_a_heading_leads_to_one(page, target):
    path, _, anchor = target.partition("#")
    text = (page.parent / path if path else page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    assert anchor in map(slug, headings)


NAMED_TESTS = found_in(PAGES, r"`(tests/[\w/]+\.py)`")


@pytest.mark.parametrize(("page", "path"), NAMED_TESTS)
def test_a_test_that_a_page_names_exists(page, path):
    assert (CHECKOUT / path).is_file()


def test_links_and_named_tests_are_found():
    assert len(LINKS) > 100
    assert len(ANCHORS) > 5
    assert NAMED_TESTS


@pytest.mark.parametrize("page", GUIDE, ids=ids)
def test_a_guide_page_is_in_the_list_and_in_the_navigation(page):
    index = (CHECKOUT / "docs/index.md").read_text(encoding="utf-8")
    assert f"(guide/{page.name})" in index
    assert f"\nguide/{page.stem}\n" in index


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
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=110)


def test_the_page_on_python_runs(tmp_path):
    code = "\n".join(blocks(CHECKOUT / "docs/guide/python.md", "python run"))
    (tmp_path / "specs/data").mkdir(parents=True)
    for name in ("quickstart.yaml", "data/quickstart.jsonl"):
        (tmp_path / "specs" / name).write_bytes((CHECKOUT / "specs" / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    assert "models" in done.stdout


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
    assert shown == table.render(board_tables(read_leaderboard(folder)))


def test_the_readme_is_short():
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) < 160


def test_a_better_answer_rule_reads_paid_replies_at_no_cost(beside_the_guide):
    """What the page about rereading replies claims."""
    file, folders = beside_the_guide / "spec.yaml", {"cache": beside_the_guide, "results": beside_the_guide}
    file.write_text(SPECS["try-mine"])
    run_spec(load_spec(file), **folders)
    file.write_text(SPECS["try-mine"].replace("kind: verdict", "kind: verdict, markers: [Verdict, My choice]"))
    again = run_spec(load_spec(file), **folders, offline=True)
    assert again.environment["calls_made"] == 0
