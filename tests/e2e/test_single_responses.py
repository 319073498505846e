"""Single responses from the file to every verb, as a user runs them."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_singles

SPEC = """\
schema: 1
responses: single
name: checks
seed: 3
datasets:
  d: {path: data.jsonl}
models:
  good: {provider: simulated, skill: 0.95}
  poor: {provider: simulated, skill: 0.55}
matrix:
  dataset: [d]
  strategy: [pass-fail]
  evaluator:
    - judge: [good, poor]
    - jury: {of: [good, poor]}
score:
  metrics: [kappa, accuracy, recall-pass, recall-fail, balanced-accuracy]
  resamples: 200
"""


def invoke(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a spec, its data and its run."""
    place = tmp_path_factory.mktemp("single")
    rows = make_singles(5, 60)
    (place / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (place / "checks.yaml").write_text(SPEC, encoding="utf-8")
    found = invoke("run", place / "checks.yaml", *places(place))
    assert found.exit_code == 0, found.output
    return place


def places(place):
    return "--results", place / "results", "--cache", place / "cache"


def run_of(place) -> Path:
    (found,) = (place / "results" / "checks").iterdir()
    return found


def board_of(place):
    return json.loads((run_of(place) / "leaderboard.json").read_text(encoding="utf-8"))


def test_the_board_has_the_labels_and_their_tables(folder):
    board = board_of(folder)
    assert board["labels"] == {"names": ["fail", "pass"], "ordered": False, "values": [], "positive": "pass"}
    row = next(row for row in board["rows"] if row["cell"].endswith("judge:good"))
    (wrong_of_fail, wrong_of_pass), n = (row["table"][0][1], row["table"][1][0]), row["n"]
    assert sum(map(sum, row["table"])) == n
    recalls = [row["metrics"][f"recall-{name}"]["value"] for name in ("fail", "pass")]
    totals = [sum(line) for line in row["table"]]
    assert recalls == pytest.approx([1 - wrong_of_fail / totals[0], 1 - wrong_of_pass / totals[1]])
    assert row["metrics"]["balanced-accuracy"]["value"] == pytest.approx(sum(recalls) / 2)
    assert row["metrics"]["accuracy"]["value"] == pytest.approx(1 - (wrong_of_fail + wrong_of_pass) / n)
    assert list(row["marginals"]["judgments"])[:2] == ["fail", "pass"]


def test_a_replay_makes_the_same_bytes(folder, tmp_path):
    again = invoke("run", folder / "checks.yaml", "--results", tmp_path, "--cache", folder / "cache", "--offline")
    assert again.exit_code == 0, again.output
    (other,) = (tmp_path / "checks").iterdir()
    for file in ("judgments.parquet", "leaderboard.json", "manifest.json", "items.parquet", "scores.parquet"):
        assert (other / file).read_bytes() == (run_of(folder) / file).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("leaderboard", "RUN", "--metric", "recall-pass"), "best: pass-fail/judge:good, recall-pass"),
        (("leaderboard", "RUN", "--by", "category"), "d by category"),
        (("audit", "RUN"), "marginals"),
        (("compare", "RUN", "RUN"), "same judgment on every item"),
        (("power", "RUN"), "recall-fail"),
        (("correct", "RUN"), "--wide: counts, tests, all metrics, every cell of each system"),
        (("correct", "RUN", "--wide"), "label/others"),
        (("failures", "RUN"), "0 of 180 judgments failed"),
        (("runs", "--results", "RESULTS"), "checks"),
        (
            ("explain", "SPEC", "d/pass-fail/judge:good", "--item", "text-001", *places(Path("PLACE"))),
            "outcome: label",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_verbs_read_a_run_of_single_responses(folder, arguments, expected):
    names = {"RUN": run_of(folder), "RESULTS": folder / "results", "SPEC": folder / "checks.yaml"}
    places_of = {Path("PLACE") / "results": folder / "results", Path("PLACE") / "cache": folder / "cache"}
    found = invoke(*(names.get(one, places_of.get(one, one)) for one in arguments))
    assert found.exit_code == 0, found.output
    assert expected in found.output


def test_some_labels_correct_the_rate_of_a_label(folder, tmp_path):
    rows = [json.loads(line) for line in (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = "".join(f"{row['id']},{'yes' if row['labels'].count('pass') > 1 else 'no'}\n" for row in rows[::2])
    (tmp_path / "labels.csv").write_text(f"id,label\n{labels}", encoding="utf-8")
    options = ("--labels", tmp_path / "labels.csv", "--value", "yes=pass", "--value", "no=fail", "--json")
    found = json.loads(invoke("correct", run_of(folder), *options).stdout)
    (dataset,) = found["datasets"]
    assert (dataset["labelled"], dataset["win_rate_of"]["of"]) == (30, "pass")
    share = sum(row["labels"].count("pass") > 1 for row in rows[::2]) / 30
    assert dataset["human"]["rates"]["half"]["value"] == pytest.approx(share)
    for cell in dataset["cells"]:
        rate = cell["rates"]["half"]
        assert rate["corrected"]["low"] <= rate["corrected"]["value"] <= rate["corrected"]["high"]
    systems = {each["system"] for each in dataset["systems"]}
    assert systems == {row["model"] for row in rows}
    assert sum(each["labelled"] for each in dataset["systems"] if each["cell"].endswith("judge:good")) == 30
    level = 1 - 0.05 / len(systems)
    assert all(each["judge"]["level"] == pytest.approx(level) for each in dataset["systems"])
    shown = invoke("correct", run_of(folder), *options[:-1]).output
    assert "rate of `pass` by system, intervals simultaneous over the systems of a cell" in shown
    assert "a system with fewer than 20 labels" in shown
    pairs = len(systems) * (len(systems) - 1) // 2
    assert len(dataset["differences"]) == pairs * len(dataset["cells"])
    beside = invoke("correct", run_of(folder), *options[:-1], "--method", "rogan-gladen")
    assert "rate of `pass`: Rogan-Gladen, within [0, 1], beside the corrected rate" in beside.output
    assert "prefer it" in beside.output
    wrong = invoke("correct", run_of(folder), *options[:2], "--value", "yes=good")
    assert wrong.exit_code == 2
    assert "`good` is no label of this run; it has `fail`, `pass`" in wrong.output


def test_a_report_shows_one_response(folder, tmp_path):
    pytest.importorskip("altair")
    spec, results = folder / "checks.yaml", folder / "results"
    found = invoke("report", spec, "--results", results, "--cache", folder / "cache", "--out", tmp_path / "report.html")
    assert found.exit_code == 0, found.output
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r">Response( <span class=\"muted\">writer-\w+</span>)?</h\d>", text)
    assert "Response b" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("calibrate", "RUN"), "a calibration is of soft verdicts on pairs"),
        (("export", "RUN", "--format", "dpo", "--out", "OUT"), "dpo needs pairs of responses"),
    ],
)
def test_what_only_pairs_have_is_refused(folder, tmp_path, arguments, message):
    names = {"RUN": run_of(folder), "OUT": tmp_path / "out.jsonl"}
    found = invoke(*(names.get(one, one) for one in arguments))
    assert found.exit_code == 2
    assert message in found.output


