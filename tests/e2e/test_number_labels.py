"""Labels that are numbers from a CSV file to every verb, as a user runs them."""

import csv
import html
import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from scipy import stats

from harness.cli import main
from harness.providers.simulation.dataset import make_singles

SPEC = """\
schema: 1
responses: single
labels: number
name: essays
seed: 3
datasets:
  d:
    path: essays.csv
    columns: {labels: [ann, ben, cid], prompt: question, response: answer, category: kind, model: writer}
models:
  good: {provider: simulated, skill: 0.95}
  poor: {provider: simulated, skill: 0.55}
matrix:
  dataset: [d]
  strategy: [rating-10]
  repeats: [1, 2]
  evaluator:
    - judge: [good, poor]
    - jury: {of: [good, poor]}
    - jury: {of: [good, poor], vote: weighted, weights: {good: 3, poor: 1}}
score:
  metrics: [pearson, spearman, kendall, icc, icc-consistency, mae, rmse, bias]
  by: [category]
  resamples: 200
"""
PEOPLE = ("ann", "ben", "cid")


def invoke(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def write_essays(path, count=60):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "answer", "kind", "writer", *PEOPLE])
        for row in make_singles(5, count, scale=(1, 10)):
            texts = (row[name] for name in ("id", "prompt", "response", "category", "model"))
            writer.writerow([*texts, *row["labels"]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a spec, its data and its run."""
    place = tmp_path_factory.mktemp("numbers")
    write_essays(place / "essays.csv")
    (place / "essays.yaml").write_text(SPEC, encoding="utf-8")
    found = invoke("run", place / "essays.yaml", *places(place))
    assert found.exit_code == 0, found.output
    return place


def places(place):
    return "--results", place / "results", "--cache", place / "cache"


def run_of(place):
    (found,) = (place / "results" / "essays").iterdir()
    return found


def board_of(place):
    return json.loads((run_of(place) / "leaderboard.json").read_text(encoding="utf-8"))


def row_of(board, ending):
    return next(row for row in board["rows"] if row["cell"].endswith(ending))


def numbers_of(place, cell):
    frame = pl.read_parquet(run_of(place) / "judgments.parquet")
    return frame.filter(pl.col("cell").str.ends_with(cell))["score_a"].to_numpy()


def test_figures_are_those_of_scipy_from_the_file(folder):
    people = pl.read_csv(folder / "essays.csv").select(PEOPLE).to_numpy().mean(axis=1)
    judge = numbers_of(folder, "judge:good")
    metrics = row_of(board_of(folder), "judge:good")["metrics"]
    assert metrics["pearson"]["value"] == pytest.approx(stats.pearsonr(judge, people).statistic)
    assert metrics["spearman"]["value"] == pytest.approx(stats.spearmanr(judge, people).statistic)
    assert metrics["kendall"]["value"] == pytest.approx(stats.kendalltau(judge, people).statistic)
    assert metrics["mae"]["value"] == pytest.approx(np.abs(judge - people).mean())
    assert metrics["bias"]["value"] == pytest.approx((judge - people).mean())
    assert all(one["low"] < one["value"] < one["high"] for one in metrics.values())


def test_juries_and_repeats_average_numbers(folder):
    good, poor = (numbers_of(folder, f"judge:{name}") for name in ("good", "poor"))
    assert numbers_of(folder, "jury:good+poor") == pytest.approx((good + poor) / 2)
    assert numbers_of(folder, "jury:good+poor(weighted-3-1)") == pytest.approx((3 * good + poor) / 4)
    twice = numbers_of(folder, "judge:poor/x2")
    assert (2 * twice == (2 * twice).round()).all()
    assert (twice != twice.round()).any(), "the mean of two ratings is no rating"


def test_the_board_says_that_labels_are_numbers_and_on_which_scale(folder):
    board = board_of(folder)
    assert board["labels"] == {
        "names": ["number"],
        "ordered": False,
        "values": [],
        "positive": "",
        "scale": [1.0, 10.0],
    }
    row = row_of(board, "judge:good")
    assert (row["table"], row["marginals"]["reference"]) == ([[60, 0, 0, 0, 0]], {"number": 60})
    assert {"bias.limit-low", "bias.limit-high", "mae.failures-wrong"} <= set(row["companions"])
    assert not {"accuracy", "kappa", "self-agreement"} & {*row["metrics"], *row["companions"]}
    assert any("limits of agreement" in note for note in board["notes"])
    assert {part["column"] for part in board["slices"]} == {"category"}


def test_a_replay_makes_the_same_bytes(folder, tmp_path):
    again = invoke("run", folder / "essays.yaml", "--results", tmp_path, "--cache", folder / "cache", "--offline")
    assert again.exit_code == 0, again.output
    (other,) = (tmp_path / "essays").iterdir()
    for file in ("judgments.parquet", "leaderboard.json", "manifest.json", "items.parquet", "scores.parquet"):
        assert (other / file).read_bytes() == (run_of(folder) / file).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("leaderboard", "RUN", "--metric", "mae"), "best: rating-10/"),
        (("leaderboard", "RUN", "--by", "category"), "d by category"),
        (("leaderboard", "RUN", "--metric", "bias"), "not ranked"),
        (("audit", "RUN"), "nothing found: failures"),
        (("compare", "RUN", "RUN"), "by pearson"),
        (("failures", "RUN"), "judgments failed"),
        (("report", "RUN", "--out", "PAGE"), "wrote"),
        (("runs", "--results", "RESULTS"), "essays"),
        (
            ("explain", "SPEC", "d/rating-10/judge:good", "--item", "text-001", "--cache", "CACHE"),
            "number",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_verbs_read_a_run_of_numbers(folder, tmp_path, arguments, expected):
    names = {
        "RUN": run_of(folder),
        "RESULTS": folder / "results",
        "SPEC": folder / "essays.yaml",
        "CACHE": folder / "cache",
        "PAGE": tmp_path / "report.html",
    }
    found = invoke(*(names.get(one, one) for one in arguments))
    assert found.exit_code == 0, found.output
    assert expected in found.output


def test_a_run_is_read_without_its_dataset(folder, tmp_path):
    """The run folder keeps the numbers of every annotator."""
    from harness.runner.run_reader import read_judged

    data = read_judged(run_of(folder)).datasets[0]
    people = pl.read_csv(folder / "essays.csv").select(PEOPLE).to_numpy()
    assert (data.numbers() == people).all()
    assert data.label_set.scale == (1, 10)


def test_everything_wrong_is_said_at_once(folder, tmp_path):
    wrong = SPEC.replace("strategy: [rating-10]", "strategy: [rating-10, pass-fail, g-eval]")
    wrong = wrong.replace("metrics: [pearson", "metrics: [kappa, f1-pass, pearson").replace(
        "  by: [category]", "  probes: [ceiling]"
    )
    (tmp_path / "essays.yaml").write_text(wrong, encoding="utf-8")
    (tmp_path / "essays.csv").write_text(
        "id,question,answer,kind,writer,ann,ben,cid\n1,p,r,k,w,high,2,3\n", encoding="utf-8"
    )
    found = invoke("validate", tmp_path / "essays.yaml")
    assert found.exit_code == 2
    for part in (
        "`pass-fail` gives `fail`, `pass`, and no numbers",
        "`g-eval` gives numbers from 1 to 5, and `rating-10` gives numbers from 1 to 10",
        "`kappa` is of labels that are classes, and labels are numbers here",
        "there is no metric `f1-pass`",
        "the probe `ceiling` is about labels that are classes",
        "essays.csv:2: `ann` `high` is no finite number",
    ):
        assert part in found.output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("responses: single\n", "", "`labels` is for single responses"),
        ("  repeats: [1, 2]\n", "  repeats: [2]\n", ""),
        ("{of: [good, poor]}", "{of: [good, poor], quorum: 0.5}", "a quorum makes the others a tie"),
        ("    - jury", "    - cascade: {of: [good, poor], escalate: disagreement}\n    - jury", "no votes that"),
        ("datasets:\n  d:\n", "datasets:\n  d:\n    label_values: {high: '9'}\n", "labels are numbers here, and words"),
        ("labels: number\n", "", "write `labels: number` in the spec"),
    ],
)
def test_options_that_do_not_fit_numbers_are_refused(folder, tmp_path, old, new, message):
    (tmp_path / "essays.yaml").write_text(SPEC.replace(old, new, 1), encoding="utf-8")
    write_essays(tmp_path / "essays.csv", 12)
    found = invoke("validate", tmp_path / "essays.yaml")
    assert found.exit_code == (2 if message else 0), found.output
    assert message in found.output


def test_metrics_default_to_correlations_and_the_mean_error(tmp_path):
    text = SPEC[: SPEC.index("score:")].replace("repeats: [1, 2]", "repeats: [1]")
    text = text.replace("labels: number\n", "").replace("strategy: [rating-10]", "strategy: [own]")
    own = """\
strategies:
  own:
    ask: single
    user: "Rate {{ response }} as an answer to {{ prompt }}. {{ answer_format }}"
    answer: {kind: score, scale: {min: 0, max: 100}, as: number}
"""
    (tmp_path / "essays.yaml").write_text(text + own, encoding="utf-8")
    write_essays(tmp_path / "essays.csv", 24)
    found = invoke("run", tmp_path / "essays.yaml", *places(tmp_path), "--format", "json")
    assert found.exit_code == 0, found.output
    row = board_of(tmp_path)["rows"][0]
    assert list(row["metrics"]) == ["pearson", "spearman", "mae"]
    assert board_of(tmp_path)["labels"]["scale"] == [0.0, 100.0]


@pytest.fixture(scope="module")
def later(folder):
    """A second run of the same cells, whose poor judge is better, and rates each item once."""
    text = SPEC.replace("name: essays", "name: later").replace("skill: 0.55", "skill: 0.9").replace("[1, 2]", "[1]")
    (folder / "later.yaml").write_text(text, encoding="utf-8")
    found = invoke("run", folder / "later.yaml", *places(folder))
    assert found.exit_code == 0, found.output
    (run,) = (folder / "results" / "later").iterdir()
    return run


def compared(folder, later, *options):
    found = invoke("compare", run_of(folder), later, "--json", *options)
    assert found.exit_code in (0, 1), found.output
    return json.loads(found.stdout)


def test_runs_are_compared_by_their_numbers(folder, later):
    found = compared(folder, later, "--items", "--metric", "mae")
    (part,) = found["comparisons"][0]["datasets"]
    pairs = {pair["other_cell"]: pair for pair in part["pairs"]}
    same = pairs["d/rating-10/judge:good"]
    assert same["flips"] == []
    assert same["metrics"]["mae"]["difference"]["value"] == 0
    jury = pairs["d/rating-10/jury:good+poor"]
    kinds = {(flip["one"], flip["other"]): flip["items"] for flip in jury["flips"]}
    assert set(kinds) <= {("number", "lower number"), ("number", "higher number")}
    assert sum(kinds.values()) == len(jury["flipped"]) > 0
    assert all(float(one["one"]) != float(one["other"]) for one in jury["flipped"])
    assert jury["metrics"]["mae"]["difference"]["low"] is not None
    assert len(found["merged"][0]["rows"]) > 8, "a cell with other numbers is another row"


def test_labels_that_changed_are_left_out_of_a_comparison(folder, tmp_path):
    write_essays(tmp_path / "essays.csv")
    with (tmp_path / "essays.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for row in rows[1:6]:
        row[-1] = "9.75"
    with (tmp_path / "essays.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (tmp_path / "essays.yaml").write_text(SPEC, encoding="utf-8")
    assert invoke("run", tmp_path / "essays.yaml", *places(tmp_path)).exit_code == 0
    (part,) = compared(folder, run_of(tmp_path))["comparisons"][0]["datasets"]
    assert (part["labelled_alike"], part["labelled_otherwise"]) == (55, 5)


def test_a_gate_finds_a_cell_that_is_worse_by_its_numbers(folder, later):
    worse = invoke("compare", later, run_of(folder), "--metric", "mae", "--fail-if-worse", "0.01")
    assert worse.exit_code == 1
    assert "gate: " in worse.output


def test_runs_on_another_scale_are_not_compared(folder, tmp_path):
    write_essays(tmp_path / "essays.csv")
    text = SPEC.replace("strategy: [rating-10]", "strategy: [g-eval]").replace("repeats: [1, 2]", "repeats: [1]")
    (tmp_path / "essays.yaml").write_text(text, encoding="utf-8")
    assert invoke("run", tmp_path / "essays.yaml", *places(tmp_path)).exit_code == 0
    found = invoke("compare", run_of(folder), run_of(tmp_path))
    assert found.exit_code == 2
    assert "numbers from 1 to 10" in found.output
    assert "numbers from 1 to 5" in found.output


def test_power_is_planned_from_a_run(folder):
    found = json.loads(invoke("power", run_of(folder), "--effect", "0.1", "--n", "400", "--json").stdout)
    metrics = {one["metric"]: one for one in found["datasets"][0]["metrics"]}
    one, every = metrics["pearson"]["one_pair"], metrics["pearson"]["all_pairs"]
    assert 0 < one["loss"]["value"] < every["loss"]["value"]
    assert 20 <= one["gain"]["n_needed"] < every["gain"]["n_needed"]
    assert "no value of it is better" in metrics["bias"]["reason"]
    assert invoke("power", run_of(folder), "--effect", "1.5").exit_code == 2
    assert invoke("power", run_of(folder), "--effect", "1.5", "--metric", "mae").exit_code == 0
    of_classes = invoke("power", run_of(folder), "--metric", "kappa")
    assert "the metric is of labels that are classes" in of_classes.output


def test_power_without_a_run_says_what_it_needs(folder, tmp_path):
    found = invoke("power", folder / "essays.yaml", "--results", tmp_path)
    assert found.exit_code == 0
    assert "is planned from a run" in found.output


def corrected(folder, *options):
    found = invoke("correct", run_of(folder), *options)
    assert found.exit_code == 0, found.output
    return found.output


def test_means_are_corrected_with_the_labels_of_a_file(folder, tmp_path):
    rows = pl.read_csv(folder / "essays.csv")
    some = rows.with_columns(label=pl.mean_horizontal(PEOPLE)).select("id", "label")[::2]
    some.write_csv(tmp_path / "some.csv")
    text = corrected(folder, "--labels", tmp_path / "some.csv")
    assert "d: 30 of 60 items labelled" in text
    assert "mean number by system" in text
    (part,) = json.loads(corrected(folder, "--labels", tmp_path / "some.csv", "--json"))["means"]
    cell = next(one for one in part["cells"] if one["cell"] == "d/rating-10/judge:good")
    assert cell["mean"]["human"]["value"] == pytest.approx(some["label"].mean())
    assert cell["mean"]["corrected"]["low"] < cell["mean"]["corrected"]["value"] < cell["mean"]["corrected"]["high"]
    assert len(cell["systems"]) == 4
    assert len(cell["differences"]) == 6
    assert cell["agreement"]["pearson"]["n"] == 30
    assert "kendall" in corrected(folder, "--labels", tmp_path / "some.csv", "--wide")


def test_the_labels_of_the_run_correct_nothing_where_all_are_there(folder):
    assert "all items are labelled, so that judgments correct nothing" in corrected(folder)


def test_a_file_of_words_is_refused_with_its_lines(folder, tmp_path):
    (tmp_path / "bad.csv").write_text("id,label\ntext-001,good\ntext-002,3\n", encoding="utf-8")
    found = invoke("correct", run_of(folder), "--labels", tmp_path / "bad.csv")
    assert found.exit_code == 2
    assert "bad.csv:2: `label` `good` is no finite number" in found.output
    found = invoke("correct", run_of(folder), "--labels", tmp_path / "bad.csv", "--value", "good=number")
    assert "words have no meaning" in found.output


def test_labels_drawn_with_unequal_probabilities_are_weighted(folder, tmp_path):
    rows = "".join(f"text-{at:03d},{at % 5},{0.2 if at % 2 else 0.9}\n" for at in range(1, 41))
    (tmp_path / "drawn.csv").write_text(f"id,label,probability\n{rows}", encoding="utf-8")
    found = invoke("correct", run_of(folder), "--labels", tmp_path / "drawn.csv", "--json")
    assert found.exit_code == 0, found.output
    mean = json.loads(found.stdout)["means"][0]["cells"][0]["mean"]
    places = np.arange(1, 41)
    labels, weights = places % 5, np.where(places % 2, 5, 1 / 0.9)
    assert mean["human"]["value"] == pytest.approx((labels * weights).sum() / weights.sum())
    assert mean["human"]["method"] == mean["corrected"]["method"] == "weighted"


def test_verbs_that_need_classes_refuse_a_run_of_numbers(folder):
    for verb in ("threshold", "calibrate"):
        found = invoke(verb, run_of(folder))
        assert found.exit_code == 2, found.output
        assert "numbers" in found.output or "pairs" in found.output


def test_failed_judgments_are_left_out_and_said_so(folder, tmp_path):
    text = SPEC.replace("skill: 0.55", "skill: 0.55, malformed_rate: 0.4").replace("repeats: [1, 2]", "repeats: [1]")
    (tmp_path / "essays.yaml").write_text(text, encoding="utf-8")
    write_essays(tmp_path / "essays.csv", 40)
    found = invoke("run", tmp_path / "essays.yaml", *places(tmp_path), "--notes")
    assert found.exit_code == 0, found.output
    assert "they are left out, and the bounds stand" in " ".join(found.output.split())
    assert "counted as disagreement" not in found.output
    row = row_of(board_of(tmp_path), "judge:poor")
    assert row["metrics"]["pearson"]["n"] == 40 - sum(row["failures"].values()) < 40


def test_a_report_shows_the_numbers_of_each_cell_against_those_of_people(folder, tmp_path):
    found = invoke("report", run_of(folder), "--out", tmp_path / "report.html")
    assert found.exit_code == 0, found.output
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Numbers of people and of d/rating-10/judge:good" in page
    assert "Means as a table" in page
    assert "Confusion" not in page
    assert "Pearson's correlation of each pair of cells" in page.replace("&#39;", "'")
    assert "kappa" not in page
    assert ">wrong</span>" not in page, "no number is right or wrong"


def test_logs_of_inspect_hold_numbers_and_their_errors(folder, tmp_path):
    found = invoke(
        "export", run_of(folder), "--format", "inspect", "--out", tmp_path, "--cell", "d/rating-10/judge:good"
    )
    assert found.exit_code == 0, found.output
    (path,) = tmp_path.glob("*.json")
    log = json.loads(path.read_text(encoding="utf-8"))
    metrics = log["results"]["scores"][0]["metrics"]
    assert metrics["mean"]["value"] == pytest.approx(row_of(board_of(folder), "judge:good")["metrics"]["mae"]["value"])
    score = log["samples"][0]["scores"]["agreement"]
    assert score["value"] == pytest.approx(abs(float(score["answer"]) - float(log["samples"][0]["target"])))


def test_the_viewer_shows_the_number_of_each_judgment_and_no_filter_by_right_and_wrong(folder):
    pytest.importorskip("starlette")
    from harness.report.items.texts import Texts
    from harness.viewer.app import Viewer
    from support.asgi import get

    run = Path(run_of(folder))
    app = Viewer([run.parent.parent], Texts((folder,), folder / "cache")).application()
    base = f"/runs/{run.parent.name}/{run.name}"
    items = get(app, f"{base}/items").text
    assert "order decides" not in items
    assert '<option value="wrong">' not in items
    assert "judgment<select" in items
    (address, *_) = re.findall(r'href="([^"]*item=[^"]*)"', items)
    page = get(app, html.unescape(address)).text
    assert ">Judgments</h" in page
    assert "score b" not in page
    assert ">number<" not in page
    assert "No probe but failures" in get(app, f"{base}/audit").text
