"""Rankings of several responses from the file to the commands that read them, as a user runs them."""

import json
import re

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_many
from harness.records.rankings import groups_of

SPEC = """\
schema: 1
responses: many
name: drafts
seed: 3
datasets:
  d: {path: data.jsonl}
models:
  good: {provider: simulated, skill: 0.95, malformed_rate: 0.3}
  poor: {provider: simulated, skill: 0.5}
matrix:
  dataset: [d]
  strategy: [rank-list, best-of-many, rating-10, direct]
  evaluator:
    - judge: [good, poor]
    - jury: {of: [good, poor]}
    - tournament: {judge: good}
    - tournament: {judge: good, by: single-elimination}
  order: [given, both]
  exclude:
    - {strategy: best-of-many, order: both}
    - {strategy: rating-10, order: both}
score:
  metrics: [top-1, kendall-tau, ndcg]
  resamples: 200
  by: [category]
"""
ITEMS = 22
SMALL = SPEC.replace("rank-list, best-of-many, rating-10, direct", "rank-list").partition("    - tournament")[0] + (
    "score: {metrics: [top-1, kendall-tau, ndcg], resamples: 200}\n"
)
"""A part of the spec, whose cells are those of the whole."""


def invoke(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def places(place):
    return "--results", place / "results", "--cache", place / "cache"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a spec, its data and its run."""
    place = tmp_path_factory.mktemp("many")
    rows = make_many(5, ITEMS)
    (place / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (place / "drafts.yaml").write_text(SPEC, encoding="utf-8")
    found = invoke("run", place / "drafts.yaml", *places(place))
    assert found.exit_code == 0, found.output
    return place


def run_of(place):
    (found,) = (place / "results" / "drafts").iterdir()
    return found


def board_of(place):
    return json.loads((run_of(place) / "leaderboard.json").read_text(encoding="utf-8"))


def test_judgments_are_rankings_of_all_responses_or_failures(folder):
    frame = pl.read_parquet(run_of(folder) / "judgments.parquet")
    counts = {row["id"]: len(row["responses"]) for row in make_many(5, ITEMS)}
    for item, verdict, failure in frame.select("item", "verdict", "failure").rows():
        assert (verdict is None) != (failure is None)
        assert verdict is None or sum(map(len, groups_of(verdict))) == counts[item]
    both = frame.filter(pl.col("cell").str.ends_with("rank-list/judge:poor/both"))
    assert set(both["votes"].list.len()) == {2}


def test_every_strategy_goes_with_the_evaluators_that_rank_with_it(folder):
    cells = {row["cell"] for row in board_of(folder)["rows"] if row["order"] == "given"}
    alone = {f"d/{strategy}/{one}" for strategy in ("rank-list", "best-of-many", "rating-10")
             for one in ("judge:good", "judge:poor", "jury:good+poor")}  # fmt: skip
    assert cells == {*alone, "d/direct/tournament:good", "d/direct/tournament:good(single-elimination)"}


def test_the_board_has_the_figures_and_what_chance_gives(folder):
    board = board_of(folder)
    assert board["labels"]["ranking"] is True
    rows = {row["cell"]: row for row in board["rows"]}
    good, poor = rows["d/rank-list/judge:good"], rows["d/rank-list/judge:poor"]
    assert good["metrics"]["top-1"]["value"] > poor["metrics"]["top-1"]["value"]
    assert good["companions"]["top-1.chance"]["value"] == poor["companions"]["top-1.chance"]["value"] > 0.2
    assert any("a ranking in random order reaches on average top-1" in note for note in board["notes"])
    failed = sum(good["failures"].values())
    assert good["metrics"]["top-1"]["value"] == pytest.approx(
        good["companions"]["top-1.complete-case"]["value"] * (1 - failed / good["metrics"]["top-1"]["n"]), abs=0.02
    )


def test_a_replay_makes_the_same_bytes(folder, tmp_path):
    again = invoke("run", folder / "drafts.yaml", "--results", tmp_path, "--cache", folder / "cache", "--offline")
    assert again.exit_code == 0, again.output
    (other,) = (tmp_path / "drafts").iterdir()
    for name in ("judgments.parquet", "items.parquet", "scores.parquet", "leaderboard.json", "manifest.json"):
        assert (other / name).read_bytes() == (run_of(folder) / name).read_bytes()


def test_a_plan_counts_the_games(folder, tmp_path):
    found = invoke("plan", folder / "drafts.yaml", "--results", tmp_path, "--cache", tmp_path / "none", "--json")
    assert found.exit_code == 0, found.output
    cells = {cell["cell"]: cell["calls"] for cell in json.loads(found.stdout)["cells"]}
    sizes = [len(row["responses"]) for row in make_many(5, ITEMS)]
    games = sum(size * (size - 1) // 2 for size in sizes)
    assert cells["d/direct/tournament:good"] == [games, 2 * games]
    assert cells["d/direct/tournament:good(single-elimination)/both"][0] == 2 * sum(size - 1 for size in sizes)
    assert cells["d/rating-10/judge:poor"] == [sum(sizes), 2 * sum(sizes)]
    assert cells["d/rank-list/judge:poor"] == [ITEMS, 2 * ITEMS]


@pytest.mark.parametrize("cell", [
    "rank-list/judge:good/both", "rating-10/judge:poor", "direct/tournament:good", "rank-list/jury:good+poor",
])  # fmt: skip
def test_explain_follows_a_conversation(folder, cell):
    found = invoke("explain", folder / "drafts.yaml", f"d/{cell}", "--json", "--cache", folder / "cache")
    assert found.exit_code == 0, found.output
    verdict = json.loads(found.stdout)["cell"]["outcome"]["verdict"]
    assert verdict is None or groups_of(verdict)


def test_the_leaderboard_is_ranked_again(folder):
    for more in (["--metric", "ndcg"], ["--vs", "rank-list/judge:poor"], ["--by", "category"], ["--wide"]):
        found = invoke("leaderboard", run_of(folder), *more)
        assert found.exit_code == 0, found.output
    assert "fewer than 20 labelled items" in invoke("leaderboard", run_of(folder), "--by", "category").stdout


def test_a_run_is_compared_with_one_of_another_judge(folder, tmp_path):
    other = tmp_path / "drafts.yaml"
    other.write_text(SMALL.replace("skill: 0.95, malformed_rate: 0.3", "skill: 0.9"), encoding="utf-8")
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    made = invoke("run", other, "--results", tmp_path / "results", "--cache", folder / "cache")
    assert made.exit_code == 0, made.output
    (run,) = (tmp_path / "results" / "drafts").iterdir()
    found = invoke("compare", run_of(folder), run, "--json")
    assert found.exit_code in (0, 1), found.output
    (dataset,) = json.loads(found.stdout)["comparisons"][0]["datasets"]
    pairs = {pair["cell"]: pair for pair in dataset["pairs"]}
    same, changed = pairs["d/rank-list/judge:poor"], pairs["d/rank-list/judge:good"]
    assert same["metrics"]["top-1"]["difference"]["value"] == 0
    assert not same["flips"]
    assert "ranked otherwise" in json.dumps(changed["flips"])
    assert changed["metrics"]["top-1"]["difference"]["low"] is not None


def test_power_is_planned_from_the_run(folder):
    found = invoke("power", run_of(folder), "--effect", "0.1", "--metric", "top-1", "--metric", "kappa", "--json")
    assert found.exit_code == 0, found.output
    (dataset,) = json.loads(found.stdout)["datasets"]
    assert (dataset["source"], dataset["n"], dataset["cells"]) == ("pilot", ITEMS, len(board_of(folder)["rows"]))
    top, kappa = dataset["metrics"]
    assert 0 < top["one_pair"]["loss"]["value"] < top["all_pairs"]["loss"]["value"]
    assert top["one_pair"]["gain"]["n_needed"] > ITEMS
    assert kappa["reason"] == "the metric is not of rankings"


def test_power_rests_on_simulated_judges_before_the_first_run(folder, tmp_path):
    found = invoke("power", folder / "drafts.yaml", "--results", tmp_path, "--metric", "kendall-tau", "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["datasets"][0]["source"] == "simulated"
    assert document["datasets"][0]["metrics"][0]["one_pair"]["loss"]["value"] > 0
    assert "simulated judges of one skill replace the cells" in document["notes"][0]
    planned = invoke("plan", folder / "drafts.yaml", "--results", tmp_path, "--cache", tmp_path / "none")
    assert re.search(r"can detect a loss of 0\.\d\d or a gain of 0\.\d\d in top-1.*by simulated judges", planned.stdout)


def test_an_audit_finds_a_bias_of_position(folder, tmp_path):
    spec = SMALL.replace("judge: [good, poor]", "judge: [good, poor, biased]").replace(
        "skill: 0.5}",
        """skill: 0.5}
  biased: {provider: simulated, skill: 0.7, position_bias: 0.9}""",
    )
    (tmp_path / "drafts.yaml").write_text(spec.replace("rank-list]", "rank-list]\n  order: [both]\n  repeats: [2]"))
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    made = invoke("run", tmp_path / "drafts.yaml", *places(tmp_path))
    assert made.exit_code == 0, made.output
    found = invoke("audit", run_of(tmp_path), "--json")
    assert found.exit_code == 0, found.output
    (dataset,) = json.loads(found.stdout)["datasets"]
    cells = {card["cell"].partition("/")[2].split("/")[1]: card["probes"] for card in dataset["cells"]}
    assert cells["judge:biased"]["position"]["finding"]["direction"] == "positive"
    assert cells["judge:biased"]["position"]["figures"]["position.slot-1.excess"]["low"] > 0.05
    assert cells["judge:good"]["position"]["finding"]["is_claimed"] is False
    assert cells["jury:good+poor"]["position"]["finding"]["reason"] == "counted from the judgments of other cells"
    assert set(cells["judge:good"]) == {"failures", "position", "self-agreement"}
    assert cells["judge:good"]["self-agreement"]["figures"]["self-agreement.kendall"]["value"] > 0.5
    text = invoke("audit", run_of(tmp_path), "--wide").stdout
    assert "left out, about other kinds of responses or labels: alternative-annotator" in text
    assert "agreement among the cells" not in text


def test_the_best_is_also_chosen_on_a_part_and_measured_on_the_rest(folder, tmp_path):
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (tmp_path / "drafts.yaml").write_text(SMALL.replace("resamples: 200", "resamples: 200, holdout: 0.5"))
    found = invoke("run", tmp_path / "drafts.yaml", "--results", tmp_path / "results", "--cache", folder / "cache")
    assert found.exit_code in (0, 1), found.output
    shown = json.loads(invoke("leaderboard", run_of(tmp_path), "--format", "json").stdout)
    (winner,) = shown["winners"]
    held = winner["held_out"]
    assert held["cell"] is not None
    assert held["chosen_on"] + held["figure"]["n"] <= ITEMS
    again = json.loads(invoke("leaderboard", run_of(tmp_path), "--format", "json", "--metric", "ndcg").stdout)
    assert again["winners"][0]["held_out"]["chosen_value"] != held["chosen_value"]
    assert "held-out estimate on d" in " ".join(invoke("leaderboard", run_of(tmp_path), "--notes").stdout.split())


def test_an_audit_says_which_cells_have_no_slots(folder):
    text = invoke("audit", run_of(folder)).stdout
    assert "each response is shown alone" in text
    assert "a tournament shows pairs of responses" in text
    assert invoke("report", run_of(folder), "--out", folder / "audited.html").exit_code == 0


@pytest.mark.parametrize(("verb", "why"), [
    (["correct"], "rates of verdicts and labels are corrected"),
    (["threshold"], "a threshold makes a label of the score of a single response"),
    (["calibrate"], "a calibration is of soft verdicts on pairs"),
])  # fmt: skip
def test_commands_about_pairs_refuse_the_run(folder, verb, why):
    found = invoke(*verb, run_of(folder))
    assert found.exit_code == 2
    assert f"{why}, and this run ranked several responses" in " ".join(found.stderr.split())


# --- what can be wrong in a spec ----------------------------------------------------------------------------

BASE = """\
schema: 1
responses: many
name: drafts
datasets: {d: {path: data.jsonl}}
models: {good: {provider: simulated}}
matrix: {dataset: [d], strategy: [rank-list], evaluator: [{judge: [good]}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rank-list", "pass-fail", "the strategy `pass-fail` asks about a single response"),
        ("[rank-list]", "[rank-list, direct]", "no evaluator of the matrix ranks with `direct`, which asks `pair`"),
        ("judge: [good]", "debate: {model: good}", "`debate` does not rank several responses"),
        ("judge: [good]", "tournament: {judge: good}", "`tournament` needs a strategy with `ask: pair`"),
        ("{judge: [good]}", "{judge: [good]}, {tournament: {judge: good, rounds: 2}}", "only a Swiss tournament has"),
        ("responses: many\n", "", "the strategy `rank-list` asks about several responses"),
        ("responses: many", "responses: single", "the strategy `rank-list` asks about several responses"),
        ("{path: data.jsonl}", "{path: data.jsonl, columns: {response_a: x}}", "has no column `response_a`"),
        (
            "{path: data.jsonl}",
            "{path: data.jsonl, columns: {best: x, scores: y}}",
            "comes from one column, and these are",
        ),
        ("{path: data.jsonl}", "{path: data.jsonl, label_values: {x: a}}", "`label_values` is of labels"),
        ("matrix: {", "matrix: {collapse: all-votes, ", "`collapse: all-votes` is of verdicts"),
        ("matrix:", "score: {metrics: [kappa]}\nmatrix:", "the metric `kappa` is not of rankings"),
        ("matrix:", "score: {metrics: [brier]}\nmatrix:", "the metric `brier` is not of rankings"),
        ("matrix:", "score: {metrics: [top1]}\nmatrix:", "there is no metric `top1`"),
        ("matrix:", "score: {probes: [position]}\nmatrix:", "the probes of a score are about pairs or labels"),
        ("matrix:", "stop: {when: ranked}\nmatrix:", "judge all items"),
        ("{judge: [good]}", "{judge: [good]}, {jury: {of: [good, good2], quorum: 1}}", "a quorum is of votes"),
    ],
)
def test_what_does_not_fit_is_reported_with_its_place(tmp_path, old, new, message):
    path = tmp_path / "drafts.yaml"
    (tmp_path / "data.jsonl").touch()
    path.write_text(BASE.replace(old, new), encoding="utf-8")
    found = invoke("validate", path)
    assert found.exit_code == 2
    lines = [line for line in found.stdout.splitlines() + found.stderr.splitlines() if message in line]
    assert lines, found.output
    assert re.match(r".*drafts\.yaml:\d+:\d+: ", lines[0])


