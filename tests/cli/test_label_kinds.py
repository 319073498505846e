"""`harness label` where labels are numbers and where several responses are ranked: draw, fill in, status, export."""

import csv
import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.records.rankings import ranks_of
from harness.spec.schema import check
from support.cli_folder import run_commands
from support.filled_forms import filled

NUMBERS = """
schema: 1
responses: single
labels: number
name: essays
datasets:
  essays: {path: essays.jsonl}
models:
  mild: {provider: simulated, skill: 0.9}
  harsh: {provider: simulated, skill: 0.5}
matrix:
  dataset: [essays]
  strategy: [rating-10]
  evaluator: [{judge: [mild, harsh]}]
score: {metrics: [pearson], resamples: 200}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    rows = [{"id": f"e{k}", "prompt": f"Write about {k}.", "response": f"essay {k} " * (k % 7 + 1)} for k in range(80)]
    (folder / "essays.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "essays.yaml").write_text(NUMBERS, "utf-8")
    return run_commands(folder, ["run", "essays.yaml"], ["new", "--kind", "many", "drafts"], ["run", "drafts.yaml"])


@pytest.fixture(autouse=True)
def here(made, monkeypatch):
    monkeypatch.chdir(made)


def harness(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def document(*arguments):
    found = json.loads(harness("label", *arguments, "--json"))
    assert check(Document("", found), "label") == []
    return found


def test_numbers_are_drawn_labelled_corrected_and_exported(tmp_path):
    folder = ("--dir", str(tmp_path))
    shown = harness("label", "next", "essays", "--n", "30", *folder)
    assert "write a number from 1 to 10 in the column `label`" in shown
    (path,) = tmp_path.rglob("*.csv")
    filled(path, lambda row, at: str(1 + at % 9 + 0.5))
    (found,) = document("status", "essays", "--width", "1", *folder)["datasets"]
    assert (found["drawn"], found["labelled"], found["rate_of"]) == (30, 30, "mean of the numbers")
    human, *cells = found["cells"]
    assert human["cell"] is None
    assert human["corrected"]["value"] == pytest.approx(sum(1 + at % 9 + 0.5 for at in range(30)) / 30)
    assert all(cell["uniform"]["labels"] is None or cell["uniform"]["labels"] > 0 for cell in cells)
    assert document("status", "essays", *folder)["width"] == pytest.approx(0.9)
    assert "the whole scale is 9 wide" in harness("label", "status", "essays", "--width", "10", *folder, code=2)
    corrected = json.loads(harness("correct", "essays", "--labels", str(path.parent), "--json"))
    assert check(Document("", corrected), "correct") == []
    assert corrected["means"][0]["labelled"] == 30
    out = tmp_path / "numbers.csv"
    harness("label", "export", "essays", "--out", str(out), *folder)
    again = json.loads(harness("correct", "essays", "--labels", str(out), "--json"))
    assert again["means"][0]["cells"] == corrected["means"][0]["cells"]


def test_numbers_drawn_where_cells_disagree_are_weighted(tmp_path):
    folder = ("--dir", str(tmp_path))
    drawn = document("next", "essays", "--n", "30", "--stratify", *folder)
    assert len(drawn["strata"]) > 1
    filled(drawn["files"][0]["file"], lambda row, at: str(3 + at % 5))
    shown = harness("correct", "essays", "--labels", str(Path(drawn["record"]).parent))
    assert "weighted with the inverse" in shown
    corrected = json.loads(harness("correct", "essays", "--labels", str(Path(drawn["record"]).parent), "--json"))
    assert check(Document("", corrected), "correct") == []
    for cell in corrected["means"][0]["cells"]:
        assert cell["mean"]["corrected"]["method"] == "weighted"
        assert cell["agreement"]["pearson"]["value"] is None
    (found,) = document("status", "essays", *folder)["datasets"]
    assert all(row["stratified"] is not None for row in found["cells"])
    assert "% of the greatest possible spread of the cells" in harness(
        "label", "next", "essays", "--n", "5", "--stratify", *folder
    )


def test_numbers_outside_the_scale_are_errors_with_their_lines(tmp_path):
    drawn = document("next", "essays", "--n", "4", "--dir", str(tmp_path))
    filled(drawn["files"][0]["file"], lambda row, at: ["7", "11", "nan", "seven"][at])
    shown = harness("label", "status", "essays", "--dir", str(tmp_path), code=2)
    assert "csv:3: `label` is `11`, outside the scale; write a number from 1 to 10, or leave it empty" in shown
    assert "csv:4: `label` is `nan`, no finite number" in shown
    assert "csv:5: `label` is `seven`, no finite number" in shown


def by_scores(rows, scores):
    """The ranking that a file's row means by the scores of the dataset, in the order shown."""
    known = {text: score for row in rows for text, score in zip(row["responses"], row["scores"], strict=True)}

    def ranking(row, at):
        shown = [row[f"response_{number}"] for number in range(1, 6) if row.get(f"response_{number}")]
        best_first = sorted(range(len(shown)), key=lambda place: -known[shown[place]])
        return ">".join(str(place + 1) for place in best_first) if len(set(shown)) == len(shown) else "1"

    return ranking


