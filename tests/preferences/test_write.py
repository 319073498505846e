"""From a finished run to files: every source, both views, provenance, datasheets, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cache.cache import Cache
from harness.cli import main
from harness.preferences.from_generation import LoopRun
from harness.records.document import Document
from harness.runner.find_run import find_run
from harness.runner.run_check import CHECKSUMS
from harness.runner.run_folder import JUDGMENTS, PROMPTS, TRAJECTORIES
from harness.spec.schema import check
from support.loops import SPEC, laid_out

SCORES = SPEC.replace("{by: tournament, strategy: combined-10, evaluator: {judge: master}}", "{by: score}").replace(
    "name: loops", "name: scored"
)


def harness(*words, code=0):
    shown = CliRunner().invoke(main, list(map(str, words)))
    assert shown.exit_code == code, shown.output
    return shown


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with finished runs: of the quick start, and of two generations."""
    cwd = tmp_path_factory.mktemp("world")
    places = ["--cache", cwd / "cache", "--results", cwd / "results"]
    laid_out(cwd)
    laid_out(cwd, SCORES, name="scored.yaml")
    harness("run", cwd / "spec.yaml", *places)
    harness("run", cwd / "scored.yaml", *places)
    harness("new", cwd / "pairs")
    harness("run", cwd / "pairs.yaml", *places)
    return cwd


def exported(world, tmp_path, run, *words, code=0, out="out.jsonl", form="dpo"):
    shown = harness(
        "export", run, "--format", form, "--out", tmp_path / out, "--results", world / "results", *words, code=code
    )
    if code:
        return shown
    sheet = json.loads((tmp_path / Path(out).with_suffix("")).with_suffix(".datasheet.json").read_bytes())
    assert check(Document("sheet", sheet), "datasheet") == []
    return sheet


