"""Whole generations through the command line: bytes, replay, bundles, interruption of order, every mode."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.api.load import check_spec as load_spec
from harness.cli import main
from harness.records.document import Document
from harness.runner.run_folder import ENVIRONMENT
from harness.spec.schema import check
from reliability.served import served
from support.loops import SPEC, laid_out


def call(*words, cwd: Path, code: int = 0):
    places = ["--cache", str(cwd / "cache"), "--results", str(cwd / "results")]
    shown = CliRunner().invoke(main, [*map(str, words), *places])
    assert shown.exit_code == code, shown.output
    return shown


def folder_of(cwd: Path, name: str = "loops") -> Path:
    (folder,) = (cwd / "results" / name).iterdir()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != ENVIRONMENT}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A folder with a spec that has run."""
    cwd = tmp_path_factory.mktemp("done")
    laid_out(cwd)
    call("run", cwd / "spec.yaml", cwd=cwd)
    return cwd


def test_a_run_holds_everything(done):
    folder = folder_of(done)
    assert sorted(contents(folder)) == [
        "checksums.json",
        "items.parquet",
        "judgments.parquet",
        "leaderboard.json",
        "manifest.json",
        "prompts.parquet",
        "spec.json",
        "trajectories.parquet",
    ]
    board = json.loads((folder / "leaderboard.json").read_bytes())
    assert check(Document("board", board), "win-rates") == []
    drafts = pl.read_parquet(folder / "trajectories.parquet")
    assert len(drafts) == 24 * (1 + 3 + 3 + 1)
    assert drafts.filter("is_picked").height == 24 * 4


def test_replay_gives_the_same_bytes_and_asks_nothing(done, tmp_path):
    again = CliRunner().invoke(
        main,
        ["run", str(done / "spec.yaml"), "--offline", "--cache", str(done / "cache"), "--results", str(tmp_path / "r")],
    )
    assert again.exit_code == 0, again.output
    assert "0 calls made" in again.stderr
    (folder,) = (tmp_path / "r" / "loops").iterdir()
    assert contents(folder) == contents(folder_of(done))


@pytest.mark.parametrize("concurrency", [1, 64])
def test_bytes_do_not_depend_on_concurrency_or_on_the_order_of_replies(done, tmp_path, concurrency):
    slow = SPEC.replace("skill: 0.9}", "skill: 0.9, latency_ms: 3}")
    laid_out(tmp_path, slow)
    call("run", tmp_path / "spec.yaml", "--concurrency", concurrency, cwd=tmp_path)
    told, known = contents(folder_of(tmp_path)), contents(folder_of(done))
    for name in ("trajectories.parquet", "judgments.parquet", "items.parquet", "prompts.parquet"):
        assert told[name] == known[name], name


def test_a_first_draft_is_asked_for_once_in_all_systems(done):
    environment = json.loads((folder_of(done) / ENVIRONMENT).read_bytes())
    spend = environment["spend"]
    assert spend["writer"]["calls"] <= 24 * (1 + 2 * 2), "one first draft, two revisions in each of two loops"
    assert environment["calls_from_cache"] > 0


def test_a_bundle_carries_a_generation(done, tmp_path):
    bundle = tmp_path / "loops.bundle"
    place = ["--cache", str(done / "cache")]
    made = CliRunner().invoke(main, ["cache", "export", str(done / "spec.yaml"), str(bundle), *place])
    assert made.exit_code == 0, made.output
    brought = CliRunner().invoke(main, ["cache", "import", str(bundle), "--cache", str(tmp_path / "cache")])
    assert brought.exit_code == 0, brought.output
    laid_out(tmp_path)
    call("run", tmp_path / "spec.yaml", "--offline", cwd=tmp_path)
    assert contents(folder_of(tmp_path)) == contents(folder_of(done))


def test_offline_without_replies_is_told(tmp_path):
    laid_out(tmp_path)
    shown = call("run", tmp_path / "spec.yaml", "--offline", cwd=tmp_path, code=1)
    assert "the cache lacks at least" in shown.stderr
    assert "tasks/writer" in shown.stderr


def test_reviewing_helps_and_a_better_reviewer_more(done):
    board = json.loads((folder_of(done) / "leaderboard.json").read_bytes())
    over_master = next(one for one in board["boards"] if one["opponent"] == "master")
    rates = {row["system"]: row["win_rates"]["half"]["value"] for row in over_master["rows"]}
    assert rates["writer"] < rates["writer+novice"] < rates["writer+master"]