def test_rankings_are_drawn_in_another_order_labelled_and_exported_in_the_order_of_the_data(tmp_path):
    folder = ("--dir", str(tmp_path))
    drawn = document("next", "drafts", "--n", "25", *folder)
    data = [json.loads(line) for line in Path("drafts.jsonl").read_text("utf-8").splitlines()]
    rows = filled(drawn["files"][0]["file"], by_scores(data, None))
    by_prompt = {row["prompt"]: row["responses"] for row in data}
    orders = [[row[f"response_{n}"] for n in range(1, 6) if row[f"response_{n}"]] for row in rows]
    assert all(sorted(by_prompt[row["prompt"]]) == sorted(shown) for row, shown in zip(rows, orders, strict=True))
    assert any(by_prompt[row["prompt"]] != shown for row, shown in zip(rows, orders, strict=True))
    out = tmp_path / "rankings.csv"
    assert harness("label", "export", "drafts", "--out", str(out), *folder) == f"{out}: 25 labels\n"
    known = {row["id"]: row for row in data}
    with out.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            item = known[row["item"]]
            if len(set(item["responses"])) == len(item["responses"]):
                ranks = ranks_of(row["label"])
                best = min(range(len(ranks)), key=ranks.__getitem__)
                assert item["scores"][best] == max(item["scores"])
    found = document("status", "drafts", *folder)
    (dataset,) = found["datasets"]
    assert dataset["rate_of"] == "top-1 against the labels"
    cells = {row["cell"] for row in json.loads(harness("leaderboard", "drafts", "--format", "json"))["rows"]}
    assert {row["cell"] for row in dataset["cells"]} == cells
    assert all(row["corrected"]["n"] == 25 for row in dataset["cells"])
    shown = harness("label", "status", "drafts", *folder)
    assert "top-1 against the labels" in shown
    assert "human labels" not in shown


@pytest.mark.whole
def test_rankings_drawn_where_cells_disagree_are_weighted_and_rankings_of_several_annotators_averaged(tmp_path):
    folder = ("--dir", str(tmp_path))
    drawn = document("next", "drafts", "--n", "24", "--stratify", "--annotator", "a", "--annotator", "b", *folder)
    for one in drawn["files"]:
        filled(one["file"], lambda row, at: "1" if at % 2 else "2=1")
    (found,) = document("status", "drafts", *folder)["datasets"]
    assert {row["corrected"]["method"] for row in found["cells"]} == {"weighted"}
    assert found["annotators"] == [{"annotator": "a", "labels": 24}, {"annotator": "b", "labels": 24}]
    assert "% of pairs of responses ordered differently" in harness(
        "label", "next", "drafts", "--n", "5", "--stratify", *folder
    )


def test_what_is_no_ranking_is_an_error_with_its_line(tmp_path):
    drawn = document("next", "drafts", "--n", "4", "--dir", str(tmp_path))
    filled(drawn["files"][0]["file"], lambda row, at: ["9", "1>1", "A>B", "1>2"][at])
    shown = harness("label", "status", "drafts", "--dir", str(tmp_path), code=2)
    for message in ("csv:2: `label` names response 9, and", "csv:3: `label` names response 1 twice",
                    "csv:4: `label` is `A>B`, no ranking", "csv:5: `label` does not name response 3"):  # fmt: skip
        assert message in shown
    assert "such as `2>1=3`, or that of the best alone, or leave it empty" in shown


@pytest.mark.whole
def test_whole_clusters_are_drawn_labelled_and_corrected(tmp_path):
    rows = [
        {"id": f"c{k}", "prompt": f"Write about {k // 3}.", "response": f"essay {k} " * (k % 7 + 1)} for k in range(120)
    ]
    Path("clustered.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    Path("clustered.yaml").write_text(NUMBERS.replace("essays", "clustered"), "utf-8")
    harness("run", "clustered.yaml")
    folder = ("--dir", str(tmp_path))
    drawn = document("next", "clustered", "--n", "15", "--unit", "cluster", *folder)
    assert (drawn["unit"], drawn["drawn"], drawn["left"], drawn["cluster_cost"]) == ("cluster", 45, 25, 3)
    shown = harness("label", "next", "clustered", "--n", "10", "--unit", "cluster", "--stratify", *folder)
    assert "10 clusters with 30 items drawn, 15 left" in shown
    assert "variance up to ×3.00 that of as many items drawn alone" in shown
    assert "earlier rounds drew whole clusters" in harness("label", "next", "clustered", *folder, code=2)
    for path in tmp_path.rglob("*.csv"):
        prompts = [row["prompt"] for row in filled(path, lambda row, at: str(1 + at % 10))]
        assert sum(one != other for one, other in itertools.pairwise(prompts)) == len(set(prompts)) - 1
    (found,) = document("status", "clustered", *folder)["datasets"]
    assert (found["unit"], found["labelled"]) == ("cluster", 75)
    corrected = json.loads(harness("correct", "clustered", "--labels", str(Path(drawn["record"]).parent), "--json"))
    figure = corrected["means"][0]["cells"][0]["mean"]["corrected"]
    assert (figure["method"], figure["unit"], figure["units"]) == ("weighted", "cluster", 25)


def test_clusters_of_single_items_are_not_drawn(tmp_path):
    shown = harness("label", "next", "essays", "--unit", "cluster", "--dir", str(tmp_path), code=2)
    assert "no two items of essays share a cluster" in shown
    assert list(tmp_path.iterdir()) == []