def test_the_metrics_have_defaults_of_their_own(tmp_path):
    from harness.api.load import check_spec

    path = tmp_path / "drafts.yaml"
    (tmp_path / "data.jsonl").touch()
    path.write_text(BASE, encoding="utf-8")
    assert check_spec(path).score.metrics == ("top-1", "kendall-tau")


def test_a_metric_of_rankings_is_refused_for_pairs(tmp_path):
    path = tmp_path / "pairs.yaml"
    text = BASE.replace("responses: many\n", "").replace("rank-list", "direct")
    path.write_text(f"{text}score: {{metrics: [ndcg]}}\n", encoding="utf-8")
    found = invoke("validate", path)
    assert "the metric `ndcg` is of rankings of several responses" in found.output


def test_a_file_with_a_bad_row_stops_the_plan(tmp_path):
    rows = make_many(5, 3)
    rows[1]["scores"] = rows[1]["scores"][:-1]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (tmp_path / "drafts.yaml").write_text(BASE, encoding="utf-8")
    found = invoke("plan", tmp_path / "drafts.yaml", *places(tmp_path))
    assert found.exit_code == 2
    assert re.search(r"data\.jsonl:2: `scores` has \d values for \d responses", found.stderr)


# --- pages --------------------------------------------------------------------------------------------------