def test_every_mode_compares_and_selects(tmp_path):
    text = SPEC.replace(
        "evaluator: [{judge: [master]}]",
        "evaluator: [{judge: [master, novice, writer]}, {jury: {of: [master, novice, writer]}}, "
        "{debate: {model: master, rounds: 1}}]",
    ).replace("{judge: master}", "{jury: {of: [master, novice, writer]}}")
    text = text.replace("order: [both]", "order: [given]\n  bradley_terry: true")
    laid_out(tmp_path, text, prompts=8)
    shown = call("run", tmp_path / "spec.yaml", cwd=tmp_path)
    board = json.loads((folder_of(tmp_path) / "leaderboard.json").read_bytes())
    assert check(Document("board", board), "win-rates") == []
    modes = sorted(one["evaluator"].partition("(")[0] for one in board["boards"] if one["opponent"] == "writer")
    assert modes == ["debate:master", "judge:master", "judge:novice", "judge:writer", "jury:master+novice+writer"]
    assert len(board["strengths"]) == 5
    assert "--wide (columns, strengths, usage)" in shown.stdout
    rows = [row for one in board["boards"] for row in one["rows"]]
    assert all(row["win_rates"]["half"]["low"] is None for row in rows), "8 prompts are too few for an interval"
    assert {row["win_rates"]["half"]["reason"] for row in rows} == {"fewer than 20 items: counts only"}
    assert {row["rank"] for row in rows} == {None}


@pytest.mark.parametrize("by", ["last", "score"])
def test_other_selections(tmp_path, by):
    text = SPEC.replace("{by: tournament, strategy: combined-10, evaluator: {judge: master}}", f"{{by: {by}}}")
    laid_out(tmp_path, text, prompts=6)
    call("run", tmp_path / "spec.yaml", cwd=tmp_path)
    drafts = pl.read_parquet(folder_of(tmp_path) / "trajectories.parquet")
    last = drafts.filter(pl.col("round") == 3)
    assert len(last) > 0
    loops = drafts.filter(pl.col("system").is_in(last["system"].unique().implode()))
    picked = {(row["system"], row["item"]): row["round"] for row in loops.filter("is_picked").to_dicts()}
    if by == "last":
        assert set(picked.values()) == {3}
        assert last["is_picked"].all()
        return
    scores: dict[tuple[str, str], dict[int, float]] = {}
    for row in loops.sort("round").to_dicts():
        scores.setdefault((row["system"], row["item"]), {})[row["round"]] = row["score"]
    assert {key: max(of, key=of.__getitem__) for key, of in scores.items()} == picked, "the earliest of the best"
    assert len(set(picked.values())) > 1


def test_failures_are_data(tmp_path):
    text = SPEC.replace("skill: 0.5}", "skill: 0.5, refusal_rate: 0.2}").replace(
        "skill: 0.4}", "skill: 0.4, refusal_rate: 0.5}"
    )
    laid_out(tmp_path, text)
    shown = call("run", tmp_path / "spec.yaml", "--fail-on-failures", "0.01", cwd=tmp_path, code=1)
    assert "judgments failed" in shown.stderr
    board = json.loads((folder_of(tmp_path) / "leaderboard.json").read_bytes())
    by_name = {system["system"]: system for system in board["systems"]}
    assert by_name["writer"]["without_draft"] == by_name["writer"]["generator_failures"]["refused"] > 0
    assert by_name["writer+novice"]["review_failures"]["refused"] > 0
    rows = board["boards"][0]["rows"]
    assert all(row["failures"]["refused"] >= by_name["writer"]["without_draft"] for row in rows)
    assert all(row["wins"] + row["ties"] + row["losses"] + sum(row["failures"].values()) == 24 for row in rows)
    assert any("the generator failed on" in note for note in board["notes"])
    assert any("reviews failed and were left out" in note for note in board["notes"])
    assert any("comparisons failed" in note for note in board["notes"])


