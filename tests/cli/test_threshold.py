"""`harness threshold` on runs of simulated judges of single responses."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_singles
from harness.records.document import Document
from harness.spec.schema import check
from support.report_runs import check_page

SPEC = """\
schema: 1
responses: single
name: checks
seed: 3
datasets:
  d: {path: data.jsonl}
models:
  good: {provider: simulated, skill: 0.8}
  broken: {provider: simulated, skill: 0.8, malformed_rate: 0.2}
strategies:
  rate:
    ask: single
    follow_up: null
    user: |
      Rate from {{ scale_min }} to {{ scale_max }}:
      {{ prompt }}
      {{ response }}
      {{ answer_format }}
    answer: {kind: score, scale: {min: 1, max: 10}, thresholds: {fail: 1, pass: 4}}
matrix:
  dataset: [d]
  strategy: [rate, pass-fail, pass-fail-logprobs]
  evaluator:
    - judge: [good, broken]
    - jury: {of: [good, broken]}
score: {metrics: [kappa], resamples: 200}
"""


def harness(*arguments: object):
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threshold")
    rows = make_singles(3, 90)
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "checks.yaml").write_text(SPEC)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    if not Path("results").exists():
        done = harness("run", "checks.yaml")
        assert done.exit_code == 0, done.output


def cells(*options: object) -> dict[str, dict[str, object]]:
    done = harness("threshold", "checks", "--json", *options)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert check(Document("", found), "threshold") == []
    return {cell["cell"].removeprefix("d/"): cell for part in found["datasets"] for cell in part["cells"]}


@pytest.mark.whole
def test_each_cell_has_the_threshold_of_its_scores():
    found = cells()
    rated = found["rate/judge:good"]
    assert rated["source"] == "scores"
    assert rated["auc"]["low"] < rated["auc"]["value"] < 1
    chosen = rated["chosen"]
    assert chosen["answer"] == {"thresholds": {"fail": 1, "pass": chosen["threshold"]}}
    assert chosen["threshold"] > 4
    assert len(chosen["fold_thresholds"]) == 5
    held_out = chosen["held_out"]["balanced-accuracy"]
    assert held_out["low"] < held_out["value"] < held_out["high"]
    assert chosen["optimism"] == pytest.approx(chosen["in_sample"]["balanced-accuracy"] - held_out["value"])
    points = [(one["recall_negative"], one["recall_positive"]) for one in rated["roc"]]
    assert points[0] == (0, 1)
    assert found["rate/judge:broken"]["failed"] > 0
    assert found["pass-fail-logprobs/judge:good"]["chosen"]["answer"]["thresholds"]["fail"] == 0
    assert "votes" in found["pass-fail/jury:good+broken"]["chosen"]["answer_reason"]
    assert "gives labels alone" in found["pass-fail/judge:good"]["reason"]


@pytest.mark.whole
def test_the_threshold_in_the_spec_gives_the_figure_where_it_was_chosen(tmp_path):
    chosen = cells("--aim", "kappa", "--cell", "rate/judge:good")["rate/judge:good"]["chosen"]
    text = SPEC.replace("pass: 4", f"pass: {chosen['threshold']:g}").replace(
        "[rate, pass-fail, pass-fail-logprobs]", "[rate]"
    )
    Path("again.yaml").write_text(text)
    done = harness("run", "again.yaml", "--offline", "--results", tmp_path)
    assert done.exit_code == 0, done.output
    (run,) = (tmp_path / "checks").iterdir()
    rows = json.loads((run / "leaderboard.json").read_text())["rows"]
    kappa = next(row["metrics"]["kappa"]["value"] for row in rows if row["cell"] == "d/rate/judge:good")
    assert kappa == pytest.approx(chosen["in_sample"]["kappa"])


@pytest.mark.whole
def test_a_recall_is_kept_and_the_other_one_is_the_aim():
    chosen = cells("--recall", "pass=0.9", "--cell", "rate/judge:good")["rate/judge:good"]["chosen"]
    assert chosen["in_sample"]["recall-pass"] >= 0.9
    assert next(iter(chosen["in_sample"])) == "recall-fail"
    text = harness("threshold", "checks", "--recall", "pass=0.9", "--folds", "3").output
    assert "chosen for recall-pass ≥ 0.9, then recall-fail" in text
    assert "held out: 3 folds" in text
    assert "in the spec, under `answer` of the strategy `rate`: `thresholds: {fail: 1, pass: " in text
    assert "no threshold: gives labels alone" in text
    assert "of them failed" in text


@pytest.mark.whole
def test_labels_of_a_file_replace_those_of_the_run(tmp_path):
    rows = [json.loads(line) for line in Path("data.jsonl").read_text().splitlines()]
    own = {row["id"]: "pass" if row["labels"].count("pass") > 1 else "fail" for row in rows}
    text = "".join(f"{name},{label}\n" for name, label in own.items())
    (tmp_path / "labels.csv").write_text(f"id,label\n{text}")
    options = ("--cell", "rate/judge:good")
    first, second = (cells(*options, *more)["rate/judge:good"] for more in ((), ("--labels", tmp_path / "labels.csv")))
    assert first["chosen"]["threshold"] == second["chosen"]["threshold"]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"text-001": "pass"}, "one of the two labels never occurs"),
        ({f"text-{at:03}": "pass" if at % 2 else "fail" for at in range(1, 12)}, "fewer than 10 items of a label"),
    ],
)
def test_labels_that_part_nothing_have_a_reason(tmp_path, labels, reason):
    (tmp_path / "labels.csv").write_text("id,label\n" + "".join(f"{name},{one}\n" for name, one in labels.items()))
    found = cells("--labels", tmp_path / "labels.csv", "--cell", "rate/judge:good")["rate/judge:good"]
    assert reason in found["reason"]
    assert found["chosen"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--aim", "kapa"), "there is no metric `kapa` of these labels; did you mean `kappa`?"),
        (("--recall", "good=0.9"), "`good` is no label of this run; it has `fail`, `pass`"),
        (("--recall", "pass"), "write LABEL=SHARE with a share from 0 to 1, such as `pass=0.95`"),
        (("--recall", "pass=nan"), "write LABEL=SHARE"),
        (("--aim", "kappa", "--recall", "pass=0.9"), "give --aim or --recall"),
        (("--cell", "rate/judge:god"), "this run has no cell `rate/judge:god`"),
        (("--folds", "1"), "--folds"),
    ],
)
def test_options_that_name_nothing_are_refused(options, message):
    done = harness("threshold", "checks", *options)
    assert done.exit_code == 2
    assert message in done.output


def test_a_run_without_two_labels_is_refused(tmp_path):
    text = SPEC.replace(", thresholds: {fail: 1, pass: 4}", "").replace(
        "[rate, pass-fail, pass-fail-logprobs]", "[rate]"
    )
    rows = [{"id": f"{at}", "prompt": "p", "response": f"r{at}", "label": f"{1 + at % 9}"} for at in range(20)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "grades.yaml").write_text(text.replace("name: checks", "name: grades"))
    done = harness("run", tmp_path / "grades.yaml", "--results", tmp_path / "results")
    assert done.exit_code == 0, done.output
    refused = harness("threshold", "grades", "--results", tmp_path / "results")
    assert refused.exit_code == 2
    assert "a threshold parts two labels, and this run has 10" in refused.output


def test_a_constant_judge_has_a_reason(tmp_path):
    text = SPEC.replace("[rate, pass-fail, pass-fail-logprobs]", "[rate]").replace("name: checks", "name: constant")
    text = text.replace("[good, broken]", "[good]").replace("    - jury: {of: [good]}\n", "")
    text = text.replace("{provider: simulated, skill: 0.8}", CONSTANT).replace(BROKEN, "")
    rows = Path("data.jsonl").read_text()
    (tmp_path / "data.jsonl").write_text(rows)
    replies = ({"id": json.loads(line)["id"], "reply": "Score: 1"} for line in rows.splitlines())
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(one) + "\n" for one in replies))
    (tmp_path / "constant.yaml").write_text(text)
    done = harness("run", tmp_path / "constant.yaml", "--results", tmp_path / "results")
    assert done.exit_code == 0, done.output
    found = harness("threshold", "constant", "--results", tmp_path / "results")
    assert "no threshold: every item has the same score" in found.output


CONSTANT = "{provider: recorded, path: replies.jsonl, columns: {item: id, text: reply}}"
BROKEN = "  broken: {provider: simulated, skill: 0.8, malformed_rate: 0.2}\n"


@pytest.mark.whole
def test_the_roc_curves_are_written_as_a_page_with_a_table_beside_each(tmp_path):
    pytest.importorskip("vl_convert")
    out = tmp_path / "roc.html"
    done = harness("threshold", "checks", "--out", out)
    assert done.exit_code == 0, done.output
    assert f"ROC curves written to {out}" in done.stderr
    page = out.read_text("utf-8")
    check_page(page)
    assert (
        page.count("<figure>")
        == page.count("The curve as a table")
        == sum(bool(one["roc"]) for one in cells().values())
    )
    assert "ROC curves of checks" in page
    assert "chosen for balanced-accuracy" in page
    assert "already exists; choose another --out" in harness("threshold", "checks", "--out", out).output
    assert harness("threshold", "checks", "--out", out, "--force").exit_code == 0


def test_one_roc_curve_is_written_as_a_picture(tmp_path):
    pytest.importorskip("vl_convert")
    out = tmp_path / "roc.svg"
    done = harness("threshold", "checks", "--out", out, "--cell", "rate/judge:good")
    assert done.exit_code == 0, done.output
    root = ElementTree.fromstring(out.read_text("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width")
    drawn = out.read_text("utf-8")
    assert "var(--" not in drawn
    (cell,) = cells("--cell", "rate/judge:good").values()
    assert f"chosen: {cell['chosen']['threshold']:.6g}" in drawn
    assert "held out" in drawn
    refused = harness("threshold", "checks", "--out", tmp_path / "all.svg")
    assert refused.exit_code == 2
    assert "cells have a curve, and a picture shows one; name one with --cell" in refused.output
    nothing = harness("threshold", "checks", "--out", tmp_path / "no.svg", "--cell", "pass-fail/judge:good")
    assert "no cell has a curve" in nothing.output
    assert {path.name for path in tmp_path.iterdir()} == {"roc.svg"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "roc.png"], "roc.png is neither a page nor a picture; use `.html`, `.svg`"),
        (["--force"], "--force needs --out FILE"),
    ],
)
def test_another_kind_of_file_is_refused_before_anything_is_computed(options, message):
    done = harness("threshold", "checks", *options)
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.whole
def test_drawn_labels_take_the_place_of_those_of_the_run(tmp_path):
    drawn = json.loads(harness("label", "next", "checks", "--n", "60", "--dir", tmp_path, "--json").stdout)
    path = Path(drawn["files"][0]["file"])
    head, *rows = path.read_text("utf-8-sig").splitlines()
    labelled = [row.replace(",,", f",{'pass' if at % 3 else 'fail'},", 1) for at, row in enumerate(rows)]
    path.write_text("\n".join([head, *labelled]), "utf-8")
    found = cells("--labels", path.parent, "--cell", "rate/judge:good")
    assert (found["rate/judge:good"]["positive"], found["rate/judge:good"]["negative"]) == (40, 20)