@pytest.mark.whole
def test_a_report_shows_every_response_with_what_people_say(folder, tmp_path):
    out = tmp_path / "report.html"
    where = ["--data", folder, "--cache", folder / "cache", "--items", 3]
    found = invoke("report", run_of(folder), "--out", out, *where)
    assert found.exit_code == 0, found.output
    text = out.read_text(encoding="utf-8")
    assert re.search(r"<h\d>Response 3 <span[^>]*>score by people", text)
    assert 'id="audit"' not in text
    assert 'id="cells"' in text
    assert "onfusion" not in text


@pytest.mark.whole
def test_the_viewer_shows_lists_items_and_conversations(folder):
    from harness.report.items.texts import Texts
    from harness.viewer.app import Viewer
    from support.asgi import get

    run = run_of(folder)
    app = Viewer([folder / "results"], Texts((folder,), folder / "cache")).application()
    base = f"/runs/drafts/{run.name}/"
    for page in ("", "differences", "cost", "cells", "slices", "failures", "items"):
        assert get(app, base + page).status == 200
    for page in ("audit", "agreement"):
        assert get(app, base + page).status == 404
    item = make_many(5, 1)[0]["id"]
    shown = get(app, f"{base}item?dataset=d&item={item}&cell=d/rank-list/judge:poor")
    assert shown.status == 200
    assert "Response 2" in shown.text
    assert "Ranking:" in shown.text


def test_items_are_found_by_whether_the_first_is_right(folder):
    from harness.report.items.filters import Filters, find_items
    from harness.report.items.index import RunIndex
    from support.viewed_runs import Files

    index = RunIndex(Files(run_of(folder)))
    cell = "d/rank-list/judge:poor"
    counts = {
        show: find_items(index, Filters(cell=cell, show=show), lambda *_: None).total  # type: ignore[arg-type]
        for show in ("all", "right", "wrong", "failed")
    }
    assert counts["all"] == ITEMS == counts["right"] + counts["wrong"] + counts["failed"]
    assert counts["right"]
    assert counts["wrong"]
    lines = find_items(index, Filters(cell=cell), lambda *_: None).lines
    people = {row["id"]: row["scores"] for row in make_many(5, ITEMS)}
    for line in lines:
        best = max(people[line.item])
        tops = [int(one) for one in str(line.outcome).split("=")]
        assert line.reference.partition(">")[0] == "=".join(
            str(at + 1) for at, one in enumerate(people[line.item]) if one == best
        )
        assert line.outcome == "unparsed" or all(1 <= top <= len(people[line.item]) for top in tops)