def rows_in(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("view", ["single", "workflow"])
@pytest.mark.parametrize("form", ["dpo", "kto"])
def test_a_generation_gives_both_views_in_every_format(world, tmp_path, view, form):
    sheet = exported(world, tmp_path, "loops", "--view", view, form=form)
    rows = rows_in(tmp_path / "out.jsonl")
    assert len(rows) == sum(sheet["rows"].values()) > 0
    assert sheet["candidates"] == sheet["pairs"] + sum(
        gate["stopped"] for name, gate in sheet["gates"].items() if name != "mixed"
    )
    assert {row["view"] for row in rows} == {view}
    assert {row["source"] for row in rows} <= ({"duel", "match"} if view == "single" else {"revision", "review"})
    assert sheet["simulated"]
    if form == "kto":
        assert Counter(row["label"] for row in rows) == {True: sheet["labels"]["true"], False: sheet["labels"]["false"]}
        keys = [(json.dumps(row["prompt"]), row["completion"][0]["content"]) for row in rows]
        assert len(set(keys)) == len(keys)


def test_rows_tell_where_they_come_from_and_which_calls_they_rest_on(world, tmp_path):
    exported(world, tmp_path, "loops")
    rows = rows_in(tmp_path / "out.jsonl")
    with Cache(world / "cache") as cache:
        for row in rows:
            found = cache.get_many(row["calls"])
            assert len(found) == len(set(row["calls"])) >= 3
            texts = {reply.text for reply in found.values()}
            assert row["chosen"][0]["content"] in texts
            assert row["rejected"][0]["content"] in texts
    duel = next(row for row in rows if row["source"] == "duel")
    assert duel["evaluator"] == "combined-10/judge:master"
    assert set(duel["rounds"]) <= {1, 2, 3}
    assert duel["score_chosen"] > duel["score_rejected"]
    match = next(row for row in rows if row["source"] == "match")
    assert match["evaluator"] == "combined-10/judge:master/both"


def test_chosen_is_what_the_verdicts_in_the_run_prefer(world, tmp_path):
    exported(world, tmp_path, "loops", "--max-length-ratio", "inf")
    drafts = pl.read_parquet(next((world / "results" / "loops").glob("*")) / "trajectories.parquet")
    known = {(row["item"], row["system"].partition("/")[2], row["round"]): row for row in drafts.to_dicts()}
    duels = [row for row in rows_in(tmp_path / "out.jsonl") if row["source"] == "duel"]
    assert duels
    for row in duels:
        better, worse = (known[row["item"], row["writers"][0], number] for number in row["rounds"])
        assert (better["text"], worse["text"]) == (row["chosen"][0]["content"], row["rejected"][0]["content"])
        later = max(better, worse, key=lambda draft: draft["round"])
        assert later["verdict"] == ("b" if later is better else "a")


def test_the_workflow_holds_the_conversation_with_its_feedback(world, tmp_path):
    exported(world, tmp_path, "loops", "--view", "workflow")
    rows = rows_in(tmp_path / "out.jsonl")
    revision = next(row for row in rows if row["source"] == "revision")
    roles = [message["role"] for message in revision["prompt"]]
    assert roles[:3] == ["user", "assistant", "user"]
    assert "</feedback-" in revision["prompt"][-1]["content"]
    with Cache(world / "cache") as cache:  # it is what the generator was really sent
        drafts = pl.read_parquet(next((world / "results" / "loops").glob("*")) / "trajectories.parquet")
        (second,) = [
            row["key"]
            for row in drafts.to_dicts()
            if (row["item"], row["system"].partition("/")[2], row["round"])
            == (revision["item"], revision["writers"][0], 1 + len(roles) // 2)
        ]
        assert second in cache.get_many([second])
    reviews = [row for row in rows if row["source"] == "review"]
    for row in reviews:
        assert row["writers"][0] != row["writers"][1]
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]


def test_reviews_of_one_draft_are_told_apart_by_what_came_of_them(world):
    run = LoopRun(find_run("loops", world / "results"))
    found = [one for group in run.candidates("workflow") for one in group if one.source == "review"]
    drafts = pl.read_parquet(run.folder / "trajectories.parquet").to_dicts()
    second = {(row["item"], row["system"].partition("+")[2]): row["verdict"] for row in drafts if row["round"] == 2}
    for one in found:
        assert second[one.item, str(one.writers[0])] == "b"
        assert second[one.item, str(one.writers[1])] in ("a", "tie")


def test_scores_of_reviewers_prefer_where_they_selected(world, tmp_path):
    sheet = exported(world, tmp_path, "scored", "--cell", "combined-10/judge:master/both")
    assert set(sheet["sources"]) == {"scores", "match"}
    for row in rows_in(tmp_path / "out.jsonl"):
        if row["source"] == "scores":
            assert row["score_chosen"] > row["score_rejected"]
            assert row["evaluator"] == "selection:score"


@pytest.mark.whole
def test_an_evaluation_gives_its_pairs(world, tmp_path):
    sheet = exported(world, tmp_path, world / "pairs.yaml", "--cell", "direct/judge:careful")
    assert sheet["kind"] == "evaluation"
    assert sheet["candidates"] == 40
    pairs = {row["id"]: row for row in rows_in(world / "pairs.jsonl")}
    rows = rows_in(tmp_path / "out.jsonl")
    assert rows
    for row in rows:
        pair = pairs[row["item"]]
        better, worse = ("a", "b") if row["verdict"] == "a" else ("b", "a")
        assert row["chosen"][0]["content"] == pair[f"response_{better}"]
        assert row["rejected"][0]["content"] == pair[f"response_{worse}"]
    leader = exported(world, tmp_path, world / "pairs.yaml", "--force")
    board = json.loads((next((world / "results" / "pairs").glob("*")) / "leaderboard.json").read_bytes())
    assert board["rows"][0]["cell"].endswith(next(iter(leader["evaluators"])))


def test_the_split_is_by_prompt_and_parts_may_have_files(world, tmp_path):
    exported(world, tmp_path, "loops", "--split", "0.5,0.25,0.25", "--seed", "3")
    rows = rows_in(tmp_path / "out.jsonl")
    by_item: dict[str, set[str]] = {}
    for row in rows:
        by_item.setdefault(row["item"], set()).add(row["split"])
    assert all(len(parts) == 1 for parts in by_item.values())
    assert len({row["split"] for row in rows}) == 3
    sheet = exported(world, tmp_path, "loops", "--split", "0.5,0.25,0.25", "--seed", "3", "--split-files", "--force")
    for part, file in sheet["files"].items():
        assert {row["split"] for row in rows_in(tmp_path / file)} == {part}
    apart = [row for part in ("train", "validation", "test") for row in rows_in(tmp_path / f"out-{part}.jsonl")]
    assert sorted(map(json.dumps, apart)) == sorted(map(json.dumps, rows))


@pytest.mark.whole
def test_parquet_holds_the_same_rows(world, tmp_path):
    for form in ("dpo", "kto"):
        exported(world, tmp_path, "loops", form=form, out=f"{form}.jsonl")
        exported(world, tmp_path, "loops", "--force", form=form, out=f"{form}.parquet")
        frame = pl.read_parquet(tmp_path / f"{form}.parquet")
        assert frame.to_dicts() == rows_in(tmp_path / f"{form}.jsonl")


def test_the_same_run_gives_the_same_bytes(world, tmp_path):
    for name in ("one", "two"):
        exported(world, tmp_path / name, "loops")
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert len(one) > 1
    assert one == two


def test_the_datasheet_says_what_is_in_the_file(world, tmp_path):
    sheet = exported(world, tmp_path, "loops", "--min-margin", "2", "--drop-refusals", "--max-length-ratio", "3")
    rows = rows_in(tmp_path / "out.jsonl")
    longer = [len(row["chosen"][0]["content"]) > len(row["rejected"][0]["content"]) for row in rows]
    assert sheet["longer"]["chosen"] == pytest.approx(sum(longer) / len(rows))
    assert sheet["lengths"]["chosen"]["n"] == len(rows)
    assert sheet["score_leads"]["quantiles"]["0"] >= 2
    assert sheet["gates"]["margin"]["stopped"] > 0
    assert sheet["evaluator_agreement"] is None
    text = (tmp_path / "out.datasheet.md").read_text(encoding="utf-8")
    for expected in (
        "Do not train on them",
        "| margin |",
        "length ratio 3",
        "refusals dropped",
        "agreement with human labels",
    ):
        assert expected in text
    assert "The spec declares no licences" in text


@pytest.mark.whole
def test_the_datasheet_tells_how_far_the_evaluator_agrees_with_people(world, tmp_path):
    evaluation = world / "judges.yaml"
    evaluation.write_text((world / "pairs.yaml").read_text().replace('name: "pairs"', "name: judges"))
    places = ["--cache", world / "cache", "--results", world / "results"]
    harness("run", evaluation, *places)
    sheet = exported(world, tmp_path, "loops", "--evaluation", "judges")
    rows = sheet["evaluator_agreement"]["rows"]
    assert [row["cell"] for row in rows] == ["pairs/combined-10/judge:careful"], "master and careful are one model"
    assert rows[0]["kappa"] is not None
    assert "kappa 0." in (tmp_path / "out.datasheet.md").read_text(encoding="utf-8")
    shown = exported(world, tmp_path, "loops", "--evaluation", "scored", "--force", code=2)
    assert "is not an evaluation run" in shown.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["loops", "--min-margin", "99"], 1, "no pair passed the filters; dropped of "),
        (["loops", "--min-margin", "99", "--max-length-ratio", "inf"], 1, "margin (the scores differ by less"),
        (["loops", "--cell", "nobody"], 2, "this run has no comparisons by `nobody`; known: combined-10/judge:master"),
        (["loops", "--split", "1,2"], 2, "is not three shares that sum to 1"),
        (["loops", "--split", "0.5,0.2,0.2"], 2, "is not three shares that sum to 1"),
        (["pairs"], 2, "an evaluation is exported by its spec file"),
        (["nothing"], 2, "there is no run folder, spec file or spec with runs called nothing"),
    ],
)
def test_what_cannot_be_exported_is_told_and_leaves_nothing(world, tmp_path, words, code, told):
    shown = exported(world, tmp_path, *words, code=code)
    assert told in shown.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.whole