CHANGES = [
    ("responses: single\n", "", "the strategy `pass-fail` asks about a single response"),
    ("[pass-fail]", "[direct]", "the strategy `direct` asks about a pair of responses"),
    (
        "[pass-fail]",
        "[pass-fail, grade-5]",
        "the strategy `grade-5` gives `1`, `2`, `3`, `4`, `5`, and `pass-fail` gives",
    ),
    ("[kappa, accuracy, ", "[kappa-linear, ", "the metric `kappa-linear` needs labels that have an order"),
    ("[kappa, accuracy, ", "[kappa-ab, ", "the metric `kappa-ab` is of verdicts on pairs"),
    ("[kappa, accuracy, ", "[soft-win-rate, ", "the metric `soft-win-rate` is of soft verdicts on pairs; known here: "),
    ("[kappa, accuracy, ", "[acu, ", "there is no metric `acu`; did you mean `auc`?"),
    ("recall-pass", "recall", "the metric `recall` is of one label: write `recall-fail` or `recall-pass`"),
    ("recall-pass", "recall-past", "there is no metric `recall-past`; did you mean `recall-pass`?"),
    ("score:\n", "score:\n  probes: [length]\n", "the probe `length` is about pairs of responses"),
    ("  dataset: [d]\n", "  dataset: [d]\n  order: [both]\n", "a single response has no order `both`"),
    ("  dataset: [d]\n", "  dataset: [d]\n  collapse: all-votes\n", "`all-votes` counts both orders"),
    ("{path: data.jsonl}", "{path: data.jsonl, columns: {response_a: response}}", "has no column `response_a`"),
    ("{path: data.jsonl}", "{path: data.jsonl, columns: {label: {a: x, b: y}}}", "shares are of verdicts on pairs"),
    ("{path: data.jsonl}", "{path: data.jsonl, label_values: {x: good}}", "`good` is no label of this spec"),
    (
        "{provider: simulated, skill: 0.55}",
        "{provider: recorded, path: data.jsonl, columns: {item: id, verdict: label}}",
        "`verdict` of a recording is about a pair; name a column of labels as `label`",
    ),
    (
        "{provider: simulated, skill: 0.55}",
        "{provider: recorded, path: data.jsonl, columns: {item: id, label: label}, label_values: {x: pas}}",
        "`pas` is neither a label of this spec nor a failure; did you mean `pass`?",
    ),
    ("jury: {of: [good, poor]}", "jury: {of: [good, poor], quorum: 0.6}", "a quorum makes the others a tie"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_a_spec_whose_parts_do_not_agree_is_refused(folder, tmp_path, old, new, message):
    assert old in SPEC
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (tmp_path / "checks.yaml").write_text(SPEC.replace(old, new), encoding="utf-8")
    found = invoke("validate", tmp_path / "checks.yaml")
    assert found.exit_code == 2
    assert message in found.output
    assert re.search(r"checks\.yaml:\d+:\d+: ", found.output)


DATA = [
    ('{"prompt": "p", "response": "r", "label": "good"}', "`label` `good` (1 row) has no meaning"),
    ('{"prompt": "p", "label": "pass"}', "there is no column `response`"),
    ('{"prompt": "p", "response": "", "label": "pass"}', "every row has an empty response"),
]


@pytest.mark.parametrize(("row", "message"), DATA)
def test_bad_rows_are_named(folder, tmp_path, row, message):
    (tmp_path / "data.jsonl").write_text(f"{row}\n", encoding="utf-8")
    (tmp_path / "checks.yaml").write_text(SPEC, encoding="utf-8")
    found = invoke("plan", tmp_path / "checks.yaml", *places(tmp_path))
    assert found.exit_code == 2, found.output
    assert message in found.output


def test_labels_in_any_case_and_split_annotators(folder, tmp_path):
    rows = [
        {"id": "1", "prompt": "p", "response": "r", "labels": ["Pass", "PASS"]},
        {"id": "2", "prompt": "q", "response": "r", "labels": ["fail", "pass"]},
    ]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (tmp_path / "checks.yaml").write_text(SPEC, encoding="utf-8")
    assert invoke("run", tmp_path / "checks.yaml", *places(tmp_path)).exit_code == 0
    assert [(row["n"], row["items"]) for row in board_of(tmp_path)["rows"]] == [(1, 2)] * 3


def test_one_label_alone_makes_kappa_undefined(folder, tmp_path):
    rows = [{"id": str(k), "prompt": f"p{k}", "response": "r", "label": "pass"} for k in range(30)]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (tmp_path / "checks.yaml").write_text(SPEC, encoding="utf-8")
    assert invoke("run", tmp_path / "checks.yaml", *places(tmp_path)).exit_code == 0
    metrics = board_of(tmp_path)["rows"][0]["metrics"]
    assert metrics["kappa"]["value"] is None
    assert metrics["kappa"]["reason"].startswith("all reference labels are the same")
    assert metrics["recall-fail"]["reason"] == "no item has this label"
    assert metrics["accuracy"]["value"] is not None


@pytest.mark.slow
def test_grades_of_every_kind_of_strategy_and_evaluator(folder, tmp_path):
    rows = [
        {
            "id": row["id"],
            "prompt": row["prompt"],
            "response": row["response"],
            "label": 1 + 2 * row["labels"].count("pass") // 2,
        }
        for row in make_singles(2, 25)
    ]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    spec = SPEC.replace("[pass-fail]", "[grade-5, rubric-5, prometheus, g-eval]").replace(
        "jury: {of: [good, poor]}", "jury: {of: [good, poor], vote: mean-score}\n    - debate: {model: good}"
    )
    spec = (
        spec[: spec.index("  metrics:")] + "  metrics: [kappa-quadratic, alpha-ordinal, accuracy]\n  resamples: 200\n"
    )
    (tmp_path / "checks.yaml").write_text(spec, encoding="utf-8")
    found = invoke("run", tmp_path / "checks.yaml", *places(tmp_path))
    assert found.exit_code == 0, found.output
    board = board_of(tmp_path)
    assert board["labels"]["values"] == [1, 2, 3, 4, 5]
    assert len(board["rows"]) == 16
    best = board["rows"][0]["metrics"]
    assert best["kappa-quadratic"]["value"] > 0.2
    assert best["alpha-ordinal"]["value"] > 0.2


def test_runs_with_other_labels_are_not_compared(folder, tmp_path):
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    grades = SPEC.replace("{path: data.jsonl}", '{path: data.jsonl, label_values: {fail: "1", pass: "5"}}')
    grades = grades.replace("[pass-fail]", "[grade-5]").replace("recall-pass, recall-fail, ", "")
    (tmp_path / "checks.yaml").write_text(grades, encoding="utf-8")
    assert invoke("run", tmp_path / "checks.yaml", *places(tmp_path)).exit_code == 0
    found = invoke("compare", run_of(folder), run_of(tmp_path))
    assert found.exit_code == 2
    assert "checks has the labels `fail`, `pass`, and checks has the labels `1`, `2`, `3`" in found.output


def test_two_judges_of_single_responses_are_compared(folder, tmp_path):
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (tmp_path / "checks.yaml").write_text(SPEC.replace("skill: 0.95", "skill: 0.5"), encoding="utf-8")
    assert invoke("run", tmp_path / "checks.yaml", *places(tmp_path)).exit_code == 0
    found = invoke("compare", run_of(folder), run_of(tmp_path), "--json")
    assert found.exit_code == 0, found.output
    pairs = json.loads(found.stdout)["comparisons"][0]["datasets"][0]["pairs"]
    flips = {(flip["one"], flip["other"]) for pair in pairs for flip in pair["flips"]}
    assert flips
    assert flips <= {("fail", "pass"), ("pass", "fail")}


def test_a_run_of_single_responses_stops_early(folder, tmp_path):
    rows = make_singles(7, 120)
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    spec = SPEC.replace("skill: 0.55", "skill: 0.1").replace("    - jury: {of: [good, poor]}\n", "")
    (tmp_path / "checks.yaml").write_text(f"{spec}stop: {{when: ranked, looks: 4}}\n", encoding="utf-8")
    found = invoke("run", tmp_path / "checks.yaml", *places(tmp_path))
    assert found.exit_code == 0, found.output
    assert "the best cell is separated from all others" in found.output
    board = board_of(tmp_path)
    assert board["rows"][0]["items"] < 120
    assert board["labels"]["names"] == ["fail", "pass"]


def test_a_cascade_asks_again_where_repeats_of_a_label_disagree(folder, tmp_path):
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    mode = "cascade: {of: [poor, good], escalate: disagreement}\n  repeats: 3"
    (tmp_path / "checks.yaml").write_text(SPEC.replace("jury: {of: [good, poor]}", mode), encoding="utf-8")
    assert invoke("run", tmp_path / "checks.yaml", *places(tmp_path)).exit_code == 0
    values = {row["cell"].split("/")[2]: row["metrics"]["accuracy"]["value"] for row in board_of(tmp_path)["rows"]}
    assert values["judge:poor"] <= values["cascade:poor+good(disagreement)"] <= values["judge:good"]
    margin = mode.replace("disagreement", "margin, threshold: 1")
    (tmp_path / "checks.yaml").write_text(SPEC.replace("jury: {of: [good, poor]}", margin), encoding="utf-8")
    refused = invoke("validate", tmp_path / "checks.yaml")
    assert refused.exit_code == 2
    assert "a margin is the difference of two scores, and a single response has one" in refused.output


def test_batch_files_of_single_responses(folder, tmp_path):
    spec = SPEC.replace(
        "good: {provider: simulated, skill: 0.95}",
        "good: {provider: openai, model: m, base_url: 'http://127.0.0.1:9/v1', api_key_env: null}",
    ).replace("[good, poor]\n    - jury: {of: [good, poor]}", "[good]")
    (tmp_path / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (tmp_path / "checks.yaml").write_text(spec, encoding="utf-8")
    found = invoke("batch", "write", tmp_path / "checks.yaml", "--out", tmp_path / "out", "--cache", tmp_path / "cache")
    assert found.exit_code == 0, found.output
    files = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".jsonl"]
    lines = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 60
    assert "<response-" in lines[0]["body"]["messages"][-1]["content"]


SOFT = """\
schema: 1
responses: single
name: checks
datasets:
  d: {path: data.jsonl}
models:
  good: {provider: simulated, skill: 0.95}
  poor: {provider: simulated, skill: 0.55}
strategies:
  rate:
    ask: single
    user: "Rate from {{ scale_min }} to {{ scale_max }}: {{ prompt }} {{ response }} {{ answer_format }}"
    answer: {kind: score, scale: {min: 1, max: 10}, thresholds: {fail: 1, pass: 6}}
matrix:
  dataset: [d]
  strategy: [pass-fail, rate, pass-fail-logprobs]
  evaluator:
    - judge: [good, poor]
    - jury: {of: [good, poor]}
score:
  metrics: [auc, brier, ece, log-loss, kappa]
  resamples: 200
"""


@pytest.fixture(scope="module")
def soft_folder(folder, tmp_path_factory):
    """A folder with a run whose metrics are of soft verdicts."""
    place = tmp_path_factory.mktemp("soft")
    (place / "data.jsonl").write_bytes((folder / "data.jsonl").read_bytes())
    (place / "checks.yaml").write_text(SOFT, encoding="utf-8")
    found = invoke("run", place / "checks.yaml", *places(place))
    assert found.exit_code == 0, found.output
    return place


def test_scores_and_shares_of_votes_are_held_against_labels(soft_folder):
    board = board_of(soft_folder)
    rows = {row["cell"].removeprefix("d/"): row["metrics"] for row in board["rows"]}
    rated, labelled, voted = rows["rate/judge:good"], rows["pass-fail/judge:good"], rows["pass-fail/jury:good+poor"]
    assert (
        rows["pass-fail-logprobs/judge:good"]["brier"]["high"] < rows["pass-fail-logprobs/judge:poor"]["brier"]["high"]
    )
    assert rated["auc"]["low"] < rated["auc"]["value"] <= 1
    assert "scores and no probabilities" in rated["brier"]["reason"]
    assert "gives labels alone" in labelled["auc"]["reason"]
    assert 0 < voted["brier"]["value"] < voted["brier"]["high"] < 1
    frame = pl.read_parquet(run_of(soft_folder) / "judgments.parquet").filter(cell="d/rate/judge:good")
    items = pl.read_parquet(run_of(soft_folder) / "items.parquet")
    share = items["labels"].list.eval(pl.element() == "pass").list.mean()
    passed = share.to_numpy() > 0.5
    score = frame["score_a"].to_numpy()
    above = (score[passed][:, None] > score[~passed]).mean() + (score[passed][:, None] == score[~passed]).mean() / 2
    assert rated["auc"]["value"] == pytest.approx(above)
    assert board["winners"][0]["metric"] == "auc"
    assert board["winners"][0]["cell"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("leaderboard", "RUN", "--metric", "brier"), ", brier 0.0"),
        (("leaderboard", "RUN", "--by", "category"), "auc"),
        (("compare", "RUN", "RUN", "--metric", "auc"), "by auc"),
    ],
)
def test_verbs_read_soft_figures_of_single_responses(soft_folder, arguments, expected):
    found = invoke(*(run_of(soft_folder) if one == "RUN" else one for one in arguments))
    assert found.exit_code == 0, found.output
    assert expected in found.output
