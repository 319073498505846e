"""Specs that take over the winner of another: who won is looked up in a run, and checked before anything is asked."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

import harness
from harness import registry
from harness.cli import main
from harness.errors import SpecError
from harness.leaderboard.chosen_upstream import notes_on_choices
from harness.records.document import Document
from harness.records.experiment import Cell, Choice
from harness.records.figures import RankSet
from harness.records.frozen import freeze
from harness.runner.plan import make_plan
from harness.runner.run_check import CHECKSUMS
from harness.spec.chaining import LONGEST, choice_from, choice_json
from harness.spec.chaining_axis import listed, with_winners
from harness.spec.digest import spec_digest
from harness.spec.evaluation import load_spec
from harness.spec.schema import check
from harness.spec.yaml import parse_yaml
from support.loops import SPEC as LOOPS
from support.paths import QUICKSTART_DATA

DATA = QUICKSTART_DATA
MODELS = "models: {novice: {provider: simulated, skill: 0.55}, master: {provider: simulated, skill: 0.95}}"
DATASETS = "datasets: {notices: {path: data.jsonl}}"
TEMPLATE = "Choose. {{ prompt }} {{ response_a }} {{ response_b }} {{ answer_format }}"
MINE = f'{{ask: pair, user: "{TEMPLATE}", answer: {{kind: verdict}}}}'


def spec_text(name: str, matrix: str, *, models: str = MODELS, datasets: str = DATASETS, more: str = "") -> str:
    return f"schema: 1\nname: {name}\n{datasets}\n{models}\nscore: {{resamples: 200}}\n{more}matrix: {matrix}\n"


FIRST = spec_text(
    "first",
    "{dataset: [notices], strategy: [mine, combined-5], evaluator: [judge: [novice, master]]}",
    more=f"strategies: {{mine: {MINE}}}\n",
)
LINKED = "{dataset: [notices], strategy: [{winner_of: first}], evaluator: [judge: [novice, master]]}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec `first`, its data, its run and its cache."""
    folder = tmp_path_factory.mktemp("made")
    lines = DATA.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "data.jsonl").write_text("".join(lines[:24]), encoding="utf-8")
    (folder / "other.jsonl").write_text("".join(lines[24:48]), encoding="utf-8")
    (folder / "first.yaml").write_text(FIRST, encoding="utf-8")
    run_in(folder, "first")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(made, tmp_path / "copy")


def load_in(folder: Path, text: str, name: str = "second") -> harness.records.experiment.Spec:  # type: ignore[name-defined]
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return harness.load_spec(folder / f"{name}.yaml", results=folder / "results")


def run_in(folder: Path, name: str) -> harness.FinishedRun:
    spec = harness.load_spec(folder / f"{name}.yaml", results=folder / "results")
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results")


def problems_in(folder: Path, text: str, name: str = "second") -> list[str]:
    """What is wrong with a spec, without the folder in it."""
    with pytest.raises(SpecError, match=re.escape(str(folder))) as caught:
        load_in(folder, text, name)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


# --- from one run to the next -------------------------------------------------------------------------------


def test_a_run_takes_over_the_strategy_and_says_from_where(folder: Path) -> None:
    first = harness.open_run("first", folder / "results")
    best, *others = first.leaderboard["rows"]
    load_in(folder, spec_text("second", LINKED))
    run = run_in(folder, "second")
    assert run.spec["matrix"]["strategy"] == [best["strategy"]]
    assert [cell["id"] for cell in run.manifest["cells"]] == [
        f"notices/{best['strategy']}/judge:{name}" for name in ("novice", "master")
    ]
    [choice] = run.spec["choices"]
    runner_up = next(row for row in others if row["strategy"] != best["strategy"])
    figure = best["metrics"]["kappa"]
    assert choice == {
        "axis": "strategy",
        "taken": best["strategy"],
        "spec": "first",
        "run": first.id,
        "dataset": "notices",
        "dataset_digest": first.manifest["datasets"]["notices"]["digest"],
        "metric": "kappa",
        "value": figure["value"],
        "corrected": first.leaderboard["winners"][0]["corrected"],
        "low": figure["low"],
        "high": figure["high"],
        "rank": best["rank"],
        "cell": best["cell"],
        "candidates": 4,
        "runner_up": runner_up["cell"],
        "is_distinguishable": runner_up["rank"]["best"] > 1,
    }
    [told] = run.manifest["choices"]
    assert {key: told[key] for key in choice} == choice
    assert told["same_data"] == ["notices"]
    assert "the strategy was chosen as the best of 4 on the same data" in told["remarks"][1]
    assert told["remarks"] == run.leaderboard["notes"][-2:]