def test_verbs_for_evaluations_say_so(done):
    for verb in ("correct",):
        shown = CliRunner().invoke(main, [verb, "loops", "--results", str(done / "results")])
        assert shown.exit_code == 2
        assert "holds a generation, and this is for evaluations" in shown.stderr
    shown = CliRunner().invoke(main, ["power", str(done / "spec.yaml"), "--results", str(done / "results")])
    assert shown.exit_code == 2
    assert "power analysis supports evaluation specs only" in shown.stderr
    shown = CliRunner().invoke(main, ["leaderboard", "loops", "--metric", "x", "--results", str(done / "results")])
    assert shown.exit_code == 2
    assert "this run is a generation" in shown.stderr


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_the_leaderboard_is_printed_in_every_format(done, form):
    shown = CliRunner().invoke(
        main, ["leaderboard", str(done / "spec.yaml"), "--format", form, "--results", str(done / "results")]
    )
    assert shown.exit_code == 0, shown.output
    assert "writer+novice" in shown.stdout
    assert "simulated" in shown.stdout
    if form == "json":
        assert check(Document("x", json.loads(shown.stdout)), "win-rates") == []
    if form == "csv":
        lines = shown.stdout.splitlines()
        assert len(lines) == 1 + 3 + 3
        assert lines[0].startswith("run,spec,system,prompts,opponent,")


SEVERAL = SPEC.replace("{judge: master}", "{jury: {of: [master, novice]}}").replace("order: [both]", "order: [given]")
MODES = (
    SPEC,
    SEVERAL.replace("combined-10, evaluator", "independent-10, evaluator"),
    SEVERAL.replace("[{judge: [master]}]", "[{debate: {model: master, rounds: 2}}]"),
    SPEC.replace("{judge: master}", "{debate: {model: novice, rounds: 1}}, order: both"),
)


@pytest.mark.parametrize("text", MODES, ids=["judge", "jury", "jury and debate", "debate in both orders"])
def test_plan_bounds_what_a_run_then_asks(tmp_path, text):
    path = laid_out(tmp_path, text, prompts=8)
    before = json.loads(call("plan", path, "--json", cwd=tmp_path).stdout)
    assert check(Document("x", before), "plan") == []
    call("run", path, cwd=tmp_path)
    spend = json.loads((folder_of(tmp_path) / ENVIRONMENT).read_bytes())["spend"]
    for told in before["models"]:
        made = spend[told["model"]]
        for key, bounds in (("calls", "calls"), ("prompt_tokens", "prompt_tokens")):
            assert told[bounds][0] <= made[key] <= told[bounds][1], (told, made)
        assert told["completion_tokens"][0] <= made["completion_tokens"] <= told["completion_tokens"][1]
    after = json.loads(call("plan", path, "--json", cwd=tmp_path).stdout)
    assert all(told["calls"] == [0, 0] for told in after["models"])
    assert sum(told["cached"] for told in after["cells"]) > 0
    shown = call("plan", path, cwd=tmp_path)
    assert "loops: 4 systems, 32 loops, 5 cells, 40 judgments" in shown.stdout


def test_a_plan_of_a_half_done_run_counts_what_is_left(tmp_path):
    path = laid_out(tmp_path, SPEC.replace("reviewer: [none, novice, master]", "reviewer: [none]"))
    call("run", path, cwd=tmp_path)
    path = laid_out(tmp_path)
    left = json.loads(call("plan", path, "--json", cwd=tmp_path).stdout)
    rows = {told["cell"]: told for told in left["cells"]}
    assert rows["tasks/writer"]["calls"] == [0, 0]
    assert rows["tasks/writer+novice"]["cached"] == 24
    assert rows["tasks/writer+novice"]["calls"][0] == 24 * 4


def test_explain_shows_loops_comparisons_and_the_whole(done, tmp_path):
    path = done / "spec.yaml"
    whole = call_explain(done, path)
    assert "match  tasks/writer+novice against tasks/writer" in whole
    assert check(Document("x", json.loads(call_explain(done, path, "--json"))), "explain") == []
    shown = call_explain(done, path, "writer+novice", "--item", "task-002")
    assert "review-1" in shown
    assert "outcome: draft" in shown
    told = json.loads(call_explain(done, path, "writer+novice", "--json"))
    assert check(Document("x", told), "explain") == []
    assert told["loop"]["trajectory"]["drafts"] == 3
    judged = call_explain(done, path, "writer+novice-vs-writer")
    assert "outcome: verdict" in judged or "no calls" in judged
    fresh = CliRunner().invoke(main, ["explain", str(path), "writer+novice", "--cache", str(tmp_path / "none")])
    assert "A run sends 1 call next" in fresh.output


