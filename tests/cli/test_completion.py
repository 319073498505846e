"""Shell completion offers the names that a verb accepts, and is silent where there are none."""

import json
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from harness import registry
from harness.api import load_spec, run_spec
from harness.cli import main, verb_modules
from harness.cli._listing import KINDS
from harness.spec.schema import schema_names

SPEC = """\
schema: 1
name: good
datasets: {pairs: {path: pairs.jsonl}}
models: {judge: {provider: simulated}}
matrix: {dataset: [pairs], strategy: [direct, combined-10], evaluator: [{judge: [judge]}]}
score: {resamples: 200}
"""
PAIR = {"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "label": "a"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("specs").mkdir()
    Path("specs/good.yaml").write_text(SPEC)
    Path("specs/pairs.jsonl").write_text(json.dumps(PAIR) + "\n")
    Path(".hidden").mkdir()
    Path(".hidden/no.yaml").write_text(SPEC)
    return tmp_path


def completed(*words):
    """What Tab offers after `harness` and the words, the last of which is not finished."""
    completer = BashComplete(main, {}, "harness", "_HARNESS_COMPLETE")
    return [item.value for item in completer.get_completions(list(words[:-1]), words[-1])]


def test_verbs():
    assert completed("") == list(verb_modules())
    assert completed("le") == ["leaderboard", "ledger"]


@pytest.mark.parametrize("verb", ["run", "validate", "plan", "explain", "doctor"])
def test_specs(verb):
    assert completed(verb, "") == ["specs/good.yaml"]
    assert completed(verb, "specs/g") == ["specs/good.yaml"]
    assert completed(verb, "nowhere/") == []


def test_several_specs():
    assert completed("run", "specs/good.yaml", "sp") == ["specs/good.yaml"]


@pytest.mark.parametrize("verb", ["leaderboard", "audit", "correct", "export", "compare", "power"])
def test_runs(verb):
    assert completed(verb, "g") == []
    run = run_spec(load_spec("specs/good.yaml"))
    assert completed(verb, "g") == ["good"]
    assert completed(verb, "results/") == [str(run.folder)]


def test_cells_of_a_spec():
    cells = ["direct/judge:judge", "combined-10/judge:judge"]
    assert completed("explain", "specs/good.yaml", "") == cells
    assert completed("explain", "specs/good.yaml", "comb") == cells[1:]


def test_cells_of_a_run():
    run_spec(load_spec("specs/good.yaml"))
    assert sorted(completed("audit", "good", "--cell", "")) == ["combined-10/judge:judge", "direct/judge:judge"]


def test_cells_of_nothing_that_can_be_read():
    Path("broken.yaml").write_text("[")
    assert completed("explain", "broken.yaml", "") == []
    assert completed("audit", "nothing", "--cell", "") == []


def test_kinds_and_schemas():
    assert completed("list", "") == list(KINDS)
    assert completed("schema", "") == list(schema_names())
    assert completed("leaderboard", "good", "--format", "") == list(registry.names("leaderboard_formats"))


def test_names_that_a_shell_would_read_otherwise_are_left_out():
    for name in ("a b", "$(x)", "a;b", "a'b"):
        Path(f"{name}.yaml").write_text(SPEC)
    assert completed("run", "") == ["specs/good.yaml"]


def test_folders_are_searched_to_a_depth(here):
    deep = here / "a/b/c"
    deep.mkdir(parents=True)
    (here / "a/b/in.yaml").write_text("")
    (deep / "out.yaml").write_text("")
    assert completed("run", "a") == ["a/b/in.yaml"]
    assert completed("run", "a/b/c/") == ["a/b/c/out.yaml"]
