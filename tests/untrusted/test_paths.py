"""A spec reads inside its own folder and nowhere else, unless who runs it says so."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.errors import SpecError
from harness.spec.evaluation import load_spec

ROW = {"id": "1", "prompt": "p", "response_a": "x", "response_b": "y", "label": "a"}
LEAST = """\
schema: 1
name: {name}
datasets:
  pairs: {{path: {dataset}}}
models:
  small: {model}
strategies:
  mine: {strategy}
personas:
  people: {personas}
matrix:
  dataset: [pairs]
  strategy: {axis}
  evaluator: [{{judge: small}}]
"""
STRATEGY = """\
schema: 1
name: mine
ask: pair
user: "{{ response_a }} {{ response_b }} {{ answer_format }}"
answer: {kind: verdict}
"""
PERSONAS = "schema: 1\nname: people\npersonas:\n- {name: Ann, role: You are Ann.}\n- {name: Bob, role: You are Bob.}\n"
INLINE = {
    "name": "inside",
    "dataset": "pairs.jsonl",
    "model": "{provider: simulated}",
    "strategy": "{path: mine.yaml}",
    "personas": "{path: people.yaml}",
    "axis": "[direct]",
}
FILES = {
    "pairs.jsonl": json.dumps(ROW) + "\n",
    "replies.jsonl": "",
    "mine.yaml": STRATEGY,
    "people.yaml": PERSONAS,
    "first.yaml": LEAST.format(**{**INLINE, "name": "first"}),
}
SLOTS = {
    "dataset": ("pairs.jsonl", "{}", "datasets.pairs.path"),
    "recording": ("replies.jsonl", "{{provider: recorded, path: {}}}", "models.small.path"),
    "strategy": ("mine.yaml", "{{path: {}}}", "strategies.mine.path"),
    "personas": ("people.yaml", "{{path: {}}}", "personas.people.path"),
    "winner": ("first.yaml", "{{winner_of: {}}}", "matrix.strategy[0].winner_of"),
}
"""Everything in a spec that is a path: the file, how it is written, and its place."""
KEYS = {"recording": "model", "winner": "axis"}


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The folder of a spec; beside it `outside` with the same files, of which it may read none."""
    for folder in ("inside", "outside"):
        (tmp_path / folder).mkdir()
        for name, text in FILES.items():
            (tmp_path / folder / name).write_text(text)
    return tmp_path / "inside"


def spec_with(folder: Path, slot: str, path: str) -> Path:
    """A spec in which one path is this one."""
    written = SLOTS[slot][1].format(json.dumps(path))
    spec = folder / "spec.yaml"
    spec.write_text(LEAST.format(**{**INLINE, KEYS.get(slot, slot): written}))
    return spec


def ways_out(inside: Path, file: str) -> dict[str, str]:
    """Paths that lead from the folder to a file outside."""
    outside = inside.parent / "outside"
    (inside / "folder").symlink_to(outside)
    (inside / f"link-{file}").symlink_to(outside / file)
    (inside / f"second-{file}").symlink_to(f"link-{file}")
    (inside / "below").mkdir()
    return {
        "up": f"../outside/{file}",
        "down and up": f"below/../../outside/{file}",
        "up in a folder that is not there": f"none/../../outside/{file}",
        "absolute": str(outside / file),
        "symbolic link": f"link-{file}",
        "link to a link": f"second-{file}",
        "folder that is a link": f"folder/{file}",
        "sibling with the same beginning": f"{inside}-2/{file}",
    }


@pytest.mark.parametrize("slot", SLOTS)
def test_no_path_of_a_spec_leads_out_of_its_folder(inside: Path, slot: str) -> None:
    file, _, place = SLOTS[slot]
    (inside.parent / "inside-2").symlink_to(inside.parent / "outside")
    for way, path in ways_out(inside, file).items():
        spec = spec_with(inside, slot, path if slot != "winner" or "/" in path else f"./{path}")
        with pytest.raises(SpecError, match="leads out of the folder of this file") as caught:
            load_spec(spec, "spec.yaml")
        [problem] = [problem for problem in caught.value.problems if problem.path == place]
        assert "leads out of the folder of this file" in problem.message, way
        assert problem.file == "spec.yaml"
        assert problem.line
        assert problem.column
        outside = inside.parent / "outside"
        assert f"`--allow-path {shlex.quote(str(outside))}`" in problem.hint, way
        if way != "up in a folder that is not there":
            assert load_spec(spec, allow_paths=[outside]).name == "inside", way


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize(
    "path", ["../../../../../../../../etc/passwd", "/etc/passwd", "/proc/self/environ", "/dev/zero"]
)
def test_files_of_the_system_are_not_even_looked_at(inside: Path, slot: str, path: str) -> None:
    with pytest.raises(SpecError, match="leads out of the folder") as caught:
        load_spec(spec_with(inside, slot, path), "spec.yaml")
    [problem] = [problem for problem in caught.value.problems if problem.path == SLOTS[slot][2]]
    assert "leads out of the folder" in problem.message


