"""Runs that end once the question is answered: which items, at which look, and the same again from the cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from click.testing import CliRunner

import harness
from harness.api import FinishedRun
from harness.api.evaluation import agendas, estimate, keys
from harness.cache.cache import Cache
from harness.cli import main
from harness.errors import DatasetError, MissingRepliesError, RunFolderError, SpecError
from harness.providers.simulation.dataset import make_pairs
from harness.records.experiment import Spec
from harness.runner.progress import RunStats
from harness.runner.run_folder import DETERMINISTIC
from harness.runner.run_reader import read_judged
from harness.runner.stopping import Looks, judged_part
from support.paths import SCHEMAS

SPEC = """\
schema: 1
name: stops
seed: 7
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  novice: {{provider: simulated, skill: {novice}, malformed_rate: 0.1}}
  senior: {{provider: simulated, skill: 0.99}}
matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{evaluators}]}}
score: {{metrics: [accuracy], resamples: 500{score}}}
stop: {{{stop}}}
"""
RANKED = "when: ranked, looks: 3"


def write(
    folder: Path,
    stop: str = RANKED,
    *,
    novice: float = 0.1,
    evaluators: str = "{judge: [novice, senior]}",
    score: str = "",
    items: int = 90,
    rows: list[dict[str, Any]] | None = None,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    kept = make_pairs(3, items) if rows is None else rows
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
    path = folder / "spec.yaml"
    path.write_text(SPEC.format(stop=stop, novice=novice, evaluators=evaluators, score=score))
    return path


def load(folder: Path, *args: Any, **options: Any) -> Spec:
    return harness.load_spec(write(folder, *args, **options))


def run(folder: Path, *args: Any, **options: Any) -> FinishedRun:
    return harness.run_spec(load(folder, *args, **options), cache=folder / "cache", results=folder / "results")


def looks_of(folder: Path, *args: Any, **options: Any) -> Looks:
    plan: Any = harness.make_plan(load(folder, *args, **options))
    return Looks.of(plan)


@pytest.mark.whole
def test_a_run_ends_once_the_best_is_separated_and_says_what_that_saved(tmp_path: Path) -> None:
    finished = run(tmp_path)
    stop = finished.leaderboard["stop"]
    assert (stop["answered"], stop["look"], stop["looks"]) == (True, 1, 2)  # a look at 30 is beyond 500 resamples
    assert stop["judged"]["pairs"] == finished.items_frame().height == 60
    assert stop["items"] == {"pairs": 90}
    calls = sum(row["calls"] for row in finished.leaderboard["rows"])
    assert stop["saved"] == {"items": 30, "calls": round(calls * 30 / 60), "cost_usd": 0.0}
    assert finished.environment["calls_made"] == calls < 2 * 90
    assert finished.manifest["stop"] == stop
    note, level = finished.leaderboard["notes"][:2]
    assert note.startswith("look 1 of 2, 60 of 90 items judged: the best cell is separated from all others by accuracy")
    assert level.startswith("intervals, ranks and tests hold at the look at which the run ended: level 98.")
    jsonschema.validate(finished.leaderboard, json.loads((SCHEMAS / "output/leaderboard.schema.json").read_text()))


@pytest.mark.whole
def test_all_intervals_of_the_board_have_the_level_of_the_look(tmp_path: Path) -> None:
    finished = run(tmp_path)
    level = finished.leaderboard["stop"]["level"]
    assert 0.98 < level < 0.99
    assert finished.leaderboard["method"]["level"] == level
    figures = [figure for row in finished.leaderboard["rows"] for figure in row["metrics"].values()]
    assert {figure["level"] for figure in figures} == {level}
    assert finished.leaderboard["winners"][0]["level"] == level
    shown = CliRunner().invoke(main, ["leaderboard", str(finished.folder), "--notes"])
    assert f"{100 * level:.4g} % interval" in shown.output
    assert harness.audit(finished.folder)["level"] == level


@pytest.mark.whole
def test_a_replay_takes_the_same_looks_and_writes_the_same_bytes(tmp_path: Path) -> None:
    first = run(tmp_path)
    spec = load(tmp_path)
    again = harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "other", offline=True)
    assert first.id == again.id
    for name in DETERMINISTIC:
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
    elsewhere = harness.run_spec(spec, cache=tmp_path / "new", results=tmp_path / "third", concurrency=1)
    assert elsewhere.id == first.id


@pytest.mark.whole
def test_without_an_answer_all_items_are_judged_and_the_note_says_so(tmp_path: Path) -> None:
    finished = run(tmp_path, novice=0.99)
    stop = finished.leaderboard["stop"]
    assert (stop["answered"], stop["look"], stop["looks"], stop["judged"]) == (False, 2, 2, {"pairs": 90})
    assert stop["saved"] == {"items": 0, "calls": 0, "cost_usd": 0.0}
    assert [look["is_answered"] for look in stop["taken"]] == [False, False]
    assert stop["level"] < 0.97
    note = finished.leaderboard["notes"][0]
    assert (
        note == "look 2 of 2, 90 of 90 items judged: the best cell could not be separated from all others by accuracy"
    )


@pytest.mark.whole
def test_cells_within_the_margin_are_settled_too(tmp_path: Path) -> None:
    stop = run(tmp_path, novice=0.99, score=", margin: 0.6").leaderboard["stop"]
    assert (stop["answered"], stop["look"]) == (True, 1)


@pytest.mark.whole
@pytest.mark.parametrize(("width", "look"), [(1.5, 1), (0.001, 2)])
def test_narrow_intervals_end_a_run(tmp_path: Path, width: float, look: int) -> None:
    stop = run(tmp_path, f"when: width, width: {width}, looks: 3").leaderboard["stop"]
    assert (stop["width"], stop["look"], stop["answered"]) == (width, look, look == 1)


def test_spending_like_pocock_makes_early_looks_less_strict(tmp_path: Path) -> None:
    late, early = looks_of(tmp_path / "a"), looks_of(tmp_path / "b", f"{RANKED}, spending: pocock")
    assert [len(one.planned) for one in (late, early)] == [2, 3]
    assert early.planned[0].level < late.planned[0].level
    assert early.planned[-1].level > late.planned[-1].level


@pytest.mark.whole
def test_the_order_depends_on_ids_and_seed_alone_and_keeps_clusters_together(tmp_path: Path) -> None:
    rows = make_pairs(3, 120)
    for at, row in enumerate(rows):
        row["cluster"] = f"c{at // 3}"
    one = looks_of(tmp_path / "one", rows=rows)
    two = looks_of(tmp_path / "two", rows=[*rows[60:], *rows[:60]])
    ids = [{looks.at(0).datasets["pairs"].ids()[at] for at in range(81)} for looks in (one, two)]
    assert ids[0] == ids[1]
    first = one.at(0).datasets["pairs"]
    assert len(first) == 81  # the fewest whole clusters that hold two thirds of 120
    counts = pl.Series(first.facts()["cluster"]).value_counts()["count"]
    assert set(counts) == {3}
    other = write(tmp_path / "three", rows=rows)
    other.write_text(other.read_text().replace("seed: 7", "seed: 8"))
    plan: Any = harness.make_plan(harness.load_spec(other))
    assert set(Looks.of(plan).at(0).datasets["pairs"].ids()) != ids[0]


def test_looks_too_early_to_answer_anything_are_left_out_and_a_look_is_part_of_the_next(tmp_path: Path) -> None:
    looks = looks_of(tmp_path, "when: ranked, looks: 20", items=120)
    assert min(len(look.rows["pairs"]) for look in looks.planned) >= 20
    assert looks.planned[-1].share == 1.0
    assert all(1 - look.level >= 1 / 501 for look in looks.planned)
    for before, after in zip(looks.planned, looks.planned[1:], strict=False):
        assert set(before.rows["pairs"]) < set(after.rows["pairs"])


def test_few_items_are_judged_at_once(tmp_path: Path) -> None:
    looks = looks_of(tmp_path, items=15)
    assert [(look.share, len(look.rows["pairs"])) for look in looks.planned] == [(1.0, 15)]
    assert looks.planned[0].level == pytest.approx(0.95)


@pytest.mark.whole
def test_an_interrupted_run_resumes_at_the_same_look(tmp_path: Path) -> None:
    expected = run(tmp_path / "whole")
    spec = load(tmp_path)
    calls = {"left": 40}

    class StopError(Exception):
        pass

    class Interrupting(RunStats):
        def called(self, call: Any, reply: Any) -> None:
            super().called(call, reply)
            calls["left"] -= 1
            if not calls["left"]:
                raise StopError

    with pytest.raises(StopError):
        harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "results", watch=Interrupting(spec.models))
    with Cache(tmp_path / "cache") as cache:
        plan: Any = harness.make_plan(spec)
        found = estimate(plan, cache)
    assert 0 < found.calls.low < 120
    resumed = harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "results")
    assert resumed.id == expected.id
    assert resumed.environment["calls_made"] < expected.environment["calls_made"]


def test_offline_without_the_replies_of_a_look_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingRepliesError, match="the cache lacks at least"):
        harness.run_spec(load(tmp_path), cache=tmp_path / "cache", results=tmp_path / "results", offline=True)


def test_the_plan_is_a_range_from_the_next_look_to_all_items_and_exact_once_the_run_has_ended(tmp_path: Path) -> None:
    plan: Any = harness.make_plan(load(tmp_path))
    with Cache(tmp_path / "cache") as cache:
        found = estimate(plan, cache)
        assert (found.calls.low, found.calls.high) == (120, 360)
        assert found.notes[-1].endswith("look 1 of 2, 60 of 90 items; expected and at most those of all items")
    run(tmp_path)
    with Cache(tmp_path / "cache") as cache:
        found = estimate(plan, cache)
    assert found.calls.high == 0
    assert found.notes[-1] == "`stop`: the run ends at look 1 of 2, 60 of 90 items"


def test_probes_ask_about_the_judged_items_alone(tmp_path: Path) -> None:
    finished = run(tmp_path, score=", probes: [identical]")
    probed = finished.judgments_frame().filter(pl.col("cell").str.contains("probe:"))
    assert probed.group_by("cell").len()["len"].to_list() == [60, 60]
    with Cache(tmp_path / "cache") as cache:
        plan: Any = harness.make_plan(load(tmp_path, score=", probes: [identical]"))
        parts = list(agendas(plan, cache))
        assert [part.size for part in parts] == [120, 240]
        calls = set(keys(plan, cache))
    made = {key for row in finished.judgments_frame()["calls"] for key in row}
    assert calls == made
    (read,) = read_judged(finished.folder, votes=True).datasets
    assert {name: len(votes) for name, votes in read.probed.items()} == dict.fromkeys(probed["cell"].unique(), 60)


def test_the_viewer_and_exports_find_the_judged_items_again(tmp_path: Path) -> None:
    finished = run(tmp_path)
    plan: Any = harness.make_plan(load(tmp_path))
    part = judged_part(plan, finished.manifest)
    assert list(part.datasets["pairs"].ids()) == finished.items_frame()["item"].to_list()
    assert part.digest != plan.digest
    other = {**finished.manifest, "datasets": {"pairs": {"items": 61}}}
    with pytest.raises(RunFolderError, match="not those that this version would judge"):
        judged_part(plan, other)
    del other["stop"]
    assert judged_part(plan, other) is plan


@pytest.mark.parametrize(
    ("stop", "options", "message"),
    [
        ("when: never", {}, "never"),
        ("looks: 3", {}, "when"),
        ("when: width", {}, "needs a `width`"),
        ("when: ranked, width: 0.2", {}, "has no width"),
        ("when: width, width: 0", {}, "width"),
        ("when: ranked, looks: 1", {}, "looks"),
        ("when: ranked, look: 2", {}, "did you mean `looks`"),
        (RANKED, {"score": ", holdout: 0.5"}, "that `holdout` would hold out"),
        (RANKED, {"evaluators": "{judge: [senior]}"}, "compares cells, and pairs has one"),
    ],
)
def test_what_does_not_go_with_stop_is_an_error(tmp_path: Path, stop: str, options: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load(tmp_path, stop, **options)


def test_data_without_labels_cannot_answer(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if "label" not in key} for row in make_pairs(3, 40)]
    plan: Any = harness.make_plan(load(tmp_path, rows=rows))
    with pytest.raises(DatasetError, match="`stop` decides by reference labels, and pairs has none"):
        Looks.of(plan)


@pytest.mark.whole
def test_a_comparison_has_the_level_of_the_look_and_says_what_it_cannot_make_right(tmp_path: Path) -> None:
    early = run(tmp_path)
    level = early.leaderboard["stop"]["level"]
    path = write(tmp_path / "all")
    path.write_text(path.read_text().partition("stop:")[0])
    whole = harness.run_spec(harness.load_spec(path), cache=tmp_path / "cache", results=tmp_path / "all")
    for pair in ((early.folder, whole.folder), (whole.folder, early.folder)):
        found = harness.compare(*pair)
        (note,) = [one for one in found["notes"] if "looks at the data" in one]
        assert f"the level of the look, {100 * level:.4g} %" in note
        pairs = found["comparisons"][0]["datasets"][0]["pairs"]
        assert {figure["level"] for one in pairs for figure in one["metrics"].values()} == {level}
    both = harness.compare(early.folder, run(tmp_path / "b", novice=0.2).folder)
    assert both["notes"][-1].startswith("each of these runs ended at a look of its own")
    assert [one for one in harness.compare(whole.folder, whole.folder)["notes"] if "look" in one] == []