def test_explain_needs_no_other_prompt_than_the_one_it_shows(done, tmp_path):
    path = laid_out(tmp_path, prompts=1)
    call("run", path, cwd=tmp_path)
    path = laid_out(tmp_path)
    words = [str(path), "writer+novice-vs-writer", "--json", "--cache", str(tmp_path / "cache")]
    here = json.loads(CliRunner().invoke(main, ["explain", *words]).stdout)
    assert here["loop"] == json.loads(call_explain(done, done / "spec.yaml", *words[1:3]))["loop"]
    assert here["loop"]["outcome"]["verdict"]
    missing = CliRunner().invoke(main, ["explain", *words, "--item", "task-002"])
    assert missing.exit_code == 1
    assert "the cache lacks" in missing.stderr


def test_explain_shows_how_a_jury_counts_the_comparisons_of_its_members(tmp_path):
    three = "[master, novice, writer]"
    text = SPEC.replace("{judge: [master]}", f"{{judge: {three}}}, {{jury: {{of: {three}}}}}")
    path = laid_out(tmp_path, text, prompts=3)
    call("run", path, cwd=tmp_path)
    cell = next(cell.id for cell in load_spec(path).cells if cell.mode == "jury")
    words = [str(path), cell, "--item", "task-002", "--cache", str(tmp_path / "cache")]
    told = json.loads(CliRunner().invoke(main, ["explain", *words, "--json"]).stdout)
    assert check(Document("x", told), "explain") == []
    assert told["loop"]["batches"] == []
    verdicts = [member["outcome"]["verdict"] for member in told["loop"]["members"]]
    assert len(verdicts) == 3
    assert verdicts.count(told["loop"]["outcome"]["verdict"]) >= 2
    assert "the verdict is counted from these cells" in CliRunner().invoke(main, ["explain", *words]).stdout


def call_explain(done, *words):
    shown = CliRunner().invoke(
        main, ["explain", *map(str, words), "--cache", str(done / "cache"), "--results", str(done / "results")]
    )
    assert shown.exit_code == 0, shown.output
    return shown.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nobody"], "there is no system and no cell `nobody`"),
        (
            [
                "writer+",
            ],
            "is a part of",
        ),
        (["writer+novice", "--item", "task-999"], "there is no prompt `task-999`"),
    ],
)
def test_explain_says_what_is_not_there(done, words, told):
    shown = CliRunner().invoke(main, ["explain", str(done / "spec.yaml"), *words, "--cache", str(done / "cache")])
    assert shown.exit_code == 2
    assert told in shown.stderr


def test_a_budget_holds_over_loops_and_comparisons(tmp_path):
    priced = SPEC.replace("provider: simulated", 'provider: openai, base_url: "http://127.0.0.1:9/v1"')
    laid_out(tmp_path, priced.replace(", skill: 0.5", "").replace(", skill: 0.4", "").replace(", skill: 0.9", ""))
    shown = call("run", tmp_path / "spec.yaml", "--max-cost", "1", cwd=tmp_path, code=2)
    assert shown.stderr.count("has no price, so no limit on the cost can be kept") == 3


def test_validate_and_doctor_know_the_kind(done):
    shown = CliRunner().invoke(main, ["validate", str(done / "spec.yaml")])
    assert "ok: loops: 5 cells" in shown.stdout
    places = ["--cache", str(done / "cache"), "--results", str(done / "results"), "--offline"]
    looked = CliRunner().invoke(main, ["doctor", str(done / "spec.yaml"), *places])
    assert "loops: 4 systems, 96 loops" in looked.output


def test_a_model_that_was_given_up_in_the_loops_is_not_asked_in_the_comparisons(tmp_path):
    text = SPEC.replace("[none, novice, master]", "[none, [novice, master]]").replace("[writer, master]", "[writer]")
    text = text.replace("{by: tournament, strategy: combined-10, evaluator: {judge: master}}", "{by: last}")
    with served() as server:
        for skill in ("0.5", "0.4", "0.9"):
            name = "nobody-knows-it" if skill == "0.9" else f"simulated?skill={skill}"
            place = f'base_url: "{server.url}", identity: served'
            entry = f'{{provider: openai, model: "{name}", {place}, limits: {{concurrency: 1}}}}'
            text = text.replace(f"{{provider: simulated, skill: {skill}}}", entry)
        laid_out(tmp_path, text, prompts=6)
        shown = call("run", tmp_path / "spec.yaml", cwd=tmp_path, code=1)
        assert "model master was stopped" in shown.stderr
        assert sum(count for key, count in server.asked.items() if "nobody-knows-it" in key) == 1
    board = json.loads((folder_of(tmp_path) / "leaderboard.json").read_bytes())
    (row,) = board["boards"][0]["rows"]
    assert row["failures"]["unavailable"] + row["identical"] == 6
    assert row["failures"]["unavailable"] > 0