def test_nothing_tells_whether_a_file_outside_is_there(inside: Path) -> None:
    messages = []
    # Names of one length: a long path is cut, and the place of the cut must not differ.
    for name in ("pairs.jsonl", "nopes.jsonl"):
        with pytest.raises(SpecError, match="leads out of the folder") as caught:
            load_spec(spec_with(inside, "dataset", f"../outside/{name}"), "spec.yaml")
        messages.append(str(caught.value).replace(name, "NAME"))
    there, not_there = messages
    assert there == not_there


def test_links_inside_the_folder_and_ways_that_come_back_are_fine(inside: Path) -> None:
    (inside / "link.jsonl").symlink_to("pairs.jsonl")
    (inside / "here").symlink_to(inside)
    for path in ("link.jsonl", "here/here/pairs.jsonl", "../inside/pairs.jsonl", str(inside / "pairs.jsonl")):
        assert load_spec(spec_with(inside, "dataset", path)).name == "inside"


def test_a_folder_that_is_itself_reached_by_a_link_is_the_specs_own(inside: Path) -> None:
    (inside.parent / "alias").symlink_to(inside)
    spec = spec_with(inside, "dataset", "pairs.jsonl")
    assert load_spec(inside.parent / "alias" / spec.name).name == "inside"


def test_links_in_a_circle_lead_nowhere(inside: Path) -> None:
    (inside / "one.jsonl").symlink_to("two.jsonl")
    (inside / "two.jsonl").symlink_to("one.jsonl")
    with pytest.raises(SpecError, match=r"datasets\.pairs\.path"):
        load_spec(spec_with(inside, "dataset", "one.jsonl"))


def test_what_is_no_file_is_refused(inside: Path) -> None:
    os.mkfifo(inside / "pipe.jsonl")
    with pytest.raises(SpecError, match="is not a regular file"):
        load_spec(spec_with(inside, "dataset", "pipe.jsonl"))


def test_a_spec_that_another_links_to_stays_in_its_own_folder(inside: Path) -> None:
    (inside / "below").mkdir()
    (inside / "below" / "first.yaml").write_text(
        LEAST.format(**{**INLINE, "name": "first", "dataset": "../pairs.jsonl"})
    )
    for name in ("mine.yaml", "people.yaml"):
        (inside / "below" / name).write_text(FILES[name])
    spec = spec_with(inside, "winner", "below/first.yaml")
    with pytest.raises(SpecError, match=r"`\.\./pairs\.jsonl` leads out of the folder of this file"):
        load_spec(spec)
    assert load_spec(spec, allow_paths=[inside]).name == "inside"


# --- on the command line ------------------------------------------------------------------------------------

VERBS = {
    "validate": ["validate", "SPEC"],
    "plan": ["plan", "SPEC"],
    "explain": ["explain", "SPEC"],
    "run": ["run", "SPEC"],
    "doctor": ["doctor", "SPEC", "--offline"],
    "leaderboard": ["leaderboard", "SPEC"],
    "cache export": ["cache", "export", "SPEC", "a.bundle", "--force"],
}


@pytest.fixture
def outward(inside: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec whose data are outside, which was run by somebody who allowed it."""
    monkeypatch.chdir(inside)
    spec = spec_with(inside, "dataset", "../outside/pairs.jsonl")
    made = harness.run_spec(harness.load_spec(spec, allow_paths=[inside.parent / "outside"]))
    assert harness.open_run(spec, allow_paths=[inside.parent / "outside"]).id == made.id
    return spec


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_loads_a_spec_keeps_it_in_its_folder_and_can_be_told_otherwise(
    outward: Path, verb: str
) -> None:
    words = [str(outward) if word == "SPEC" else word for word in VERBS[verb]]
    allowed = str(outward.parent.parent / "outside")
    runner = CliRunner()
    refused = runner.invoke(main, words)
    assert refused.exit_code == (1 if verb == "doctor" else 2), refused.output
    assert f"`--allow-path {allowed}` allows it" in refused.output
    assert "spec.yaml:4:17: datasets.pairs.path: `../outside/pairs.jsonl` leads out" in refused.output
    assert runner.invoke(main, [*words, "--allow-path", allowed]).exit_code == 0
    several = os.pathsep.join(["elsewhere", allowed])
    assert runner.invoke(main, words, env={"HARNESS_ALLOW_PATH": several}).exit_code == 0
    assert runner.invoke(main, words, env={"HARNESS_ALLOW_PATH": "elsewhere"}).exit_code == refused.exit_code


def test_the_option_may_be_relative_and_repeated(outward: Path) -> None:
    shown = CliRunner().invoke(main, ["validate", str(outward), "--allow-path", "none", "--allow-path", "../outside"])
    assert shown.exit_code == 0, shown.output
