"""`harness run --repeat-of RUN --draw new` asks the same again, and the test of changed judges compares the two."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from support.cli_folder import folder_with_starter_run
from support.loops import SPEC as LOOPS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("repeat"))


@pytest.fixture(autouse=True)
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


def harness(*arguments):
    return CliRunner().invoke(main, list(arguments))


def manifests():
    return [json.loads(path.read_text()) for path in Path("results/mine").glob("*/manifest.json")]


@pytest.mark.slow
def test_a_repeated_run_makes_every_call_again_and_can_be_replayed():
    shown = harness("run", "--repeat-of", "mine", "--draw", "new")
    assert shown.exit_code == 0, shown.output
    assert "asking again with draw 1; `harness run --repeat-of mine --draw 1 --offline` replays it" in shown.stderr
    assert "320 calls made, 0 from the cache" in shown.stderr
    assert sorted(one.get("first_draw", 0) for one in manifests()) == [0, 1]
    assert len({one["spec_digest"] for one in manifests()}) == 1
    replayed = harness("run", "mine.yaml", "--repeat-of", "mine@1", "--draw", "1", "--offline")
    assert replayed.exit_code == 0, replayed.output
    assert "0 calls made, 320 from the cache" in replayed.stderr
    assert len(manifests()) == 2, "the same draw is the same run"
    assert "draw 2;" in harness("run", "--repeat-of", "mine@previous").stderr, "no run has used that number"
    assert [run["draw"] for run in json.loads(harness("runs", "--json").stdout)["runs"]] == [2, 1, 0]
    assert "@4 draw 2  " in harness("runs").stdout
    compared = json.loads(harness("compare", "mine@1", "mine", "--json").stdout)
    judges = compared["comparisons"][0]["judges"]
    assert (judges["tested"], judges["changed"]) == (6, 0)


@pytest.mark.whole
def test_the_first_run_stays_what_it_was():
    files = [path for path in Path("results").rglob("*") if path.is_file() and path.name != "environment.json"]
    before = {path: path.read_bytes() for path in files}
    assert harness("run", "--repeat-of", "mine").exit_code == 0
    assert harness("run", "mine.yaml", "--offline").exit_code == 0
    assert all(path.read_bytes() == data for path, data in before.items())


def test_an_edited_spec_cannot_be_repeated():
    Path("mine.yaml").write_text(Path("mine.yaml").read_text().replace("seed: 7", "seed: 8"))
    shown = harness("run", "--repeat-of", "mine")
    assert shown.exit_code == 2
    assert "cannot be repeated, because mine.yaml is not what it was: seed 7 → 8; undo the change" in shown.stderr
    Path("mine.yaml").unlink()
    assert harness("run", "--repeat-of", "mine").exit_code == 2


@pytest.mark.whole
def test_a_run_that_names_no_spec_needs_one():
    for file in Path("results/mine").glob("*/environment.json"):
        file.write_text("{}")
    shown = harness("run", "--repeat-of", "mine")
    assert (shown.exit_code, "is not known here; name it: `harness run SPEC --repeat-of RUN`" in shown.stderr) == (
        2,
        True,
    )
    assert harness("run", "mine.yaml", "--repeat-of", "mine").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'SPEC...'"),
        (["mine.yaml", "--draw", "2"], "--draw needs --repeat-of"),
        (["mine.yaml", "mine.yaml", "--repeat-of", "mine"], "--repeat-of takes one SPEC at most"),
        (["--repeat-of", "mine", "--draw", "-1"], "`-1` is neither `new` nor a number"),
        (["--repeat-of", "mine", "--draw", "99999999"], "is neither `new` nor a number"),
        (["--repeat-of", "mine@9"], "there is no run 9 of mine"),
    ],
)
def test_options_that_do_not_go_together(arguments, message):
    shown = harness("run", *arguments)
    assert (shown.exit_code, message in shown.stderr) == (2, True), shown.output


@pytest.mark.whole
def test_recordings_and_generations_cannot_be_asked_again():
    row = {"dataset": "pairs", "strategy": "direct", "model": "m", "step": "judge", "text": "Verdict: A"}
    items = [json.loads(line)["id"] for line in Path("mine.jsonl").read_text().splitlines()]
    Path("r.jsonl").write_text("".join(json.dumps(row | {"item": item}) + "\n" for item in items))
    Path("rec.yaml").write_text(
        "schema: 1\nname: rec\ndatasets: {pairs: {path: mine.jsonl}}\n"
        "models: {m: {provider: recorded, path: r.jsonl}}\n"
        "matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [m]}]}\nscore: {resamples: 200}\n"
    )
    Path("loops.yaml").write_text(LOOPS)
    Path("tasks.jsonl").write_text('{"id": "1", "prompt": "Name a colour."}\n')
    for name, message in (("rec", "recorded replies cannot be asked for again: m"), ("loops", "is a generation; only")):
        assert harness("run", f"{name}.yaml").exit_code == 0
        shown = harness("run", "--repeat-of", name)
        assert (shown.exit_code, message in shown.stderr) == (2, True), shown.output
