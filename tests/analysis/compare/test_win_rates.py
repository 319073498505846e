"""Two generation runs, compared by the win rates of their systems."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from harness.analysis.compare.win_rates import metric_of, with_systems
from harness.cli import main
from harness.records.document import Document
from harness.runner.find_run import find_run
from harness.runner.run_reader import KINDS, read_judged
from harness.scoring.metrics import accuracy
from harness.spec.schema import check
from harness.statistics.win_rate import TIES, win_rate
from support.loops import SPEC, laid_out

ROOT = Path(__file__).parents[3]
OTHER = SPEC.replace("name: loops", "name: other").replace("skill: 0.4", "skill: 0.85")
RENAMED = SPEC.replace("name: loops", "name: renamed").replace("novice", "beginner")
ELSEWHERE = SPEC.replace("name: loops", "name: elsewhere").replace("opponents: [writer, master]", "opponents: [novice]")


def shown(cwd: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--results", str(cwd / "results")])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("runs")
    for name, text in {"loops": SPEC, "other": OTHER, "renamed": RENAMED, "elsewhere": ELSEWHERE}.items():
        path = laid_out(cwd, text, name=f"{name}.yaml")
        done = shown(cwd, "run", str(path), "--cache", str(cwd / "cache"))
        assert done.exit_code == 0, done.output
    return cwd


def compared(cwd: Path, *words: str, code: int = 0) -> dict[str, Any]:
    found = shown(cwd, "compare", *words, "--json")
    assert found.exit_code == code, found.output
    document: dict[str, Any] = json.loads(found.stdout)
    assert check(Document("x", document), "compare") == []
    return document


def board_of(cwd: Path, name: str) -> dict[str, Any]:
    board: dict[str, Any] = json.loads((find_run(name, cwd / "results") / "leaderboard.json").read_bytes())
    return board


def test_win_rates_of_a_comparison_are_those_of_the_leaderboards(runs: Path) -> None:
    found = compared(runs, "loops", "other")
    assert (found["kind"], found["metric"], found["merged"]) == ("generation", "win-rate-half", [])
    rates = {
        name: {
            (f"tasks against {board['opponent']}", row["cell"]): row["win_rates"]
            for board in board_of(runs, name)["boards"]
            for row in board["rows"]
        }
        for name in ("loops", "other")
    }
    (comparison,) = found["comparisons"]
    seen = 0
    for part in comparison["datasets"]:
        for pair in part["pairs"]:
            for ties in TIES:
                figure = pair["metrics"][f"win-rate-{ties}"]
                one = rates["loops"][part["dataset"], pair["cell"]][ties]["value"]
                other = rates["other"][part["other_dataset"], pair["other_cell"]][ties]["value"]
                assert (figure["one"], figure["other"]) == (pytest.approx(one), pytest.approx(other))
                if figure["difference"]["value"] is not None:
                    assert figure["difference"]["value"] == pytest.approx(other - one, abs=1e-9)
                seen += 1
    assert seen == 6 * len(TIES)
    changed = {pair["cell"]: pair["changed"] for part in comparison["datasets"] for pair in part["pairs"]}
    assert {cell for cell, what in changed.items() if what == "reviewers"} == {
        "tasks/writer+novice-vs-writer/combined-10/judge:master/both",
        "tasks/writer+novice-vs-master/combined-10/judge:master/both",
    }
    assert set(changed.values()) == {"reviewers", None}


def test_systems_are_matched_by_what_they_mean_and_not_by_the_names_of_their_models(runs: Path) -> None:
    (comparison,) = compared(runs, "loops", "renamed")["comparisons"]
    assert comparison["alone"] == []
    pairs = [pair for part in comparison["datasets"] for pair in part["pairs"]]
    assert {pair["changed"] for pair in pairs} == {None}
    assert not any(pair["flips"] for pair in pairs)


def test_the_text_speaks_of_prompts_won_and_lost(runs: Path) -> None:
    text = shown(runs, "compare", "loops", "other", "--items").stdout
    assert "24 shared prompts of 24 and 24" in text
    assert "label" not in text
    assert "(reviewers changed)" in text
    assert any(f"{one} → {other}" in text for one in ("lost", "tied") for other in ("won", "tied") if one != other)


@pytest.mark.whole
def test_the_order_of_two_runs_turns_the_signs_round(runs: Path) -> None:
    def differences(*names: str) -> dict[tuple[str, str], float | None]:
        (comparison,) = compared(runs, *names)["comparisons"]
        return {
            (part["dataset"], pair["cell"]): pair["metrics"]["win-rate-half"]["difference"]["value"]
            for part in comparison["datasets"]
            for pair in part["pairs"]
        }

    forth, back = differences("loops", "other"), differences("other", "loops")
    assert forth.keys() == back.keys()
    assert all(forth[key] == pytest.approx(-(back[key] or 0.0)) for key in forth)


def test_opponents_that_only_one_run_has_leave_their_systems_alone(runs: Path) -> None:
    (comparison,) = compared(runs, "loops", "elsewhere")["comparisons"]
    assert comparison["datasets"] == []
    assert {one["run"] for one in comparison["alone"]} == {comparison["run"], comparison["to"]}


def test_another_tie_convention_can_be_asked_for_and_an_unknown_metric_is_named(runs: Path) -> None:
    assert compared(runs, "loops", "other", "--metric", "win-rate-lose")["metric"] == "win-rate-lose"
    wrong = shown(runs, "compare", "loops", "other", "--metric", "kappa")
    assert wrong.exit_code == 2
    assert "has no metric `kappa`; it has win-rate-half, win-rate-lose, win-rate-dropped" in wrong.stderr


def test_an_evaluation_and_a_generation_are_not_compared(runs: Path) -> None:
    (evaluation,) = (ROOT / "results/quickstart").iterdir()
    for names in (("loops", str(evaluation)), (str(evaluation), "loops")):
        found = shown(runs, "compare", *names)
        assert found.exit_code == 2
        assert "only runs of one kind can be compared" in found.stderr


@pytest.mark.whole
def test_an_audit_covers_the_evaluators_of_a_generation(runs: Path) -> None:
    found = shown(runs, "audit", "loops", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert check(Document("x", document), "audit") == []
    cards = [card for part in document["datasets"] for card in part["cells"]]
    assert len(cards) == 5  # every match is judged once
    assert all(card["probes"]["position"]["figures"] for card in cards)


@pytest.mark.parametrize("target", ["loops", "loops.yaml"])
def test_power_says_in_one_sentence_why_it_does_not_cover_a_generation(runs: Path, target: str) -> None:
    found = shown(runs, "power", target if target == "loops" else str(runs / target))
    assert found.exit_code == 2
    assert "power analysis supports evaluation specs only: it needs human labels" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_prompts_are_the_items_and_outcomes_those_of_the_system(runs: Path) -> None:
    run = with_systems(read_judged(find_run("loops", runs / "results"), kinds=KINDS))
    assert [data.name for data in run.datasets] == ["tasks against writer", "tasks against master"]
    for data, board in zip(run.datasets, board_of(runs, "loops")["boards"], strict=True):
        rows = {row["cell"]: row for row in board["rows"]}
        for at, cell in enumerate(data.cells):
            wins = int(np.count_nonzero(data.outcomes[:, at] == 0))
            assert wins == rows[cell.id]["wins"]


def test_a_win_rate_is_a_metric_of_the_first_row_of_a_table() -> None:
    counts = np.array([[5.0, 2.0, 3.0, 1.0], [0.0, 0.0, 0.0, 4.0]])
    tables = np.zeros((2, 3, 4))
    tables[:, 0] = counts
    for ties in TIES:
        metric = metric_of(f"win-rate-{ties}", np.zeros(3, np.int8))
        np.testing.assert_array_equal(metric.value(tables), win_rate(counts, ties))
        assert metric.influence(tables).shape == (2, 3, 4)
        assert np.isfinite(metric.influence(tables)).all()
        assert metric.count(tables)[1] == 0
    assert metric_of("accuracy", np.zeros(3, np.int8)) is accuracy