def test_of_an_evaluation_too(world, tmp_path):
    spec = world / "pairs.yaml"
    assert "no workflow" in exported(world, tmp_path, spec, "--view", "workflow", code=2).stderr
    assert "has no cell `nobody`" in exported(world, tmp_path, spec, "--cell", "nobody", code=2).stderr
    assert "matches 6 cells" in exported(world, tmp_path, spec, "--cell", "judge", code=2).stderr


def test_data_that_changed_are_not_exported(world, tmp_path):
    kept = (world / "pairs.jsonl").read_text()
    try:
        (world / "pairs.jsonl").write_text(kept.replace("composting", "gardening"))
        shown = exported(world, tmp_path, world / "pairs.yaml", code=2)
        assert "have changed since this run" in shown.stderr
    finally:
        (world / "pairs.jsonl").write_text(kept)


@pytest.mark.parametrize(
    ("spec", "file"),
    [("spec.yaml", TRAJECTORIES), ("spec.yaml", JUDGMENTS), ("spec.yaml", PROMPTS), ("pairs.yaml", JUDGMENTS)],
)
def test_a_run_whose_files_are_damaged_is_told_and_leaves_nothing(world, tmp_path, spec, file):
    results = tmp_path / "results"
    shutil.copytree(world / "results", results)
    damaged = find_run(str(world / spec), results) / file
    damaged.write_bytes(damaged.read_bytes()[:-400])
    words = ["export", world / spec, "--format", "dpo", "--out", tmp_path / "out.jsonl", "--results", results]
    said = harness(*words, code=2).stderr
    assert f"{damaged}: is not as the run wrote it" in said
    assert "make the run again" in said
    (damaged.parent / CHECKSUMS).unlink()
    assert "cannot be read" in harness(*words, code=2).stderr
    assert not list(tmp_path.glob("out*"))


def test_files_that_are_there_are_kept_unless_told_otherwise(world, tmp_path):
    exported(world, tmp_path, "loops")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    shown = exported(world, tmp_path, "loops", "--min-margin", "3", code=2)
    assert "already exist; choose another --out, or overwrite with --force" in shown.stderr
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    exported(world, tmp_path, "loops", "--min-margin", "3", "--force")
    assert (tmp_path / "out.jsonl").read_bytes() != before[tmp_path / "out.jsonl"]
    assert "must end in .jsonl or .parquet" in exported(world, tmp_path, "loops", code=2, out="out.txt").stderr


def test_replies_write_no_html_into_the_datasheet(world, tmp_path):
    folder = find_run("loops", world / "results")
    copy = tmp_path / "results" / "loops" / folder.name
    copy.mkdir(parents=True)
    for file in folder.iterdir():
        if file.name != CHECKSUMS:
            (copy / file.name).write_bytes(file.read_bytes())
    spec = json.loads((copy / "spec.json").read_bytes())
    spec["licences"] = ["<script>alert(1)</script> | `x`"]
    (copy / "spec.json").write_text(json.dumps(spec))
    shown = harness("export", copy, "--format", "dpo", "--out", tmp_path / "x.jsonl")
    assert shown.exit_code == 0
    text = (tmp_path / "x.datasheet.md").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script>" in text