def test_other_data_than_it_was_chosen_on_are_not_called_the_same(folder: Path) -> None:
    other = "datasets: {notices: {path: other.jsonl}}"
    load_in(folder, spec_text("second", LINKED, datasets=other))
    run = run_in(folder, "second")
    assert run.manifest["choices"][0]["same_data"] == []
    assert not [note for note in run.leaderboard["notes"] if "same data" in note]


def test_a_resolved_spec_stands_for_itself(folder: Path, tmp_path: Path) -> None:
    spec = load_in(
        folder, spec_text("second", "{dataset: [notices], strategy: {winner_of: first}, evaluator: {winner_of: first}}")
    )
    resolved = json.loads(orjson.dumps(spec.resolved))
    assert check(Document("", resolved), "experiment") == []
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (tmp_path / "again.yaml").write_text(json.dumps(resolved))
    again = harness.load_spec(tmp_path / "again.yaml", results=tmp_path / "none")
    assert again.resolved == freeze(resolved)
    assert again.choices == spec.choices
    assert [choice.axis for choice in spec.choices] == ["strategy", "evaluator"]
    assert spec_digest(again) == spec_digest(spec)
    assert make_plan(again).digest == make_plan(spec).digest
    other_run = [replace(choice, run="another") for choice in spec.choices]
    other_digits = [replace(choice, low=0.1) for choice in spec.choices]
    assert spec_digest(replace(spec, choices=other_run)) != spec_digest(spec)
    assert spec_digest(replace(spec, choices=other_digits)) == spec_digest(spec)


def test_the_text_of_a_strategy_comes_along(folder: Path) -> None:
    only = FIRST.replace("[mine, combined-5]", "[mine]")
    (folder / "first.yaml").write_text(only)
    run_in(folder, "first")
    spec = load_in(folder, spec_text("second", LINKED))
    assert spec.strategies["mine"].user.startswith("Choose.")
    assert "first.yaml" in spec.strategies["mine"].source
    assert spec.resolved["strategies"]["mine"]["user"] == spec.strategies["mine"].user


def test_three_in_a_row(folder: Path) -> None:
    """The third takes from the second what that took from the first, and is stale when the first is made anew."""
    load_in(folder, spec_text("second", LINKED))
    run_in(folder, "second")
    third = spec_text(
        "third", LINKED.replace("first", "second").replace("judge: [novice, master]", "winner_of: second")
    )
    spec = load_in(folder, third, "third")
    chosen = [(choice.axis, choice.spec, choice.runner_up is None) for choice in spec.choices]
    assert chosen == [("strategy", "first", False), ("strategy", "second", True), ("evaluator", "second", False)]
    remarks = notes_on_choices(make_plan(spec))
    assert [text.partition(" as ")[0] for text in remarks if "same data" in text] == [
        "notices: the strategy was chosen", "notices: the evaluator was chosen",
    ]  # fmt: skip
    assert "no cell has another strategy" in remarks[2]
    assert len(spec.cells) == 1
    (folder / "first.yaml").write_text(FIRST.replace("resamples: 200", "resamples: 300"))
    run_in(folder, "first")
    [told, _] = problems_in(folder, third, "third")
    assert "is stale: second.yaml or a winner it uses has changed since; repeat it with `harness run" in told


def test_two_links_load_the_other_spec_once(folder: Path) -> None:
    shown = []

    def choose(spec, *wanted):
        shown.append(id(spec))
        raise SpecError("nobody won")

    (folder / "second.yaml").write_text(
        spec_text("second", "{dataset: [notices], strategy: {winner_of: first}, evaluator: {winner_of: first.yaml}}")
    )
    with pytest.raises(SpecError, match="nobody won"):
        load_spec(folder / "second.yaml", choose=choose)
    assert len(shown) == 2
    assert len(set(shown)) == 1


# --- what stands on the axes --------------------------------------------------------------------------------


def test_what_is_on_an_axis_already_is_not_repeated(folder: Path) -> None:
    matrix = (
        "{dataset: [notices], strategy: [combined-5, {winner_of: first}, direct], "
        "evaluator: [{winner_of: first}, {judge: [novice, master]}]}"
    )
    spec = load_in(folder, spec_text("second", matrix))
    strategies = dict.fromkeys(["combined-5", spec.choices[0].taken, "direct"])
    assert list(spec.resolved["matrix"]["strategy"]) == list(strategies)
    assert spec.resolved["matrix"]["evaluator"] == ({"judge": ("novice", "master")},)


