"""`harness calibrate` on a run of simulated judges with soft, scored, voted and hard verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.spec.schema import check
from support.report_runs import check_page

SPEC = """\
schema: 1
name: soft
seed: 7
datasets:
  pairs: {path: pairs.jsonl}
models:
  good: {provider: simulated, skill: 0.8}
matrix:
  dataset: [pairs]
  strategy: [logprobs, combined-10, direct]
  evaluator:
    - judge: [good]
score: {resamples: 200}
"""


def harness(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 110)))
    (folder / "soft.yaml").write_text(SPEC)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    if not Path("results").exists():
        done = harness("run", "soft.yaml")
        assert done.exit_code == 0, done.output


def cells() -> dict[str, dict[str, object]]:
    found = json.loads(harness("calibrate", "soft", "--json").stdout)
    assert check(Document("", found), "calibrate") == []
    return {cell["cell"]: cell for part in found["datasets"] for cell in part["cells"]}


@pytest.mark.whole
def test_each_cell_is_calibrated_by_what_it_gives():
    found = cells()
    assert {name: cell["source"] for name, cell in found.items()} == {
        "pairs/logprobs/judge:good": "preference",
        "pairs/combined-10/judge:good": "scores",
        "pairs/direct/judge:good": None,
    }
    assert "without a probability" in str(found["pairs/direct/judge:good"]["reason"])
    soft = found["pairs/logprobs/judge:good"]
    assert soft["n"] == 110
    assert sum(one["observed"]["n"] for one in soft["reliability"]) == 110
    assert soft["coverage"][-1]["coverage"] == 1
    assert set(soft["calibrated"]) == {"isotonic", "sigmoid"}
    assert soft["metrics"]["auc"]["value"] > 0.8


@pytest.mark.whole
def test_text_says_what_is_sure_and_one_cell_can_be_chosen():
    text = harness("calibrate", "soft").stdout
    assert "pairs/direct/judge:good: gives verdicts without a probability" in text
    assert "isotonic" in text
    assert "people prefer a" in text
    one = harness("calibrate", "soft", "--cell", "logprobs/judge:good").stdout
    assert "combined-10" not in one
    assert harness("calibrate", "soft", "--cell", "logprob/judge:good").exit_code == 2


def test_labels_of_a_file_replace_those_of_the_run(tmp_path: Path):
    rows = [json.loads(line) for line in Path("pairs.jsonl").read_text().splitlines()][:40]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(json.dumps({"id": row["id"], "label": "a"}) + "\n" for row in rows))
    found = json.loads(harness("calibrate", "soft", "--labels", str(labels), "--json").stdout)
    cell = found["datasets"][0]["cells"][0]
    assert (found["datasets"][0]["labelled"], cell["n"]) == (40, 40)
    assert "fewer than 100" in cell["calibrated_reason"]
    assert cell["metrics"]["auc"]["reason"] == "one of the two labels never occurs"
    few = tmp_path / "few.jsonl"
    few.write_text("".join(json.dumps({"id": row["id"], "label": "a"}) + "\n" for row in rows[:5]))
    found = json.loads(harness("calibrate", "soft", "--labels", str(few), "--json").stdout)
    assert "fewer than 20 labelled items" in found["datasets"][0]["cells"][0]["reason"]


@pytest.mark.whole
def test_drawn_labels_replace_those_of_the_run_and_unequal_probabilities_are_refused(tmp_path: Path):
    drawn = ("label", "next", "soft", "--n", "40", "--dir", str(tmp_path), "--json")
    found = json.loads(harness(*drawn).stdout)
    path, folder = Path(found["files"][0]["file"]), str(Path(found["record"]).parent)
    path.write_text(path.read_text("utf-8").replace(",,", ",1,"), "utf-8")
    found = json.loads(harness("calibrate", "soft", "--labels", folder, "--json").stdout)
    assert found["datasets"][0]["labelled"] == 40
    unequal = tmp_path / "unequal.csv"
    ids = [json.loads(line)["id"] for line in Path("pairs.jsonl").read_text().splitlines()[:40]]
    rows = "".join(f"{name},a,{0.2 if at % 2 else 0.4}\n" for at, name in enumerate(ids))
    unequal.write_text(f"id,label,probability\n{rows}")
    shown = harness("calibrate", "soft", "--labels", str(unequal))
    assert shown.exit_code == 2
    assert "were drawn with unequal probabilities, and a calibration takes all alike; draw uniformly" in shown.output


def test_options_of_a_file_need_the_file():
    done = harness("calibrate", "soft", "--column", "id=x")
    assert (done.exit_code, "need --labels" in done.stderr) == (2, True)


@pytest.mark.whole
def test_shares_of_a_dataset_are_the_labels(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shares = [(0.9, 0.1), (0.3, 0.7), (0.5, 0.5)]
    rows = [row | dict(zip("xy", shares[at % 3], strict=True)) for at, row in enumerate(make_pairs(3, 60))]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = SPEC.replace("pairs.jsonl", "pairs.jsonl, columns: {label: {a: x, b: y}}").replace(
        ", combined-10, direct", ""
    )
    Path("soft.yaml").write_text(spec)
    done = harness("run", "soft.yaml")
    assert done.exit_code == 0, done.output
    assert "the reference verdict of a row is the one with the largest share" in done.output
    found = json.loads(harness("calibrate", "soft", "--json").stdout)["datasets"][0]
    assert (found["labelled"], found["annotators"]) == (60, ["label"])
    soft = found["cells"][0]
    assert soft["metrics"]["human-win-rate"]["value"] == pytest.approx((0.9 + 0.3 + 0.5) / 3)


@pytest.mark.whole
def test_the_reliability_is_written_as_a_page_or_as_the_picture_of_one_cell(tmp_path: Path):
    pytest.importorskip("vl_convert")
    out = tmp_path / "reliability.html"
    done = harness("calibrate", "soft", "--out", str(out))
    assert done.exit_code == 0, done.output
    page = out.read_text("utf-8")
    check_page(page)
    assert page.count("<figure>") == sum(bool(cell["reliability"]) for cell in cells().values()) == 2
    assert "calibration error (ECE)" in page
    picture = tmp_path / "reliability.svg"
    done = harness("calibrate", "soft", "--out", str(picture), "--cell", "logprobs/judge:good")
    assert done.exit_code == 0, done.output
    assert "mean probability of the evaluator" in picture.read_text("utf-8")
    assert "already exists" in harness("calibrate", "soft", "--out", str(out)).output
