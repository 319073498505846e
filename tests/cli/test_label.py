"""`harness label` on runs of the starter specs: draw, fill in, correct, export, and use as votes."""

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import run_commands


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("label")
    return run_commands(
        folder, ["new", "mine"], ["new", "--kind", "single", "checks"], ["run", "mine.yaml"], ["run", "checks.yaml"]
    )


@pytest.fixture(autouse=True)
def here(made, monkeypatch):
    monkeypatch.chdir(made)


def harness(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    return done


def document(*arguments):
    found = json.loads(harness("label", *arguments, "--json").stdout)
    assert check(Document("", found), "label") == []
    return found


def filled(path, words):
    """Fill in a file, its rows in turn."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"label": words[k % len(words)]} for k, row in enumerate(rows))
    return rows


@pytest.mark.whole
@pytest.mark.parametrize(("run", "words"), [("mine", ["1", "2", "tie"]), ("checks", ["pass", "pass", "fail"])])
def test_from_a_draw_to_corrected_rates_and_votes(tmp_path, run, words):
    folder = ("--dir", str(tmp_path))
    first = document("next", run, "--n", "24", *folder)
    assert (first["round"], first["drawn"], first["kind"], first["strata"]) == (1, 24, "uniform", [])
    second = document("next", run, "--n", "10", "--stratify", *folder)
    assert (second["round"], second["drawn"], second["left"]) == (2, 10, first["items"] - 34)
    assert sum(one["drawn"] for one in second["strata"]) == 34
    assert second["variance_cost"] >= 1
    for one in (first, second):
        filled(one["files"][0]["file"], words)
    labelled = str(Path(first["record"]).parent)
    found = json.loads(harness("correct", run, "--labels", labelled, "--json").stdout)
    assert check(Document("", found), "correct") == []
    (dataset,) = found["datasets"]
    assert dataset["labelled"] == 34
    assert dataset["design"]["effective_labels"] <= 34
    assert all(cell["rates"]["half"]["corrected"]["method"] == "weighted" for cell in dataset["cells"])
    out = tmp_path / "votes.csv"
    assert harness("label", "export", run, "--out", str(out), *folder).stdout == f"{out}: 34 labels\n"
    refused = harness("label", "export", run, "--out", str(out), *folder, code=2).output
    assert f"{out} already exists; choose another --out, or overwrite with --force" in refused
    harness("label", "export", run, "--out", str(out), "--force", *folder)
    again = json.loads(harness("correct", run, "--labels", str(out), "--json").stdout)["datasets"][0]
    assert again["labelled"] == 34
    for one, other in zip(dataset["cells"], again["cells"], strict=True):
        rates = (each["rates"]["half"]["corrected"]["value"] for each in (one, other))
        assert abs(next(rates) - next(rates)) < 0.05


@pytest.mark.whole
@pytest.mark.parametrize("run", ["mine", "checks"])
def test_status_says_what_is_labelled_and_how_many_more_a_width_needs(tmp_path, run):
    folder = ("--dir", str(tmp_path))
    drawn = document("next", run, "--n", "30", *folder)
    (before,) = document("status", run, *folder)["datasets"]
    assert (before["drawn"], before["labelled"]) == (30, 0)
    assert {row["corrected"]["value"] for row in before["cells"]} == {None}
    filled(drawn["files"][0]["file"], ["1"] if run == "mine" else ["fail"])
    document("next", run, "--n", "5", "--stratify", *folder)
    found = document("status", run, "--width", "0.3", *folder)
    (now,) = found["datasets"]
    assert found["width"] == 0.3
    assert [one["labelled"] for one in now["rounds"]] == [30, 0]
    assert now["annotators"] == [{"annotator": "annotator", "labels": 30}]
    for row in now["cells"]:
        assert row["corrected"]["value"] is not None
        assert row["uniform"]["labels"] is None or row["uniform"]["low"] <= row["uniform"]["labels"]
        assert row["stratified"] is not None
    assert now["cells"][0]["cell"] is None
    one = document("status", run, drawn["files"][0]["file"])
    assert one["datasets"][0]["labelled"] == 30


def test_status_for_people_has_rounds_rates_and_numbers(tmp_path):
    folder = ("--dir", str(tmp_path))
    drawn = document("next", "checks", "--n", "30", *folder)
    filled(drawn["files"][0]["file"], ["pass", "fail", "pass"])
    shown = harness("label", "status", "checks", "--width", "0.001", *folder).stdout
    assert "30 of 30 drawn items labelled, 0 to label" in shown
    assert "never: " in shown
    assert "labels of each annotator: annotator 30" in shown
    again = harness("label", "status", "checks", "--width", "0.9", *folder).stdout
    assert "0 [0, 0]" in again
    assert "nan" not in again.casefold()
    assert "Invalid value" in harness("label", "status", "checks", "--width", "0", *folder, code=2).output


def test_exported_labels_are_the_votes_of_a_dataset(tmp_path):
    drawn = document("next", "checks", "--n", "12", "--annotator", "anna", "--annotator", "ben", "--dir", str(tmp_path))
    for one in drawn["files"]:
        filled(one["file"], ["pass"])
    harness("label", "export", "checks", "--out", "votes.csv", "--dir", str(tmp_path))
    text = Path("checks.yaml").read_text("utf-8")
    entry = 'checks: {path: "checks.jsonl"}'
    assert entry in text
    Path("voted.yaml").write_text(text.replace(entry, entry.replace("}", ", votes: {path: votes.csv}}")), "utf-8")
    harness("run", "voted.yaml", "--results", str(tmp_path / "results"))
    found = json.loads(harness("correct", "voted.yaml", "--results", str(tmp_path / "results"), "--json").stdout)
    found = found["datasets"][0]
    assert found["annotators"] == ["anna", "ben"]
    assert found["labelled"] == 12


def test_files_name_no_system_judge_or_position_and_two_annotators_get_other_orders(tmp_path):
    drawn = document("next", "mine", "--n", "20", "--annotator", "anna", "--annotator", "ben", "--dir", str(tmp_path))
    keys = []
    for one in drawn["files"]:
        text = Path(one["file"]).read_text("utf-8-sig")
        assert text.splitlines()[0] == "key,label,prompt,response_1,response_2,annotator,probability,draw"
        assert "judge" not in text.casefold().replace("judged", "")
        rows = filled(one["file"], [""])
        keys.append([row["key"] for row in rows])
        assert {row["probability"] for row in rows} == {f"{20 / drawn['items']:.6g}"}
    assert sorted(keys[0]) == sorted(keys[1])
    assert keys[0] != keys[1]


def test_a_round_can_be_written_for_a_further_annotator_and_no_file_is_overwritten(tmp_path):
    folder = ("--dir", str(tmp_path))
    first = document("next", "mine", "--n", "8", *folder)
    again = document("next", "mine", "--again", "1", "--annotator", "cleo", "--format", "jsonl", *folder)
    assert (again["round"], again["drawn"], again["left"]) == (1, 8, first["left"])
    assert again["files"][0]["file"].endswith("round-1.cleo.jsonl")
    shown = harness("label", "next", "mine", "--again", "1", *folder, code=2)
    assert "exists already; its labels are kept" in shown.output
    assert "there is no round 2" in harness("label", "next", "mine", "--again", "2", *folder, code=2).output


def test_what_is_left_is_drawn_and_then_nothing(tmp_path):
    folder = ("--dir", str(tmp_path))
    every = document("next", "checks", "--n", "100000", *folder)
    assert (every["left"], every["drawn"]) == (0, every["items"])
    assert "is drawn" in harness("label", "next", "checks", *folder, code=2).output


def test_fewer_items_than_were_asked_for_are_told(tmp_path):
    shown = harness("label", "next", "checks", "--n", "100000", "--dir", str(tmp_path)).stdout
    drawn = int(re.search(r"([0-9]+) items drawn, 0 left", shown)[1])
    assert f"  100,000 were asked for, and {drawn} were left\n" in shown


def test_the_text_for_people_says_what_to_do_next(tmp_path):
    shown = harness("label", "next", "mine", "--n", "20", "--stratify", "--dir", str(tmp_path)).stdout
    assert "stratified by disagreement: 20 items drawn" in shown
    assert "% of cells disagree" in shown
    assert "variance ×" in shown
    assert "next: write `1`, `2` or `tie` in the column `label`" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--annotator", "../evil"], "`../evil` is no name of an annotator"),
        (["--annotator", "a", "--annotator", "a"], "an annotator is named twice"),
        (["--dataset", "none"], "the run has no dataset `none`"),
        (["--n", "0"], "0 is not in the range"),
        (["--again", "1", "--stratify"], "leave out --stratify and --seed"),
    ],
)
def test_bad_requests_are_errors_and_write_nothing(tmp_path, arguments, message):
    assert message in harness("label", "next", "mine", *arguments, "--dir", str(tmp_path), code=2).output
    assert list(tmp_path.iterdir()) == []


def test_without_the_data_or_without_a_draw_there_is_a_hint(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    results = ("--results", str(made / "results"))
    shown = harness("label", "next", "mine", *results, code=2)
    assert "the texts of " in shown.output
    assert "--data DIR" in shown.output
    assert not Path("labels").exists()
    harness("label", "next", "mine", *results, "--data", str(made))
    shown = harness("label", "export", "mine", "--out", "v.csv", *results, "--dir", "other", code=2)
    assert "nothing was drawn from this run into other/mine/" in shown.output


def served(monkeypatch, *arguments, code=0):
    """What `harness label page` would serve, and its output."""
    pytest.importorskip("starlette")
    from harness.viewer import server

    asked = []
    monkeypatch.setattr(server, "serve_application", lambda make, request, say, environment: asked.append(request))
    done = harness("label", "page", *arguments, "--no-browser", code=code)
    return asked, done.output


def test_the_page_serves_the_files_of_one_annotator(tmp_path, monkeypatch):
    folder = ("--dir", str(tmp_path))
    document("next", "checks", "--n", "6", "--annotator", "anna", "--annotator", "ben", *folder)
    (request,), _ = served(monkeypatch, "checks", "--annotator", "anna", "--port", "0", *folder)
    assert request.start.count("/") == 2
    assert len(request.start) > 20
    assert not request.opens_browser
    _, shown = served(monkeypatch, "checks", *folder, code=2)
    assert "files are for `anna`, `ben`; name one with --annotator" in shown
    _, shown = served(monkeypatch, "checks", "--annotator", "zoe", *folder, code=2)
    assert "no file is for `zoe`" in shown
    for path in tmp_path.rglob("*.csv"):
        path.unlink()
    assert "there is no file to fill in" in served(monkeypatch, "checks", *folder, code=2)[1]


def test_a_file_of_several_annotators_and_items_of_several_datasets_have_no_page(tmp_path, monkeypatch):
    drawn = document("next", "checks", "--n", "4", "--annotator", "anna", "--annotator", "ben", "--dir", str(tmp_path))
    first, second = (Path(one["file"]) for one in drawn["files"])
    first.write_text(first.read_text("utf-8-sig") + second.read_text("utf-8-sig").partition("\n")[2], "utf-8")
    second.unlink()
    _, shown = served(monkeypatch, "checks", "--annotator", "anna", "--dir", str(tmp_path), code=2)
    assert "has rows of several annotators" in shown


def test_rogan_gladen_is_printed_beside_the_corrected_rate(tmp_path):
    drawn = document("next", "checks", "--n", "40", "--dir", str(tmp_path))
    filled(drawn["files"][0]["file"], ["pass", "fail", "pass"])
    labelled = str(Path(drawn["record"]).parent)
    shown = harness("correct", "checks", "--labels", labelled, "--method", "rogan-gladen").stdout
    assert "Rogan-Gladen, within [0, 1], beside the corrected rate" in shown
    assert "prefer it" in shown
    assert "this run judged pairs" in harness("correct", "mine", "--method", "rogan-gladen", code=2).output


def test_a_later_round_needs_the_seed_of_the_first(tmp_path):
    harness("label", "next", "mine", "--n", "5", "--seed", "1", "--dir", str(tmp_path))
    shown = harness("label", "next", "mine", "--n", "5", "--seed", "2", "--dir", str(tmp_path), code=2)
    assert "earlier rounds were drawn with seed 1" in shown.output