def test_an_exclusion_may_be_about_what_did_not_win(folder: Path) -> None:
    matrix = (
        LINKED.replace("}]", "}, direct]", 1)[:-1]
        + ", exclude: [{strategy: mine, model: novice}, {strategy: combined-5, model: novice}]}"
    )
    spec = load_in(folder, spec_text("second", matrix))
    assert len(spec.cells) == 3
    assert len(spec.resolved["matrix"]["exclude"]) == 1
    [told] = problems_in(folder, spec_text("second", matrix.replace("combined-5", "combined-10")))
    assert "the matrix has no strategy `combined-10`" in told


def test_a_matrix_that_what_won_leaves_empty(folder: Path) -> None:
    taken = load_in(folder, spec_text("second", LINKED)).choices[0].taken
    matrix = f"{LINKED[:-1]}, exclude: [{{strategy: {taken}}}]}}"
    assert problems_in(folder, spec_text("second", matrix)) == [
        "second.yaml:6:109: matrix.exclude: every cell is excluded; remove an entry of `exclude`"
    ]


MEMBERS = [{"model": name, "strategy": None} for name in ("novice", "master")]
JURY = Cell(
    "d",
    "direct",
    "jury",
    ("novice", "master"),
    settings={"members": MEMBERS, "vote": "majority", "quorum": 0, "weights": None},
)


def test_a_jury_brings_the_judges_that_it_counts() -> None:
    document = parse_yaml("matrix:\n  evaluator:\n    - {winner_of: x}\n    - judge: master\n", "f")
    document = with_winners(document, "evaluator", {("matrix", "evaluator", 0): [JURY]}, ["novice", "master"])
    jury = {"of": ["novice", "master"], "vote": "majority", "quorum": 0, "weights": None}
    assert document.value["matrix"]["evaluator"] == [{"judge": "novice"}, {"jury": jury}, {"judge": "master"}]
    assert [document.place(("matrix", "evaluator", index)) for index in range(3)] == [(3, 7), (3, 7), (4, 7)]
    assert document.place(("matrix", "evaluator", 0, "judge")) == (3, 7)
    assert document.place(("matrix", "evaluator", 2, "judge")) == (4, 14)


def test_a_link_alone_on_an_axis_keeps_its_place() -> None:
    document = listed(parse_yaml("matrix:\n  strategy: {winner_of: x}\n", "f"), "strategy")
    assert document.value == {"matrix": {"strategy": [{"winner_of": "x"}]}}
    assert document.place(("matrix", "strategy", 0)) == (2, 13)
    assert document.place(("matrix", "strategy", 0, "winner_of")) == (2, 25)
    assert document.place(("matrix", "strategy", 0, "winner_of"), key=True) == (2, 14)


WANTED = {
    "tournament": [{"judge": "novice"}, {"judge": ["novice", "master"], "by": "swiss", "rounds": 2}],
    "judge": [["novice", "master"]],
    "jury": [
        {"of": ["novice", "master"]},
        {"of": ["novice", {"model": "master", "strategy": "s"}], "vote": "mean-score"},
    ],
    "cascade": [
        {"of": ["novice", "master"], "escalate": "failure"},
        {"of": ["novice", "master"], "escalate": "disagreement"},
        {"of": ["master", "novice", "adept"], "escalate": "margin", "threshold": [0, 1.5]},
    ],
    "debate": [
        {"model": ["novice", "master"], "rounds": 3, "personas": [{"name": "x", "role": "y"}], "persona_set": "z"},
        {"models": ["novice", "master"], "personas": [{"name": "x", "role": "y"}], "persona_set": None},
    ],
}


@pytest.mark.parametrize("mode", registry.names("modes"))
def test_what_a_mode_writes_for_one_cell_makes_that_cell(mode: str) -> None:
    module = registry.find("modes", mode)
    for wanted in WANTED[mode]:
        for models, settings in module.expand(wanted, ["novice", "master"]):
            assert [*module.expand(module.written(models, settings), ["novice", "master"])] == [(models, settings)]


# --- what can be wrong --------------------------------------------------------------------------------------


def test_no_run(folder: Path) -> None:
    shutil.rmtree(folder / "results/first")
    told = problems_in(folder, spec_text("second", LINKED))
    assert told == [
        "second.yaml:6:41: matrix.strategy[0]: there is no run of first in results; "
        f"run `harness run first.yaml --results {folder}/results` first".replace(f"{folder}/", "")
    ]


