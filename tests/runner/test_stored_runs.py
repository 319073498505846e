"""The runs of a spec, and how `SPEC@...` selects one of them."""

import json
from pathlib import Path

import pytest

from harness.errors import RunFolderError
from harness.runner.find_run import find_run, newest_run, spec_and_selector
from harness.runner.stored_runs import next_number, stored_runs

IDS = ("1111aaaa00000000", "2222aaaa00000000", "2222bbbb00000000")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(IDS, 1):
        store(name, {"number": number, "finished": f"2026-01-0{4 - number}"})


def store(name, environment=None, spec="mine"):
    folder = Path("results", spec, name)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    if environment is not None:
        (folder / "environment.json").write_text(json.dumps(environment))


@pytest.mark.parametrize(
    ("run", "found"),
    [
        ("mine", IDS[2]),
        ("mine@newest", IDS[2]),
        ("mine@previous", IDS[1]),
        ("mine@1", IDS[0]),
        ("mine@2", IDS[1]),
        ("mine@1111", IDS[0]),
        ("mine@2222b", IDS[2]),
        (f"mine@{IDS[1]}", IDS[1]),
        (f"results/mine/{IDS[0]}", IDS[0]),
    ],
)
def test_a_selector_stands_for_one_run(run, found):
    assert find_run(run, Path("results")).name == found


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("mine@7", r"there is no run 7 of mine; it has @3 \(2222bbbb00000000\), @2 .*`harness runs` lists all"),
        ("mine@2222", "mine@2222 stands for 2 runs: 2222aaaa00000000, 2222bbbb00000000; give more of the run id"),
        ("mine@22", "there is no run 22 of mine"),
        ("mine@prevous", "`prevous` selects no run of mine; did you mean `previous`"),
        ("mine@../x", "no run folder, spec file or spec with runs called mine@../x"),
        ("mine@", "spec with runs called mine@ in"),
        ("other@1", "spec with runs called other in .*results"),
        ("../mine@1", r"called \.\./mine in"),
    ],
)
def test_a_selector_that_stands_for_no_run_lists_those_that_are_there(run, message):
    with pytest.raises(RunFolderError, match=message):
        find_run(run, Path("results"))


def test_a_number_of_several_runs_is_refused():
    store("3333aaaa00000000", {"number": 3})
    with pytest.raises(RunFolderError, match="mine@3 stands for 2 runs"):
        find_run("mine@3", Path("results"))


def test_the_first_run_has_no_previous_one():
    store("4444aaaa00000000", {"number": 1}, spec="once")
    with pytest.raises(RunFolderError, match=r"once has one run only, @1 \(4444aaaa00000000\)"):
        find_run("once@previous", Path("results"))


def test_a_run_without_a_number_is_selected_by_its_id_and_is_the_oldest():
    store("5555aaaa00000000")
    store("6666aaaa00000000", {"number": "many", "finished": 3})
    assert stored_runs("mine", Path("results"))[0].id == "5555aaaa00000000"
    assert find_run("mine@5555", Path("results")).name == "5555aaaa00000000"
    assert stored_runs("mine", Path("results"))[0].label == "@5555aaaa00000000"
    assert next_number("mine", Path("results")) == 4
    assert newest_run("mine", Path("results")).name == IDS[2]


def test_a_file_whose_name_has_an_at_sign_is_that_file():
    Path("a@1").mkdir()
    assert spec_and_selector("a@1") == ("a@1", "")
    assert spec_and_selector("a.yaml@1") == ("a.yaml", "1")
    assert spec_and_selector("user@host/a.yaml") == ("user@host/a.yaml", "")
    assert spec_and_selector("@1") == ("@1", "")


def test_runs_are_numbered_from_one():
    assert next_number("new", Path("results")) == 1
    assert stored_runs("..", Path("results")) == []


def test_results_beside_the_spec_are_named():
    Path("specs/results/far").mkdir(parents=True)
    Path("specs/far.yaml").write_text("kind: generation\nname: far\n")
    hint = r"no run of far in .*nowhere, which does not exist; .*specs/results/far exists beside the spec: add `--res"
    with pytest.raises(RunFolderError, match=hint):
        find_run("specs/far.yaml", Path("nowhere"))