def test_the_command_in_a_hint_leaves_the_usual_folder_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(folder / "results/first")
    (folder / "second.yaml").write_text(spec_text("second", LINKED))
    monkeypatch.chdir(folder)
    with pytest.raises(SpecError, match=r"run `harness run first\.yaml` first$"):
        harness.load_spec("second.yaml")


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        ("first.yaml", "resamples: 200", "resamples: 300", "first.yaml has changed since"),
        ("first.yaml", "Choose.", "Choose well.", "first.yaml has changed since"),
        ("data.jsonl", "village", "town", "its data data.jsonl have changed since"),
    ],
)
def test_a_stale_run(folder: Path, file: str, before: str, after: str, reason: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after), encoding="utf-8")
    [told] = problems_in(folder, spec_text("second", LINKED))
    assert told.startswith("second.yaml:6:41: matrix.strategy[0]: the newest run of first, ")
    assert f"is stale: {reason}; repeat it with `harness run first.yaml" in told


def test_what_changes_no_result_makes_no_run_stale(folder: Path) -> None:
    (folder / "first.yaml").write_text(f"description: Words.\n{FIRST}")
    assert load_in(folder, spec_text("second", LINKED)).choices


def test_several_datasets(folder: Path) -> None:
    two = FIRST.replace("{notices: {path: data.jsonl}}", "{notices: {path: data.jsonl}, more: {path: other.jsonl}}")
    (folder / "first.yaml").write_text(two.replace("dataset: [notices]", "dataset: [notices, more]"))
    run_in(folder, "first")
    [told] = problems_in(folder, spec_text("second", LINKED))
    assert told == (
        "second.yaml:6:41: matrix.strategy[0]: the spec `first` has 2 datasets, and each may have another winner; "
        "write `dataset:` with one of `notices`, `more`"
    )
    spec = load_in(folder, spec_text("second", LINKED.replace("winner_of: first", "winner_of: first, dataset: more")))
    assert spec.choices[0].cell.startswith("more/")
    assert spec.choices[0].candidates == 4


def test_by_another_metric(folder: Path) -> None:
    spec = load_in(folder, spec_text("second", LINKED.replace("winner_of: first", "winner_of: first, by: accuracy")))
    board = harness.open_run("first", folder / "results").leaderboard
    best = max(row["metrics"]["accuracy"]["value"] for row in board["rows"])
    [choice] = spec.choices
    assert (choice.metric, choice.value, choice.corrected) == ("accuracy", best, None)


def test_nothing_won_where_every_figure_is_undefined(folder: Path) -> None:
    board = next((folder / "results/first").iterdir()) / "leaderboard.json"
    value = json.loads(board.read_text())
    for row in value["rows"]:
        row["metrics"]["kappa"] |= {"value": None, "low": None, "high": None, "reason": "all labels are the same"}
    board.write_text(json.dumps(value))
    [changed] = problems_in(folder, spec_text("second", LINKED))
    assert "leaderboard.json: is not as the run wrote it" in changed
    (board.parent / CHECKSUMS).unlink()
    [told] = problems_in(folder, spec_text("second", LINKED))
    assert "first has no winner: kappa is undefined in every cell of its run" in told
    assert told.endswith("all labels are the same; choose another metric with `by:`")


def test_too_few_items_to_compare(folder: Path) -> None:
    (folder / "first.yaml").write_text(FIRST.replace("data.jsonl}", "data.jsonl, subset: {limit: 12}}"))
    run_in(folder, "first")
    [choice] = load_in(folder, spec_text("second", LINKED)).choices
    assert (choice.low, choice.high, choice.rank, choice.is_distinguishable) == (None, None, None, None)
    assert choice.runner_up


EVALUATOR = "{dataset: [notices], strategy: [direct], evaluator: {winner_of: first}}"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("0.95", "0.94", "its `id` is `simulated?skill=0.94`, there `simulated?skill=0.95`"),
        ("0.95", "0.95, params: {temperature: 1}", 'its `params` is `{"max_tokens":1024,"temperature":1}`, there'),
    ],
)
def test_a_model_that_is_another_one_here(folder: Path, before: str, after: str, told: str) -> None:
    [problem] = problems_in(folder, spec_text("second", EVALUATOR, models=MODELS.replace(before, after)))
    assert problem.startswith("second.yaml:6:61: matrix.evaluator[0]: the winner of `first` is `judge:master`, whose ")
    assert told in problem
    assert problem.endswith("copy the entry `master` of `models` from first.yaml")


def test_a_model_that_is_not_here(folder: Path) -> None:
    models = "models: {novice: {provider: simulated, skill: 0.55}}"
    [told] = problems_in(folder, spec_text("second", EVALUATOR, models=models))
    assert told == (
        "second.yaml:6:61: matrix.evaluator[0]: the winner of `first` is `judge:master`, but this spec has no model "
        "`master`; copy its entry from first.yaml"
    )


def test_strategies_of_one_name_from_two_specs(folder: Path) -> None:
    only = FIRST.replace("[mine, combined-5]", "[mine]")
    (folder / "first.yaml").write_text(only)
    (folder / "other.yaml").write_text(only.replace("name: first", "name: other").replace("Choose.", "Decide."))
    run_in(folder, "first")
    run_in(folder, "other")
    [told] = problems_in(folder, spec_text("second", LINKED.replace("first}", "first}, {winner_of: other}")))
    assert "the winner of `other` is the strategy `mine`, but this spec has another one of that name" in told


def test_a_name_that_is_not_that_of_the_file(folder: Path) -> None:
    (folder / "copy.yaml").write_text(FIRST)
    [told] = problems_in(folder, spec_text("second", LINKED.replace("first", "copy")))
    assert told.endswith("the spec in `copy.yaml` is called `first`; write `copy.yaml` if that file is meant")
    assert load_in(folder, spec_text("second", LINKED.replace("first", "copy.yaml"))).choices[0].spec == "first"


def test_a_chain_without_end(folder: Path) -> None:
    for number in range(LONGEST + 1):
        text = spec_text(f"s{number}", LINKED.replace("first", f"s{number + 1}"))
        (folder / f"s{number}.yaml").write_text(text)
    with pytest.raises(SpecError, match=f"this chain is longer than {LONGEST} specs"):
        load_spec(folder / "s0.yaml")


# --- without looking anything up ------------------------------------------------------------------------------


def test_a_spec_is_checked_without_a_run_and_cannot_be_run_then(folder: Path) -> None:
    shutil.rmtree(folder / "results")
    (folder / "second.yaml").write_text(spec_text("second", LINKED))
    spec = load_spec(folder / "second.yaml", "second.yaml")
    assert spec.undecided == ("first",)
    assert [cell.strategy for cell in spec.cells] == ["mine", "mine", "combined-5", "combined-5"]
    assert spec.choices == ()
    with pytest.raises(SpecError, match=r"^second\.yaml: the winners of first have not been looked up; load the spec"):
        make_plan(spec)


def test_the_command_line_looks_in_the_results_it_is_given(folder: Path) -> None:
    (folder / "second.yaml").write_text(spec_text("second", LINKED))
    places = ["--results", str(folder / "results"), "--cache", str(folder / "cache")]
    path = str(folder / "second.yaml")

    def ran(*words: str) -> str:
        result = CliRunner().invoke(main, [*words])
        assert result.exit_code == 0, result.output
        return result.output

    assert "at most 4 cells; `harness plan` resolves the winners of first" in ran("validate", path)
    assert json.loads(ran("validate", "--json", path))["specs"][0]["undecided"] == ["first"]
    assert "second: 2 cells" in ran("plan", path, *places)
    assert "taken over from first" in " ".join(ran("run", path, *places, "--notes").split())
    assert "replies" in ran("cache", "export", path, str(folder / "b"), *places)
    assert "taken over from first" in " ".join(ran("leaderboard", path, *places[:2], "--notes").split())


@pytest.mark.parametrize("rank", [None, RankSet(1, 3)])
def test_a_choice_is_written_and_read(rank: RankSet | None) -> None:
    choice = Choice(
        "strategy", "s", "spec", "run", "d", "digest", "kappa", 0.5, None, 0.4, 0.6, rank, "d/s/judge:m", 2, None, None
    )
    assert choice_from(json.loads(orjson.dumps(choice_json(choice)))) == choice


def test_a_generation_has_no_winner_that_an_evaluation_takes_over(tmp_path: Path) -> None:
    (tmp_path / "loops.yaml").write_text(LOOPS, encoding="utf-8")
    text = f"""
schema: 1
name: taker
kind: evaluation
datasets: {{d: {{path: {tmp_path.name}.jsonl}}}}
models: {{m: {{provider: simulated}}}}
matrix: {{dataset: [d], strategy: [direct], evaluator: [{{winner_of: loops}}]}}
"""
    (tmp_path / f"{tmp_path.name}.jsonl").write_text("{}", encoding="utf-8")
    (tmp_path / "taker.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="`loops` is a generation: its winner is a system, not a strategy") as caught:
        load_spec(tmp_path / "taker.yaml")
    assert len(caught.value.problems) == 1
